import { FileError, observeScopes } from '@sshn/core';
import type { Image, Volume } from '@sshn/data';
import type { LoadedModel, RunningNetwork, Runtime } from '@sshn/model';
import { dispose, keep, reverse, softmax, Tensor, tensor, tidy } from '@tensorflow/tfjs-core';
import { type CleanOptions, cleanLabels } from './clean.js';
import { decodePicture, type Picture, pictureOf } from './picture.js';
import { prepare } from './prepare.js';
import { LabelWriter, type Size3 } from './probabilities.js';
import type { Chosen, SettingChoice } from './setting-choice.js';
import { blendTiles, cut, tileCount, tilingOf } from './tiles.js';
import { TrainedModel } from './trained-model.js';

/** How an image is segmented. */
export interface SegmentOptions extends SettingChoice {
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
    const prepared = prepare(picture, this.manifest.preprocessing, options.resolution);
    const notes = [...prepared.notes];
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
        : { probabilities: prepared.backValues(writer.probabilities, labelNames.length) }),
      labelNames,
      setting,
      notes,
    };
  }

  /**
   * What comes out of every layer with a kernel: its convolution, normalization and activation, in the order in which they run. Of
   * an image in tiles, of the one in the middle; of slices, of the middle one.
   *
   * @throws as `predict`.
   *
   * *Source*: the paper, figure 16.
   */
  async features(
    source: Picture | Image | Blob | Uint8Array,
    setting: SettingChoice = {},
  ): Promise<ReadonlyMap<string, Image>> {
    const { image, window, tile } = prepare(await pictureFrom(source), this.manifest.preprocessing);
    const { at } = this.choose(setting);
    const begin = tile.map((edge, axis) => Math.floor((window.size[axis]! - edge) / 2)) as unknown as Size3;
    const shape = [1, ...this.#spatial(tile), image.channels];
    const layers = new Set(this.layers());
    const kept = new Map<string, Tensor>();
    const input = tensor(cut(image, window.size, begin, tile), shape, 'float32');
    try {
      tidy(() => {
        observeScopes(
          (path, output) => {
            if (layers.has(path) && output instanceof Tensor) kept.set(path, keep(output.clone()));
          },
          () => this.network.apply(this.weightsAt(at), input, at),
        );
      });
      const maps = new Map<string, Image>();
      for (const [path, features] of kept) {
        const values = (await features.data<'float32'>()).slice();
        maps.set(path, { values, size: features.shape.slice(1, -1), channels: features.shape.at(-1)! });
      }
      return maps;
    } finally {
      dispose([input, ...kept.values()]);
    }
  }

  /** Softmax of the logits of one tile, the mean over flips where asked for. */
  async #probabilitiesOf(
    values: Float32Array,
    shape: readonly number[],
    { at }: Chosen,
    flips: boolean,
  ): Promise<Float32Array> {
    const running = await this.runningAt(at);
    const spatial = this.#spatial(shape);
    const sets = flips ? subsets(spatial.map((_, axis) => axis + 1)) : [[]];
    const image = tensor(values, [1, ...spatial, shape.at(-1)!], 'float32');
    try {
      const mean = await flippedProbabilities(running, image, sets[0]!);
      if (!flips) return mean;
      for (const flipped of sets.slice(1)) {
        const more = await flippedProbabilities(running, image, flipped);
        for (let i = 0; i < mean.length; i++) mean[i]! += more[i]!;
      }
      for (let i = 0; i < mean.length; i++) mean[i]! /= sets.length;
      return mean;
    } finally {
      image.dispose();
    }
  }

  /** The axes of a tile that the network sees: raster images have their third of length 1, slices their first. */
  #spatial(shape: readonly number[]): readonly number[] {
    const axes = shape.slice(0, 3);
    if (this.manifest.preprocessing.size.length === 3) return axes;
    return axes.filter((_, axis) => axis !== this.#flatAxis());
  }

  /** The axis of a 2D model's images that has length 1: the first of slices, the last of raster images. */
  #flatAxis(): 0 | 2 {
    return this.manifest.preprocessing.volumes === undefined ? 2 : 0;
  }
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
    // Of a tensor that nobody else has, so they are the caller's.
    return await probabilities.data<'float32'>();
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

/** All subsets of the axes, the empty one first. */
function subsets(axes: readonly number[]): number[][] {
  return Array.from({ length: 2 ** axes.length }, (_, bits) => axes.filter((_, i) => (bits >> i) & 1));
}
