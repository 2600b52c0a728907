import { ValueError } from '@sshn/core';
import { cacheDataset, type Dataset, type Example, moveImage, moveLabels } from '@sshn/data';
import {
  type AffineKind,
  type AffineMatrix,
  type AffineReference,
  affineMatrix,
  affineParameters,
  affineReference,
  alignToReference,
  composeAffine,
  type ImageArray,
  invertAffine,
  type SimilarityName,
} from '@sshn/registration';
import type { RunConfig } from '../config/run-config.js';
import type { AlignEvent } from '../trainer/events.js';

/** What images are aligned to, and by which maps: what is kept of an alignment, by the key of each image. */
export interface AlignmentState {
  /** Absent as long as a mean is being made. */
  readonly reference?: AffineReference;
  /** From voxels of the reference to voxels of each image. */
  readonly matrices: Readonly<Record<string, AffineMatrix>>;
  /** Where the reference is a mean: from voxels of the first training image to voxels of those that it is made of. */
  readonly toFirst: Readonly<Record<string, AffineMatrix>>;
}

/** How the images of a run are aligned. */
export interface AlignOptions {
  /** Ids of the images that may be in the mean: those trained on. */
  readonly train: readonly string[];
  /** A digest of an image, by its id. */
  readonly keyOf: (id: string) => string;
  /** What an earlier call had reached. */
  readonly state?: AlignmentState;
  /** Called after each image that was aligned; its promise is awaited. */
  readonly onAligned?: (state: AlignmentState, event: AlignEvent) => Promise<void>;
  /** Aborting ends after the image under way. */
  readonly signal?: AbortSignal;
}

/** A mean is made of so many images at most. */
const mostInMean = 20;

/** How images are aligned as a configuration says; undefined if they are not. */
export function alignmentOf({
  registration: { align, similarity },
}: RunConfig): { readonly kind: AffineKind; readonly similarity: SimilarityName } | undefined {
  if (align === undefined) return undefined;
  return { kind: align, similarity: similarity === 'mutualInformation' ? similarity : 'globalNcc' };
}

/**
 * Aligns every image of a dataset with the atlas of a configuration or, if it has none, with a mean: training images are
 * aligned with the first of them, averaged in the mean of their poses, and all images aligned with that.
 *
 * @returns undefined if it was aborted.
 * @throws {ValueError} if the atlas has several images, or none.
 */
export async function alignDataset(
  dataset: Dataset,
  config: RunConfig,
  { train, keyOf, state, onAligned, signal }: AlignOptions,
): Promise<AlignmentState | undefined> {
  const how = alignmentOf(config)!;
  const atlas = atlasOf(dataset, config);
  const inMean = atlas === undefined ? train.slice(0, mostInMean) : [];
  const total = inMean.length + dataset.ids.length;
  let done = state ?? { matrices: {}, toFirst: {} };
  const align = async (
    id: string,
    reference: AffineReference,
    list: 'matrices' | 'toFirst',
    isItself: boolean,
  ): Promise<void> => {
    const key = keyOf(id);
    if (key in done[list]) return;
    const matrix = isItself
      ? identity(dataset.size.length)
      : await alignToReference(...arrayOf(await dataset.load(id)), reference, {
          ...how,
          ...(signal === undefined ? {} : { signal }),
        });
    // An aborted search ends early, with what is of no use.
    if (signal?.aborted) return;
    done = { ...done, [list]: { ...done[list], [key]: matrix } };
    const count = Object.keys(done.matrices).length + Object.keys(done.toFirst).length;
    await onAligned?.(done, { kind: 'align', id, done: Math.min(count, total), total });
  };
  if (done.reference === undefined) {
    const first = atlas ?? inMean[0]!;
    const [image, spacingMm] = arrayOf(await dataset.load(first));
    let reference = affineReference(image, spacingMm);
    for (const id of inMean) {
      await align(id, reference, 'toFirst', id === first);
      if (signal?.aborted) return undefined;
    }
    if (atlas === undefined) {
      const maps = inMean.map((id) => ({ id, matrix: done.toFirst[keyOf(id)]! }));
      reference = affineReference(
        { values: await meanImage(dataset, maps, spacingMm), size: image.size },
        spacingMm,
      );
    }
    done = { ...done, reference };
  }
  for (const id of dataset.ids) {
    if (signal?.aborted) return undefined;
    await align(id, done.reference!, 'matrices', id === atlas);
  }
  return signal?.aborted ? undefined : done;
}

/**
 * A dataset whose images lie as their reference does. Each is moved once.
 *
 * @param keep Keeps what was moved. @default in memory
 */
export function alignedDataset(
  dataset: Dataset,
  { reference, matrices }: AlignmentState,
  keyOf: (id: string) => string,
  keep: (moved: Dataset) => Dataset = cacheDataset,
): Dataset {
  return keep({
    ...dataset,
    load: async (id) => {
      const example = await dataset.load(id);
      const matrix = matrices[keyOf(id)];
      if (reference === undefined || matrix === undefined) {
        throw new ValueError({
          where: `${dataset.name}: alignment of '${id}'`,
          got: undefined,
          expected: 'a matrix: every image of the run is aligned before training',
        });
      }
      const { size, spacingMm } = reference;
      return {
        ...example,
        image: moveImage(example.image, matrix, size),
        labels: moveLabels(example.labels, matrix, size),
        ...(example.spacingMm === undefined ? {} : { spacingMm }),
      };
    },
  });
}

/** The id of the atlas's image. */
function atlasOf(dataset: Dataset, { registration: { atlas } }: RunConfig): string | undefined {
  if (atlas === undefined) return undefined;
  const { subjectOf = (id: string) => id } = dataset;
  const ids = dataset.ids.filter((id) => subjectOf(id) === atlas);
  if (ids.length === 1) return ids[0];
  throw new ValueError({
    where: 'registration.atlas',
    got: atlas,
    expected: `a subject with one image, as all are aligned with it; it has ${ids.length}`,
  });
}

/** The mean of the channels, and the edges of the voxels in mm; of pictures in pixels. */
function arrayOf({ image, spacingMm }: Example): [image: ImageArray, spacingMm: readonly number[]] {
  const { values, size, channels } = image;
  const edges = size.length === 3 && spacingMm !== undefined ? spacingMm : size.map(() => 1);
  if (channels === 1) return [{ values, size }, edges];
  const mean = Float32Array.from({ length: values.length / channels }, (_, i) => {
    let sum = 0;
    for (let c = 0; c < channels; c++) sum += values[i * channels + c]!;
    return sum / channels;
  });
  return [{ values: mean, size }, edges];
}

/** The mean of images in the mean of their poses, each normalized to mean 0 and variance 1 before. */
async function meanImage(
  dataset: Dataset,
  maps: ReadonlyArray<{ readonly id: string; readonly matrix: AffineMatrix }>,
  spacingMm: readonly number[],
): Promise<Float32Array> {
  const { size } = dataset;
  const back = invertAffine(
    meanPose(
      maps.map(({ matrix }) => matrix),
      size,
      spacingMm,
    ),
  );
  const sum = new Float32Array(size.reduce((product, n) => product * n, 1));
  for (const { id, matrix } of maps) {
    const [{ values }] = arrayOf(await dataset.load(id));
    const image = { values: standardized(values), size, channels: 1 };
    const moved = moveImage(image, composeAffine(matrix, back), size);
    for (let i = 0; i < sum.length; i++) sum[i]! += moved.values[i]! / maps.length;
  }
  return sum;
}

/** The map of mean rotation, scale, shear and translation about the middle of the grid. */
function meanPose(
  matrices: readonly AffineMatrix[],
  size: readonly number[],
  spacingMm: readonly number[],
): AffineMatrix {
  const rank = size.length as 2 | 3;
  const toMm = size.map((_, axis) => [
    ...size.map((__, other) => (other === axis ? spacingMm[axis]! : 0)),
    (-spacingMm[axis]! * (size[axis]! - 1)) / 2,
  ]);
  const toVoxels = invertAffine(toMm);
  const poses = matrices.map((matrix) =>
    affineParameters(composeAffine(toMm, composeAffine(matrix, toVoxels))),
  );
  const mean = (of: (pose: (typeof poses)[number]) => readonly number[]): number[] =>
    of(poses[0]!).map((_, i) => poses.reduce((sum, pose) => sum + of(pose)[i]!, 0) / poses.length);
  const pose = affineMatrix(rank, {
    translation: mean(({ translation }) => translation),
    rotationRad: mean(({ rotationRad }) => rotationRad),
    scale: mean(({ scale }) => scale.map((factor) => Math.log(Math.abs(factor)))).map(Math.exp),
    shear: mean(({ shear }) => shear),
  });
  return composeAffine(toVoxels, composeAffine(pose, toMm));
}

function standardized(values: ArrayLike<number>): Float32Array {
  let [mean, square] = [0, 0];
  for (let i = 0; i < values.length; i++) mean += values[i]! / values.length;
  for (let i = 0; i < values.length; i++) square += (values[i]! - mean) ** 2 / values.length;
  const deviation = Math.sqrt(square);
  return Float32Array.from(values, (value) => (deviation > 0 ? (value - mean) / deviation : 0));
}

function identity(rank: number): number[][] {
  return Array.from({ length: rank }, (_, axis) =>
    Array.from({ length: rank + 1 }, (__, column) => (axis === column ? 1 : 0)),
  );
}
