import { FileError, ValueError } from '@sshn/core';
import {
  type Image,
  orientationOf,
  orientationOfSlices,
  padOrCrop,
  preprocess,
  reorient,
  resampleImage,
  shapeOn,
  sliceOf,
  type Volume,
} from '@sshn/data';
import type { LoadedModel, RunningNetwork, Runtime } from '@sshn/model';
import { dispose, reverse, softmax, type Tensor, tensor, tidy } from '@tensorflow/tfjs-core';
import { type CleanOptions, cleanLabels } from './clean.js';
import { decodePicture, imageOf, type Picture, pictureOf } from './picture.js';
import { type GridWindow, LabelWriter, type Size3 } from './probabilities.js';
import { blendTiles, cut, tileCount, tilingOf } from './tiles.js';
import { type Chosen, type Setting, TrainedModel } from './trained-model.js';

/** How an image is segmented. */
export interface SegmentOptions extends Setting {
  /** Also returns the probability of every label at every voxel. @default false */
  readonly probabilities?: boolean;
  /** Averages over all flips of the image: 4 predictions in 2D, 8 in 3D. @default false */
  readonly flips?: boolean;
  /** Of the labels, afterwards. @default nothing */
  readonly clean?: CleanOptions;
  /**
   * Of raster images: 'training' stretches the image to the size of training, as training did. 'own' keeps its pixels and
   * predicts in overlapping tiles of the size of training; right where pixels are as large as in training. Volumes of a model
   * that pads are tiled whenever they are larger than it. @default 'training'
   */
  readonly resolution?: 'training' | 'own';
  /** Called after each prediction of a tile or slice. */
  readonly onProgress?: (progress: { readonly done: number; readonly total: number }) => void;
  /** Aborting ends between two predictions; the promise is then rejected with the signal's reason. */
  readonly signal?: AbortSignal;
}

/** A segmented image. */
export interface Segmentation {
  /** Label indices of the model (0 is background), on the grid of the image and in its axis order; raster images are one deep. */
  readonly labels: Volume<Uint8Array>;
  readonly format: Picture['format'];
  /** `[...shape, labels]` in the order of `labels`, if asked for. */
  readonly probabilities?: Float32Array;
  /** Names of the labels, the background first. */
  readonly labelNames: readonly string[];
  readonly setting: Chosen;
  /** What a user should know: where the image is unlike those of training, how it was tiled. */
  readonly notes: readonly string[];
}

/** An image on the way to the network. */
interface Prepared {
  /** What the network sees, tile by tile; on the axes of `GridWindow`. */
  readonly image: Image;
  readonly window: GridWindow;
  /** Of one prediction. */
  readonly tile: Size3;
  /** From the labels on the window's image grid to the picture's own grid. */
  back(labels: Uint8Array): Volume<Uint8Array>;
  backValues(values: Float32Array): Float32Array;
}

/**
 * A trained segmentation network: gives every pixel or voxel of an image its label, on the image's own grid.
 *
 * @example
 * using model = await openModel('runs/cells');   // from '@sshn/predict/node'
 * if (model instanceof Segmenter) {
 *   const { labels, setting } = await model.predict(await readPicture('scan.nii.gz'), { gflops: 0.5 });
 * }
 *
 * *Source*: the paper, section 4.1 (segmentation).
 */
export class Segmenter extends TrainedModel {
  /**
   * @param runtime What runs the network. @default the current backend of tfjs
   * @throws {FileError} if it is a model of another task.
   */
  constructor(loaded: LoadedModel, source = 'model', runtime?: Runtime) {
    super(loaded, runtime);
    if (loaded.manifest.task === 'segmentation') return;
    this.dispose();
    throw new FileError({
      path: source,
      problem: `is a model of ${loaded.manifest.task}, and images are to be segmented`,
      remedy: 'Give a model that was trained with `sshn train DATA`.',
    });
  }

  /**
   * Segments an image: resamples, resizes and normalizes it as in training, predicts, and brings probabilities to the image's
   * own grid before labels are decided.
   *
   * @param source A picture; an `Image`; or a file in any format that @sshn/data reads, as a `File`, `Blob` or bytes.
   * @throws {FileError} if the file cannot be read. @throws {ValueError} if the setting does not fit the model, or a volume
   * comes where raster images are segmented, or the other way round.
   */
  async predict(
    source: Picture | Image | Blob | Uint8Array,
    options: SegmentOptions = {},
  ): Promise<Segmentation> {
    const picture = await pictureFrom(source);
    const setting = this.choose(options);
    const notes: string[] = [];
    const prepared = this.#prepare(picture, options, notes);
    const labelNames = this.manifest.labels.map(({ name }) => name);
    const writer = new LabelWriter(prepared.window, labelNames.length, options.probabilities ?? false);
    const tiling = tilingOf(prepared.window.size, prepared.tile);
    const total = tileCount(tiling);
    if (total > 1 && prepared.tile[0] > 1)
      notes.push(
        `Predicted in ${total} overlapping tiles of ${prepared.tile.filter((n) => n > 1).join('×')}.`,
      );
    let done = 0;
    const { image, window } = prepared;
    await blendTiles(
      tiling,
      labelNames.length,
      async (begin) => {
        await new Promise<void>((resolve) => setTimeout(resolve));
        options.signal?.throwIfAborted();
        const values = await this.#probabilitiesOf(
          cut(image, window.size, begin, prepared.tile),
          [...prepared.tile, image.channels],
          setting,
          options.flips ?? false,
        );
        options.onProgress?.({ done: ++done, total });
        return values;
      },
      (plane) => writer.push(plane),
    );
    const cleaned = cleanLabels(writer.labels, window.image, options.clean ?? {});
    return {
      labels: prepared.back(cleaned),
      format: picture.format,
      ...(writer.probabilities === undefined
        ? {}
        : { probabilities: prepared.backValues(writer.probabilities) }),
      labelNames,
      setting,
      notes,
    };
  }

  /** Softmax of the logits of one tile, the mean over flips where asked for. */
  async #probabilitiesOf(
    values: Float32Array,
    shape: readonly number[],
    { at }: Chosen,
    flips: boolean,
  ): Promise<Float32Array> {
    const running = await this.runningAt(at);
    const rank = this.manifest.preprocessing.size.length;
    // Raster images have their third axis of length 1, slices their first.
    const spatial =
      rank === 3 ? shape.slice(0, 3) : shape.slice(0, 3).filter((_, axis) => axis !== this.#flatAxis());
    const sets = flips ? subsets(spatial.map((_, axis) => axis + 1)) : [[]];
    const image = tensor(values, [1, ...spatial, shape.at(-1)!], 'float32');
    try {
      const sum = await flippedProbabilities(running, image, sets[0]!);
      for (const flipped of sets.slice(1)) {
        for (const [i, value] of (await flippedProbabilities(running, image, flipped)).entries())
          sum[i]! += value;
      }
      return sum.map((value) => value / sets.length);
    } finally {
      image.dispose();
    }
  }

  /** The axis of a 2D model's images that has length 1: the first of slices, the last of raster images. */
  #flatAxis(): 0 | 2 {
    return this.manifest.preprocessing.volumes === undefined ? 2 : 0;
  }

  #prepare(picture: Picture, options: SegmentOptions, notes: string[]): Prepared {
    const { size, volumes } = this.manifest.preprocessing;
    const isVolumeModel = size.length === 3 || volumes !== undefined;
    if (picture.format === 'raster' && !isVolumeModel) return this.#prepareRaster(picture, options, notes);
    if (picture.format === 'volume' && isVolumeModel) return this.#prepareVolume(picture, options, notes);
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

  #prepareRaster(picture: Picture, { resolution = 'training' }: SegmentOptions, notes: string[]): Prepared {
    const { preprocessing } = this.manifest;
    const [height, width] = picture.channels[0].shape.slice(1) as [number, number];
    const [rows, columns] = preprocessing.size as [number, number];
    const isOwn = resolution === 'own';
    const working = isOwn ? [Math.max(height, rows), Math.max(width, columns)] : [rows, columns];
    const raw = imageOf(picture.channels, 2);
    if (!isOwn) notes.push(...this.#unlike(raw));
    const at = isOwn ? { ...raw, ...padded(raw, working) } : raw;
    const image = preprocess(at, { ...preprocessing, size: working }, (problem) =>
      notes.push(collapseNote(problem)),
    );
    const begin = isOwn ? working.map((n, axis) => -Math.trunc((n - [height, width][axis]!) / 2)) : [0, 0];
    const grid = picture.channels[0];
    return {
      image,
      tile: [rows, columns, 1],
      window: {
        size: [working[0]!, working[1]!, 1],
        resampled: isOwn ? [height, width, 1] : [rows, columns, 1],
        begin: [begin[0]!, begin[1]!, 0],
        image: [height, width, 1],
      },
      back: (labels) => ({ ...grid, data: labels }),
      backValues: (values) => values,
    };
  }

  #prepareVolume(picture: Picture, _: SegmentOptions, notes: string[]): Prepared {
    const { preprocessing } = this.manifest;
    const { size, volumes = { fit: 'resize' as const } } = preprocessing;
    const isSliced = size.length === 2;
    const orientation = orientationOfSlices(isSliced ? volumes.slices : undefined);
    const turned = picture.channels.map((channel) => reorient(channel, orientation));
    const { shape, spacingMm } = turned[0]!;
    const edges = volumes.spacingMm as Size3 | undefined;
    const resampled = edges === undefined ? shape : shapeOn({ shape, spacingMm }, { spacingMm: edges });
    const conformed = turned.map((channel) => resampleImage(channel, { shape: resampled }));
    const tile: Size3 = isSliced ? [1, size[0]!, size[1]!] : (size as unknown as Size3);
    const working = ([0, 1, 2] as const).map((axis) => {
      if (isSliced && axis === 0) return resampled[0];
      return volumes.fit === 'resize' ? tile[axis] : Math.max(tile[axis], resampled[axis]);
    }) as unknown as Size3;
    const fitted = conformed.map((channel) =>
      volumes.fit === 'resize'
        ? resampleImage(channel, { shape: working })
        : padOrCrop(channel, working, lowest(channel.data)),
    );
    if (volumes.fit === 'resize' && !isSliced) notes.push(...this.#unlike(imageOf(turned, 3)));
    const image = isSliced
      ? this.#normalizedSlices(fitted, notes)
      : preprocess(imageOf(fitted, 3), { ...preprocessing, size: working }, (problem) =>
          notes.push(collapseNote(problem)),
        );
    const begin = working.map((n, axis) =>
      volumes.fit === 'resize' ? 0 : -Math.trunc((n - resampled[axis]!) / 2),
    );
    const original = orientationOf(picture.channels[0]);
    const back = <Data extends Uint8Array | Float32Array>(data: Data): Data =>
      reorient({ ...turned[0]!, data } as Volume<Data>, original).data;
    return {
      image,
      tile,
      window: {
        size: working,
        resampled: volumes.fit === 'resize' ? working : resampled,
        begin: [begin[0]!, begin[1]!, begin[2]!],
        image: shape,
      },
      back: (labels) => ({ ...picture.channels[0], data: back(labels) }),
      backValues: (values) => {
        const count = this.manifest.labels.length;
        const result = new Float32Array(values.length);
        const one = new Float32Array(values.length / count);
        for (let label = 0; label < count; label++) {
          for (let i = 0; i < one.length; i++) one[i] = values[i * count + label]!;
          for (const [i, value] of back(one).entries()) result[i * count + label] = value;
        }
        return result;
      },
    };
  }

  /** Slices are normalized one by one, as in training. */
  #normalizedSlices(channels: readonly Volume[], notes: string[]): Image {
    const { preprocessing } = this.manifest;
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
  #unlike({ size, channels }: Image): string[] {
    const { preprocessing } = this.manifest;
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
}

/** What is said of an image that intensities of training make one value of. */
function collapseNote(problem: string): string {
  return `The image ${problem}: its labels mean nothing.`;
}

/** Softmax of the logits of an image that is flipped along some axes, flipped back. */
async function flippedProbabilities(
  running: RunningNetwork,
  image: Tensor,
  axes: number[],
): Promise<Float32Array> {
  const turned = (x: Tensor) => (axes.length > 0 ? reverse(x, axes) : x.clone());
  const input = turned(image);
  const owned: Tensor[] = [input];
  try {
    const logits = await running.apply(input);
    owned.push(logits);
    const probabilities = tidy(() => softmax(turned(logits)));
    owned.push(probabilities);
    return (await probabilities.data<'float32'>()).slice();
  } finally {
    dispose(owned);
  }
}

async function pictureFrom(source: Picture | Image | Blob | Uint8Array): Promise<Picture> {
  if (source instanceof Uint8Array) return decodePicture(source, 'image');
  if (source instanceof Blob) {
    const name = 'name' in source ? String(source.name) : 'image';
    return decodePicture(new Uint8Array(await source.arrayBuffer()), name);
  }
  return 'format' in source ? source : pictureOf(source);
}

/** Raster images that are smaller than a tile get a border of their lowest value. */
function padded({ values, size, channels }: Image, to: readonly number[]): Pick<Image, 'values' | 'size'> {
  const [height, width] = size as [number, number];
  const [rows, columns] = to as [number, number];
  if (rows === height && columns === width) return { values, size };
  const result = new Float32Array(rows * columns * channels).fill(lowest(values));
  const [top, left] = [Math.trunc((rows - height) / 2), Math.trunc((columns - width) / 2)];
  for (let row = 0; row < height; row++) {
    result.set(
      values.subarray(row * width * channels, (row + 1) * width * channels),
      ((top + row) * columns + left) * channels,
    );
  }
  return { values: result, size: [rows, columns] };
}

function lowest(values: ArrayLike<number>): number {
  let least = Number.POSITIVE_INFINITY;
  for (let i = 0; i < values.length; i++) least = Math.min(least, values[i]!);
  return least;
}

/** All subsets of the axes, the empty one first. */
function subsets(axes: readonly number[]): number[][] {
  return Array.from({ length: 2 ** axes.length }, (_, bits) => axes.filter((_, i) => (bits >> i) & 1));
}
