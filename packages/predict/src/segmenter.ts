import { FileError, type Setting, ValueError } from '@sshn/core';
import { blendTiles, cutTile, type Image, tileCount, tilingOf, type Volume } from '@sshn/data';
import type {
  AccuracyCostPoint,
  LoadedModel,
  NamedSetting,
  PredictedDice,
  RunningNetwork,
  Runtime,
} from '@sshn/model';
import { dispose, reverse, softmax, type Tensor, tensor, tidy } from '@tensorflow/tfjs-core';
import {
  type CascadeOptions,
  costsOfRungs,
  isCascaded,
  isStepped,
  lastRung,
  pointOfRung,
  rungsOf,
} from './cascade.js';
import { type CleanOptions, cleanLabels } from './clean.js';
import { type Picture, pictureFrom } from './picture.js';
import { type Prepared, prepare, seenAxes } from './prepare.js';
import { LabelWriter } from './probabilities.js';
import { joinParts, partsNote, type Stepped, steppedReason, throughRungs } from './rungs.js';
import { type Chosen, type SettingChoice, settingOf } from './setting-choice.js';
import { TrainedModel } from './trained-model.js';
import { interleaved, UncertaintyWriter } from './uncertainty.js';

/** How an image is segmented. */
export interface SegmentOptions extends SettingChoice, CascadeOptions {
  /** Also returns the probability of every label at every voxel. @default false */
  readonly probabilities?: boolean;
  /** Averages over all flips of the image: 4 predictions in 2D, 8 in 3D; not with `uncertainty` or `cascade`. @default false */
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
  /**
   * With `uncertainty` or `cascade`: the Dice that is expected of these labels, before they are cleaned, by what the model learned from
   * its validation images.
   */
  readonly predictedDice?: PredictedDice;
  /**
   * With `uncertainty`, on the grid of the labels: the share of the mean probability over the settings that were run that the
   * pixel's label does not have, in [0, 1].
   */
  readonly uncertainty?: Volume<Float32Array>;
  /** With `uncertainty` or `cascade`: how many settings were run, of how many the cascade has, and what they took together. */
  readonly spent?: {
    /** Of an image in several tiles or slices: by the one that went furthest. */
    readonly settings: number;
    readonly of: number;
    /** How many tiles or slices each setting of the cascade gave the answer of; of an image in one piece a single 1. */
    readonly answered: readonly number[];
    readonly gflops: number;
    readonly milliseconds: number;
  };
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
   * own grid before labels are decided. With `dice` and a limit of cost it goes through the model's cascade, where it has one: cheap
   * settings first, more where the Dice predicted for this image is too low.
   *
   * @param source A picture; an `Image`; or a file in any format that @sshn/data reads, as a `File`, `Blob` or bytes.
   * @throws {FileError} if the file cannot be read. @throws {ValueError} if the setting does not fit the model, or a volume
   * comes where raster images are segmented, or the other way round.
   */
  async predict(
    source: Picture | Image | Blob | Uint8Array,
    asked: SegmentOptions = {},
  ): Promise<Segmentation> {
    const picture = await pictureFrom(source);
    const options = this.isCascaded(asked) ? { ...asked, cascade: true } : asked;
    const chosen = this.choose(options);
    const prepared = prepare(picture, this.manifest.preprocessing, options.resolution);
    const notes = [...prepared.notes];
    const labelNames = this.manifest.labels.map(({ name }) => name);
    const writer = new LabelWriter(prepared.window, labelNames.length, options.probabilities ?? false);
    const tiles = tileCount(tilingOf(prepared.window.size, prepared.tile));
    if (tiles > 1 && prepared.tile[0] > 1)
      notes.push(
        `Predicted in ${tiles} overlapping tiles of ${prepared.tile.filter((n) => n > 1).join('×')}.`,
      );
    const stepped = isStepped(options) ? await this.#step(prepared, writer, options) : undefined;
    if (stepped === undefined) {
      let done = 0;
      const axes = this.manifest.preprocessing.size.map((_, axis) => axis);
      const flips = options.flips === true ? subsets(axes) : [[]];
      const predictTile = async (tile: Float32Array) => {
        const values = await this.#probabilitiesOf(tile, prepared, { at: chosen.at, flips }, options);
        options.onProgress?.({ done: ++done, total: tiles });
        return values;
      };
      await this.#blend(prepared, labelNames.length, predictTile, (plane) => writer.push(plane));
    } else notes.push(...stepped.notes);
    const cleaned = cleanLabels(writer.labels, prepared.window.image, options.clean ?? {});
    const labels = prepared.back(cleaned);
    return {
      labels,
      format: picture.format,
      ...(writer.probabilities === undefined
        ? {}
        : { probabilities: prepared.backValues(writer.probabilities, labelNames.length) }),
      labelNames,
      setting: stepped?.setting ?? chosen,
      ...(stepped === undefined ? {} : { predictedDice: stepped.predicted, spent: stepped.spent }),
      ...(stepped?.uncertainty === undefined
        ? {}
        : { uncertainty: { ...labels, data: prepared.backValues(stepped.uncertainty, 1) } }),
      notes,
    };
  }

  /** Whether `predict` goes through the model's cascade with these options: as `cascade` says, or by its default. */
  isCascaded(options: SegmentOptions = {}): boolean {
    return isCascaded(this.manifest.cascade === undefined ? [] : this.rungs, options);
  }

  /**
   * As `choose` of every model, one setting for all images; with `uncertainty` or `cascade`, where they are true, the last setting that may be
   * run, and why.
   *
   * @throws as `choose` of every model; {ValueError} if the model was not fitted to tell how sure it is, or the words of a setting are given.
   */
  override choose(choice: SettingChoice & CascadeOptions = {}): Chosen {
    if (!isStepped(choice)) return super.choose(choice);
    const rungs = rungsOf(this.manifest);
    const { rung, reason } = lastRung(this.rungs, choice);
    return { at: this.#atRung(rungs[rung]!, choice), dice: rungs[rung]!.dice, reason };
  }

  /**
   * The settings of the model's cascade: what an answer of each costs with all before it, and its Dice on validation images.
   *
   * @throws {ValueError} if the model was not fitted to tell how sure it is.
   */
  get rungs(): readonly AccuracyCostPoint[] {
    const { points } = this;
    return costsOfRungs(rungsOf(this.manifest), (rung) => {
      const { factor, width = 1, resolution = 1 } = rung;
      const known = pointOfRung(points, rung);
      const place = { factor, width, resolution };
      return known ?? { ...place, dice: rung.dice, gflops: this.gflopsAt(place), milliseconds: null };
    });
  }

  #atRung({ factor, width, resolution }: NamedSetting, { lambda }: SettingChoice): Setting {
    return settingOf(this.manifest, { factor, width, resolution, lambda });
  }

  /** Runs the rungs of the cascade, tile by tile or slice by slice, as far as the options say, and writes the labels. */
  async #step(prepared: Prepared, writer: LabelWriter, options: SegmentOptions) {
    if (options.flips === true) {
      throw new ValueError({
        where: 'predict: flips',
        got: true,
        expected:
          'no flips with uncertainty or cascade: the Dice that they predict is of predictions without',
      });
    }
    const rungs = rungsOf(this.manifest);
    const { rung: last } = lastRung(this.rungs, options);
    const labels = this.manifest.labels.length;
    const asked = options.cascade === true ? options.dice : undefined;
    const { tile, window } = prepared;
    const tiles = tileCount(tilingOf(window.size, tile));
    const isMean = this.manifest.cascade?.answer === 'mean';
    const way = { last, asked, labels, isMean, isPart: tiles > 1 };
    const began = performance.now();
    const parts: Array<Pick<Stepped, 'rung' | 'predicted' | 'sums'>> = [];
    const unsure = options.uncertainty === true ? new UncertaintyWriter(window, labels) : undefined;
    const predictTile = async (values: Float32Array) => {
      const report = (runs: number) => {
        const done = parts.length * (last + 1) + runs;
        options.onProgress?.({ done, total: tiles * (last + 1) });
      };
      const { probabilities, mean, ...part } = await throughRungs(rungs, way, async (rung) => {
        if (rung > 0) report(rung);
        const pass = { at: this.#atRung(rungs[rung]!, options), flips: [rungs[rung]!.flipped ?? []] };
        return this.#probabilitiesOf(values, prepared, pass, options);
      });
      report(last + 1);
      parts.push(part);
      return unsure === undefined ? probabilities : interleaved(probabilities, mean, labels);
    };
    await this.#blend(prepared, unsure === undefined ? labels : 2 * labels, predictTile, (plane) => {
      writer.push(unsure === undefined ? plane : unsure.push(plane));
    });
    const joined = joinParts(parts, { of: rungs.length, asked });
    const costs = rungs.map((one) => this.gflopsAt(one));
    const gflops = parts.reduce((sum, { rung }) => sum + total(costs.slice(0, rung + 1)), 0);
    const furthest = Math.max(...parts.map(({ rung }) => rung));
    const { predicted, answered } = joined;
    const noun =
      tile[0] === 1 && tile[1] === window.size[1] && tile[2] === window.size[2] ? 'slices' : 'tiles';
    return {
      predicted,
      uncertainty: unsure?.values,
      notes: tiles > 1 && asked !== undefined ? [partsNote(joined, noun, gflops)] : [],
      setting: {
        at: this.#atRung(rungs[furthest]!, options),
        reason: steppedReason(rungs, joined, options, last),
        ...(predicted.mean === null ? {} : { dice: predicted.mean }),
      },
      spent: {
        settings: furthest + 1,
        of: rungs.length,
        answered,
        gflops,
        milliseconds: performance.now() - began,
      },
    };
  }

  /** What is predicted of the tiles of a prepared image, so many numbers per voxel, blended, plane by plane. */
  async #blend(
    { image: { values, channels }, window: { size }, tile }: Prepared,
    count: number,
    predictTile: (tile: Float32Array) => Promise<Float32Array>,
    onPlane: (plane: Float32Array) => void,
  ): Promise<void> {
    await blendTiles(
      tilingOf(size, tile),
      count,
      (begin) => predictTile(cutTile(values, { size, channels, begin, tile })),
      onPlane,
    );
  }

  /** Softmax of the logits of one tile, the mean over flips. */
  async #probabilitiesOf(
    values: Float32Array,
    { tile, image: { channels } }: Prepared,
    { at, flips }: { readonly at: Setting; readonly flips: Flips },
    { signal }: SegmentOptions,
  ): Promise<Float32Array> {
    await new Promise<void>((resolve) => setTimeout(resolve));
    signal?.throwIfAborted();
    const running = await this.runningAt(at);
    const image = tensor(values, [1, ...seenAxes(tile, this.manifest), channels], 'float32');
    try {
      const mean = await flippedProbabilities(running, image, flips[0]!);
      if (flips.length === 1) return mean;
      for (const flipped of flips.slice(1)) {
        const more = await flippedProbabilities(running, image, flipped);
        for (let i = 0; i < mean.length; i++) mean[i]! += more[i]!;
      }
      for (let i = 0; i < mean.length; i++) mean[i]! /= flips.length;
      return mean;
    } finally {
      image.dispose();
    }
  }
}

/** Ways to flip an image: the spatial axes of each, the first is 0. */
type Flips = ReadonlyArray<readonly number[]>;

/** Softmax of the logits of an image that is flipped along some spatial axes, flipped back. */
async function flippedProbabilities(
  running: RunningNetwork,
  image: Tensor,
  flipped: Flips[number],
): Promise<Float32Array> {
  const axes = flipped.map((axis) => axis + 1);
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

/** All subsets of the axes, the empty one first. */
function subsets(axes: readonly number[]): Flips {
  return Array.from({ length: 2 ** axes.length }, (_, bits) => axes.filter((_, i) => (bits >> i) & 1));
}

const total = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0);
