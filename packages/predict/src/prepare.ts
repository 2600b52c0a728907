import { ValueError } from '@sshn/core';
import {
  type Image,
  orientationOf,
  orientationOfSlices,
  padImage,
  padOrCrop,
  preprocess,
  reorient,
  resampleImage,
  type Size3,
  shapeOn,
  size3Of,
  sliceOf,
  type Volume,
} from '@sshn/data';
import { inputSize, type Manifest } from '@sshn/model';
import { imageOf, type Picture } from './picture.js';
import type { GridWindow } from './probabilities.js';

type Preprocessing = Manifest['preprocessing'];

/** An image on the way to the network, and the way back. */
export interface Prepared {
  /** What the network sees, tile by tile; on the axes of `GridWindow`. */
  readonly image: Image;
  readonly window: GridWindow;
  /** Of one prediction. */
  readonly tile: Size3;
  /** What a user should know: where the image is unlike those of training. */
  readonly notes: readonly string[];
  /** From the labels on the window's image grid to the picture's own grid. */
  back(labels: Uint8Array): Volume<Uint8Array>;
  /** The same of probabilities, so many for each voxel. */
  backValues(values: Float32Array, count: number): Float32Array;
}

/**
 * Brings a picture to where the network sees it, as training did: orientation, spacing, size, intensity.
 *
 * @param resolution Of raster images: 'own' keeps their pixels; see `SegmentOptions`.
 * @throws {ValueError} if a volume comes where raster images are segmented, or the other way round.
 */
export function prepare(
  picture: Picture,
  preprocessing: Preprocessing,
  resolution: 'training' | 'own' = 'training',
): Prepared {
  const { size, volumes } = preprocessing;
  const isVolumeModel = size.length === 3 || volumes !== undefined;
  if (picture.format === 'raster' && !isVolumeModel) return prepareRaster(picture, preprocessing, resolution);
  if (picture.format === 'volume' && isVolumeModel) return prepareVolume(picture, preprocessing);
  throw new ValueError({
    where: picture.path,
    got: picture.format === 'volume' ? 'a volume' : 'a raster image',
    expected: isVolumeModel
      ? 'a volume (NIfTI or a DICOM series), as the model was trained on'
      : 'a raster image, as the model was trained on',
    hint:
      picture.format === 'volume'
        ? 'Models of slices say which slices they take since version 0.1; train again with --slices.'
        : 'Save the slices as a volume.',
  });
}

/** The axes of a tile, with or without what follows them, that the network sees: raster images have their third of length 1, slices their first. */
export function seenAxes(
  shape: readonly number[],
  { preprocessing: { size, volumes } }: Pick<Manifest, 'preprocessing'>,
): readonly number[] {
  const axes = shape.slice(0, 3);
  if (size.length === 3) return axes;
  return axes.toSpliced(volumes === undefined ? 2 : 0, 1);
}

function prepareRaster(
  picture: Picture,
  preprocessing: Preprocessing,
  resolution: 'training' | 'own',
): Prepared {
  const [height, width] = picture.channels[0].shape.slice(1) as [number, number];
  const [rows, columns] = preprocessing.size as [number, number];
  const tile = size3Of(inputSize({ preprocessing }));
  const isOwn = resolution === 'own';
  const working = isOwn ? [Math.max(height, tile[0]), Math.max(width, tile[1])] : [rows, columns];
  const raw = imageOf(picture.channels, 2);
  const notes = isOwn ? [] : unlike(raw, preprocessing);
  const at = isOwn ? padImage(raw, working) : raw;
  const image = preprocess(at, { ...preprocessing, size: working }, (problem) =>
    notes.push(collapseNote(problem)),
  );
  const begin = isOwn ? working.map((n, axis) => -Math.trunc((n - [height, width][axis]!) / 2)) : [0, 0];
  const grid = picture.channels[0];
  const window: GridWindow = {
    size: [working[0]!, working[1]!, 1],
    resampled: isOwn ? [height, width, 1] : [rows, columns, 1],
    begin: [begin[0]!, begin[1]!, 0],
    image: [height, width, 1],
  };
  return {
    ...padToTile(image, window, tile),
    notes,
    tile,
    back: (labels) => ({ ...grid, data: labels }),
    backValues: (values) => values,
  };
}

function prepareVolume(picture: Picture, preprocessing: Preprocessing): Prepared {
  const { size, volumes = { fit: 'resize' as const } } = preprocessing;
  const isSliced = size.length === 2;
  const orientation = orientationOfSlices(isSliced ? volumes.slices : undefined);
  const turned = picture.channels.map((channel) => reorient(channel, orientation));
  const { shape, spacingMm } = turned[0]!;
  const edges = volumes.spacingMm as Size3 | undefined;
  const resampled = edges === undefined ? shape : shapeOn({ shape, spacingMm }, { spacingMm: edges });
  const conformed = turned.map((channel) => resampleImage(channel, { shape: resampled }));
  const [trained, tile] = [size, inputSize({ preprocessing })].map(
    (edges) => (isSliced ? [1, ...edges] : edges) as unknown as Size3,
  ) as [Size3, Size3];
  const working = ([0, 1, 2] as const).map((axis) => {
    if (isSliced && axis === 0) return resampled[0];
    return volumes.fit === 'resize' ? trained[axis] : Math.max(trained[axis], resampled[axis]);
  }) as unknown as Size3;
  const fitted = conformed.map((channel) =>
    volumes.fit === 'resize'
      ? resampleImage(channel, { shape: working })
      : padOrCrop(channel, working, lowest(channel.data)),
  );
  const notes = volumes.fit === 'resize' && !isSliced ? unlike(imageOf(turned, 3), preprocessing) : [];
  const image = isSliced
    ? normalizedSlices(fitted, preprocessing, notes)
    : preprocess(imageOf(fitted, 3), { ...preprocessing, size: working }, (problem) =>
        notes.push(collapseNote(problem)),
      );
  const begin = working.map((n, axis) =>
    volumes.fit === 'resize' ? 0 : -Math.trunc((n - resampled[axis]!) / 2),
  );
  const original = orientationOf(picture.channels[0]);
  const back = <Data extends Uint8Array | Float32Array>(data: Data): Data =>
    reorient({ ...turned[0]!, data } as Volume<Data>, original).data;
  const window: GridWindow = {
    size: working,
    resampled: volumes.fit === 'resize' ? working : resampled,
    begin: [begin[0]!, begin[1]!, begin[2]!],
    image: shape,
  };
  return {
    ...padToTile(image, window, tile),
    notes,
    tile,
    back: (labels) => ({ ...picture.channels[0], data: back(labels) }),
    backValues: (values, count) => {
      const result = new Float32Array(values.length);
      const one = new Float32Array(values.length / count);
      for (let label = 0; label < count; label++) {
        for (let i = 0; i < one.length; i++) one[i] = values[i * count + label]!;
        const turnedBack = back(one);
        for (let i = 0; i < turnedBack.length; i++) result[i * count + label] = turnedBack[i]!;
      }
      return result;
    },
  };
}

/** Slices are normalized one by one, as in training. */
function normalizedSlices(channels: readonly Volume[], preprocessing: Preprocessing, notes: string[]): Image {
  const [depth, ...size] = channels[0]!.shape;
  const collapsed: string[] = [];
  const slices = Array.from({ length: depth }, (_, index) =>
    preprocess(
      imageOf(
        channels.map((channel) => sliceOf(channel, index)),
        2,
      ),
      { ...preprocessing, size },
      (problem) => collapsed.push(problem),
    ),
  );
  if (collapsed.length > 0) {
    const some = collapsed.length === 1 ? 'A slice' : `Each of ${collapsed.length} slices`;
    notes.push(`${some} ${collapsed[0]!}: its labels mean nothing.`);
  }
  const length = slices[0]!.values.length;
  const values = new Float32Array(depth * length);
  for (const [i, slice] of slices.entries()) values.set(slice.values, i * length);
  return { values, size: [depth, ...size], channels: slices[0]!.channels };
}

/** In words, where an image is unlike those that the model was trained on. */
function unlike({ size, channels }: Image, preprocessing: Preprocessing): string[] {
  const scales = size.map((n, axis) => n / preprocessing.size[axis]!);
  const [least, most] = [Math.min(...scales), Math.max(...scales)];
  const text = (sizes: readonly number[]) => sizes.join('×');
  return [
    ...(most > 4 || least < 1 / 4
      ? [
          `The image of ${text(size)} is resized to ${text(preprocessing.size)}, which the model was trained on: details may be lost.`,
        ]
      : []),
    ...(most / least > 1.5
      ? [`The image of ${text(size)} is stretched to ${text(preprocessing.size)}.`]
      : []),
    ...(channels === preprocessing.channels
      ? []
      : [
          `The image has ${channels === 1 ? 'one channel' : `${channels} channels`}, the model was trained on ${preprocessing.channels}.`,
        ]),
  ];
}

/** What is said of an image that intensities of training make one value of. */
function collapseNote(problem: string): string {
  return `The image ${problem}: its labels mean nothing.`;
}

/** As training pads images that are smaller than a patch. */
function padToTile(image: Image, window: GridWindow, tile: Size3): Pick<Prepared, 'image' | 'window'> {
  const padded = padImage(image, tile);
  const size = size3Of(padded.size);
  const begin = window.begin.map((at, axis) => at - Math.trunc((size[axis]! - window.size[axis]!) / 2));
  return { image: padded, window: { ...window, size, begin: begin as unknown as Size3 } };
}

function lowest(values: ArrayLike<number>): number {
  let least = Number.POSITIVE_INFINITY;
  for (let i = 0; i < values.length; i++) least = Math.min(least, values[i]!);
  return least;
}
