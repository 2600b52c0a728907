/**
 * Warping and its two gradients from ordinary tfjs ops, for backends that bring no kernel of ours: rows of the flattened
 * image are picked by index, and the gradient to the image adds them up by index.
 */
import {
  add,
  cast,
  gather,
  mul,
  range,
  reshape,
  scalar,
  scatterND,
  stack,
  sum,
  type Tensor,
  tidy,
  zerosLike,
} from '@tensorflow/tfjs-core';
import { type Neighbor, planAxis } from './axis-plan.js';
import type { FullSampling } from './sampling.js';

/** image `[batch, ...size, channels]`, field `[batch, ...spatial, rank]` → `[batch, ...spatial, channels]`. */
export function sample(image: Tensor, field: Tensor, sampling: FullSampling): Tensor {
  return tidy(() => {
    const rows = rowsOf(image);
    // Labels stay integers.
    const values = sumOver(corners(field, image.shape, sampling), (corner) =>
      mul(gather(rows, corner.ids()), cast(corner.weight(), image.dtype)),
    );
    return reshape(values, [...field.shape.slice(0, -1), image.shape.at(-1)!]);
  });
}

/** The gradient to the image, `[batch, ...inputSize, channels]`. */
export function sampleGradImage(
  dy: Tensor,
  field: Tensor,
  { inputSize, ...sampling }: FullSampling & { readonly inputSize: readonly number[] },
): Tensor {
  return tidy(() => {
    const shape = [dy.shape[0]!, ...inputSize, dy.shape.at(-1)!];
    const rows = rowsOf(dy);
    const count = shape.slice(0, -1).reduce((product, n) => product * n, 1);
    const sums = sumOver(corners(field, shape, sampling), (corner) =>
      scatterND(reshape(corner.ids(), [-1, 1]), mul(rows, corner.weight()), [count, shape.at(-1)!]),
    );
    return reshape(sums, shape);
  });
}

/** The gradient to the field, of the field's shape; 0 where the nearest voxel is taken. */
export function sampleGradField(dy: Tensor, image: Tensor, field: Tensor, sampling: FullSampling): Tensor {
  if (sampling.interpolation === 'nearest') return zerosLike(field);
  return tidy(() => {
    const [rows, upstream] = [rowsOf(image), rowsOf(dy)];
    const sums = sumOver(corners(field, image.shape, sampling), (corner) =>
      mul(sum(mul(gather(rows, corner.ids()), upstream), -1, true), corner.slopes()),
    );
    return reshape(sums, field.shape);
  });
}

/** A voxel that each place reads; of the places of all images, one after the other. */
interface Corner {
  /** The voxel's row in the flattened image, int32 `[places]`. */
  ids(): Tensor;
  /** `[places, 1]`. */
  weight(): Tensor;
  /** Derivatives of the weight by the displacement along each axis, `[places, rank]`. */
  slopes(): Tensor;
}

function corners(field: Tensor, shape: readonly number[], sampling: FullSampling): Corner[] {
  const [batch, ...size] = shape.slice(0, -1) as [number, ...number[]];
  const plans = size.map((length, axis) => planAxis(field, axis, { ...sampling, size: length }));
  const images: Tensor = reshape(range(0, batch, 1, 'int32'), [batch, ...size.map(() => 1)]);
  return choices(plans).map((chosen) => ({
    ids: () =>
      reshape(
        chosen.reduce((id, { index }, axis) => add(mul(id, scalar(size[axis]!, 'int32')), index), images),
        [-1],
      ),
    weight: () => reshape(productOf(chosen.map(({ weight }) => weight)), [-1, 1]),
    slopes: () =>
      rowsOf(
        stack(
          chosen.map((_, axis) => slopeAlong(chosen, axis)),
          -1,
        ),
      ),
  }));
}

function slopeAlong(chosen: readonly Neighbor[], axis: number): Tensor {
  return productOf(chosen.map(({ weight, slope }, other) => (other === axis ? slope : weight)));
}

/** All ways to take one entry of each list. */
function choices<Item>(lists: readonly Item[][]): Item[][] {
  return lists.reduce<Item[][]>(
    (begun, list) => begun.flatMap((items) => list.map((item) => [...items, item])),
    [[]],
  );
}

/** Keeps one sum alive, not all its terms. */
function sumOver<Item>(items: readonly Item[], term: (item: Item) => Tensor): Tensor {
  return items.slice(1).reduce(
    (total, item) => {
      const next = tidy(() => add(total, term(item)));
      total.dispose();
      return next;
    },
    tidy(() => term(items[0]!)),
  );
}

const rowsOf = (x: Tensor): Tensor => reshape(x, [-1, x.shape.at(-1)!]);
const productOf = (factors: readonly Tensor[]): Tensor =>
  factors.reduce((product, factor) => mul(product, factor));
