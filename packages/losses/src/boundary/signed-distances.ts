import { requireIntegers } from '@sshn/core';
import {
  add,
  argMax,
  concat,
  expandDims,
  greater,
  less,
  max,
  min,
  mul,
  reshape,
  split,
  sqrt,
  sub,
  type Tensor,
  type Tensor2D,
  type Tensor3D,
  tensor,
  transpose,
} from '@tensorflow/tfjs-core';
import { checkGrid, type Grid, requireVoxels, squaredDistances } from '../distance-transform.js';
import { asFloat, labelCount, oneHotLabels } from '../input/labels.js';

/**
 * Signed distance maps of the labels of one case: for each voxel and label, the distance to the nearest voxel of that
 * label outside of it (> 0), minus the distance to the nearest voxel of another label within (< 0).
 *
 * A label that is absent, or that fills the whole case, has no boundary: its map is 0.
 *
 * @param labels One true label per voxel, the last axis the fastest. Numbers that are no label belong to none.
 * @param options.labels How many labels there are, the background included.
 * @returns `[...shape, labels]` in mm (in voxels without a spacing), ready for `boundaryLossOfMaps`.
 * @throws {ValueError} if sizes, spacing and labels do not fit together.
 * @example
 * signedDistances([0, 1, 1, 0], { shape: [1, 4], labels: 2 });   // label 1: 1, −1, −1, 1
 *
 * *Source*: Kervadec et al., "Boundary loss for highly unbalanced segmentation" (2019), section 2. Their code has −(d − 1)
 * within, which depends on the unit; here both sides are measured alike.
 */
export function signedDistances(
  labels: ArrayLike<number>,
  { labels: count, ...grid }: Grid & { readonly labels: number },
): Float32Array {
  requireIntegers('signedDistances', { labels: count });
  const voxels = checkGrid('signedDistances', grid);
  requireVoxels('signedDistances', labels, grid, voxels);
  const maps = new Float32Array(voxels * count);
  for (let label = 0; label < count; label++) {
    const inside = Uint8Array.from({ length: voxels }, (_, i) => (labels[i] === label ? 1 : 0));
    const size = inside.reduce((sum, is) => sum + is, 0);
    if (size === 0 || size === voxels) continue;
    const toLabel = squaredDistances(inside, grid);
    const toOthers = squaredDistances(
      inside.map((is) => 1 - is),
      grid,
    );
    // One of the two is 0 at each voxel.
    for (let i = 0; i < voxels; i++) {
      maps[i * count + label] = Math.sqrt(toLabel[i]!) - Math.sqrt(toOthers[i]!);
    }
  }
  return maps;
}

/** Entries of the largest tensor that is made on the way: 16 MiB. */
const entriesAtOnce = 2 ** 22;

/** 1 at the likeliest label of each pixel, 0 elsewhere and where the pixel is ignored; of the truth's shape. */
export function likeliest(truth: Tensor, mask: Tensor | undefined): Tensor {
  const rows = reshape(truth, [-1, labelCount(truth)]);
  const hard = reshape(oneHotLabels(rows, argMax(rows, 1)), truth.shape);
  return mask === undefined ? hard : mul(hard, asFloat(greater(mask, 0)));
}

/**
 * `signedDistances` from tfjs ops alone: nothing is read back. Each axis takes time in proportion to its length at every
 * voxel.
 *
 * @param inside float32 `[batch, ...spatial, labels]`: 1 where a voxel is of the label, else 0.
 * @returns maps of the same shape.
 */
export function signedDistancesOnDevice(inside: Tensor, spacingMm?: readonly number[]): Tensor {
  const labels = labelCount(inside);
  const [batch = 1, ...size] = inside.shape.slice(0, -1);
  const spacing = spacingMm ?? size.map(() => 1);
  const voxels = size.reduce((product, n) => product * n, 1);
  const held: Tensor2D = reshape(transpose(reshape(inside, [batch, voxels, labels]), [0, 2, 1]), [
    -1,
    voxels,
  ]);
  // Farther than anything in the image: no voxel of the kind is there.
  const far = 4 * size.reduce((sum, n, axis) => sum + (n * spacing[axis]!) ** 2, 1);
  const costs = mul(concat([sub(1, held) as Tensor2D, held], 0), far) as Tensor2D;
  const squares = squaredDistancesOnDevice(costs, size, spacing);
  const [toLabel, toOthers] = split(squares, 2, 0);
  const hasBoundary = mul(asFloat(greater(max(held, 1, true), 0)), asFloat(less(min(held, 1, true), 1)));
  const maps = mul(sub(sqrt(toLabel!), sqrt(toOthers!)), hasBoundary);
  return reshape(transpose(reshape(maps, [batch, labels, voxels]), [0, 2, 1]), inside.shape);
}

/** Squared distances to the nearest voxel that costs nothing: `[rows, voxels]` of costs, 0 or far, in and out. */
function squaredDistancesOnDevice(
  costs: Tensor2D,
  size: readonly number[],
  spacing: readonly number[],
): Tensor2D {
  const [rows, voxels] = costs.shape;
  return size.reduceRight<Tensor2D>((all, length, axis) => {
    const lines: Tensor3D = reshape(all, [rows, voxels / length, length]);
    // The axis that is done becomes the first, and the one before it the last.
    return reshape(transpose(alongAxis(lines, spacing[axis]!), [0, 2, 1]), [rows, voxels]);
  }, costs);
}

/** `min_j (x_j + s² (i − j)²)` at each place i of the last axis, for some places at a time. */
function alongAxis(x: Tensor3D, step: number): Tensor3D {
  const length = x.shape[2];
  const atOnce = Math.max(1, Math.floor(entriesAtOnce / x.size));
  const source = expandDims(x, 2);
  const parts: Tensor[] = [];
  for (let first = 0; first < length; first += atOnce) {
    const count = Math.min(atOnce, length - first);
    const ways = Float32Array.from({ length: count * length }, (_, i) => {
      const from = i % length;
      return (step * (first + (i - from) / length - from)) ** 2;
    });
    parts.push(min(add(source, tensor(ways, [1, 1, count, length])), 3));
  }
  return concat(parts as Tensor3D[], 2);
}
