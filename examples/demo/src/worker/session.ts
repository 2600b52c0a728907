import { type Setting, ValueError } from '@sshn/core';
import { type Image, type LabelMap, preprocess, resizeLabels } from '@sshn/data';
import { diceScore, predictLabels } from '@sshn/losses';
import { type AccuracyCostPoint, loadModel, type NamedSetting, namedSetting, saveModel } from '@sshn/model';
import { type Picture, pictureOf, Segmenter, type SettingChoice } from '@sshn/predict';
import { type Tensor, tensor, tidy } from '@tensorflow/tfjs-core';
import { outsideOf, type Usual, usualOf } from './outside.js';
import type { ModelSummary, Resolution, Segmentation, SegmentedFrame, StreamFrame } from './protocol.js';
import { summaryOf } from './summary.js';

/** Weights that are had sooner were kept from before: predicting them takes longer on any device. */
const keptWithin = 0.1;

/** An image to look at. */
export interface Looked {
  readonly image: Image;
  readonly truth: Uint8Array | undefined;
  /** Whether it is a person's own: segmented on its own grid. */
  readonly isOwn: boolean;
}

/** How a prediction is made, besides its setting. */
interface Wishes {
  readonly resolution: Resolution;
  readonly onProgress: (share: number) => void;
  readonly signal: AbortSignal;
}

/** The open model with its weights on the current backend, and the image that it looks at. */
export class Session {
  readonly summary: ModelSummary;
  private readonly model: Segmenter;
  private usual: Promise<Usual | undefined> | undefined;
  private shown: Looked | undefined;
  private input: Tensor | undefined;
  private outside: readonly string[] | undefined;

  /**
   * @param rank Of the images: 2, or 3 for volumes.
   * @throws {FileError} if the bytes are no model that segments; {ValueError} if it is none for such images.
   */
  constructor(
    readonly bytes: Uint8Array,
    readonly name: string,
    readonly rank: 2 | 3,
  ) {
    this.model = new Segmenter(loadModel(bytes, name), name);
    const { manifest } = this.model;
    if (manifest.preprocessing.size.length !== rank) {
      this.model.dispose();
      throw new ValueError({
        where: name,
        got: `segmentation of ${manifest.preprocessing.size.length}D images`,
        expected: `a model that segments ${rank}D images`,
      });
    }
    this.summary = summaryOf(manifest, name, bytes.length);
  }

  /** Looks at an image from now on. */
  show(looked: Looked): void {
    const { size, channels, values } = preprocess(looked.image, this.model.manifest.preprocessing);
    this.input?.dispose();
    this.input = tensor(values, [1, ...size, channels]);
    this.shown = looked;
    this.outside = undefined;
  }

  /** Predicts the weights for a setting and segments the image with them. */
  async segment(at: NamedSetting, wishes: Wishes): Promise<Segmentation> {
    const { shown } = this;
    if (shown === undefined) throw new ValueError({ where: 'segment', got: 'no image', expected: 'one' });
    const began = performance.now();
    this.model.weightsAt(this.settingAt(at));
    const specializedAt = performance.now();
    const { values, size } = await (shown.isOwn ? this.onOwnGrid(shown.image, at, wishes) : this.asSeen(at));
    const ended = performance.now();
    this.outside ??= await this.outsideOf(shown.image);
    const specializing = specializedAt - began;
    return {
      at,
      size,
      labels: values,
      gflops: this.model.gflopsAt(at),
      specializeMilliseconds: specializing < keptWithin ? undefined : specializing,
      segmentMilliseconds: ended - specializedAt,
      dice: this.diceOf(values, shown.truth),
      outside: this.outside,
      unsure: undefined,
    };
  }

  /** Segments the image with all settings of the model's cascade, and tells how sure the answer of the last is. */
  async segmentUnsure({ resolution, onProgress, signal }: Wishes): Promise<Segmentation> {
    const { shown } = this;
    if (shown === undefined) throw new ValueError({ where: 'segment', got: 'no image', expected: 'one' });
    const { labels, setting, spent, uncertainty, predictedDice } = await this.model.predict(
      pictureOf(shown.image, this.name),
      {
        uncertainty: true,
        resolution: shown.isOwn ? resolution : 'training',
        onProgress: ({ done, total }) => onProgress(done / total),
        signal,
      },
    );
    this.outside ??= await this.outsideOf(shown.image);
    return {
      at: namedSetting(setting.at),
      size: labels.shape.slice(3 - this.rank),
      labels: labels.data,
      gflops: spent!.gflops,
      specializeMilliseconds: undefined,
      segmentMilliseconds: spent!.milliseconds,
      dice: this.diceOf(labels.data, shown.truth),
      outside: this.outside,
      unsure: {
        uncertainty: uncertainty!.data,
        dice: predictedDice!.mean,
        error: predictedDice!.error,
      },
    };
  }

  /** The labels of an image of any size, on its own grid. */
  async onOwnGrid(
    image: Image,
    at: NamedSetting,
    { resolution, onProgress, signal }: Wishes,
  ): Promise<LabelMap> {
    const { slices } = this.model.manifest.preprocessing.volumes ?? {};
    if (slices !== undefined) {
      // Such a model takes whole volumes; of one slice, labels are brought to its size.
      const { size, channels, values } = preprocess(image, this.model.manifest.preprocessing);
      const input = tensor(values, [1, ...size, channels]);
      try {
        return resizeLabels(await this.labelsOf(input, at), image.size);
      } finally {
        input.dispose();
      }
    }
    return this.labelsOfPicture(pictureOf(image, this.name), at, { resolution, onProgress, signal });
  }

  /** The labels of a picture on its own grid. */
  async labelsOfPicture(
    picture: Picture,
    at: NamedSetting,
    { resolution, onProgress, signal }: Wishes,
  ): Promise<LabelMap> {
    const { labels } = await this.model.predict(picture, {
      ...wordsOf(at),
      resolution,
      onProgress: ({ done, total }) => onProgress(done / total),
      signal,
    });
    return { values: labels.data, size: labels.shape.slice(3 - this.rank) };
  }

  /** Segments a frame of the size of training. */
  async segmentFrame({ values, at }: StreamFrame): Promise<SegmentedFrame> {
    const { preprocessing } = this.model.manifest;
    const seen = preprocess({ values, size: preprocessing.size, channels: 1 }, preprocessing);
    const input = tensor(seen.values, [1, ...seen.size, seen.channels]);
    try {
      return { values, at, labels: (await this.labelsOf(input, at)).values };
    } finally {
      input.dispose();
    }
  }

  /** The settings that budgets choose from, with what they cost. */
  get points(): readonly AccuracyCostPoint[] {
    return this.model.points;
  }

  /** Measures the model on this device. */
  calibrate(onProgress: (share: number) => void, signal: AbortSignal): Promise<readonly AccuracyCostPoint[]> {
    return this.model.calibrate({ onProgress: ({ done, total }) => onProgress(done / total), signal });
  }

  /** The model as a file: whole, or the plain network of one setting. */
  async save(at: NamedSetting | undefined): Promise<Uint8Array> {
    return at === undefined
      ? this.bytes.slice()
      : saveModel(this.model.plainAt(this.model.choose(wordsOf(at))));
  }

  dispose(): void {
    this.input?.dispose();
    this.model.dispose();
  }

  private settingAt(at: NamedSetting): Setting {
    return this.model.choose(wordsOf(at)).at;
  }

  private asSeen(at: NamedSetting): Promise<LabelMap> {
    return this.labelsOf(this.input!, at);
  }

  /** @param input Of the size of training, preprocessed. */
  private async labelsOf(input: Tensor, named: NamedSetting): Promise<LabelMap> {
    const at = this.settingAt(named);
    const weights = this.model.weightsAt(at);
    const predicted = tidy(() => predictLabels(this.model.network.apply(weights, input, at)));
    try {
      return { values: Uint8Array.from(await predicted.data<'int32'>()), size: this.summary.size };
    } finally {
      predicted.dispose();
    }
  }

  private async outsideOf(image: Image): Promise<readonly string[]> {
    this.usual ??= usualOf(this.model.manifest);
    return outsideOf(image, this.model.manifest, await this.usual);
  }

  private diceOf(predicted: Uint8Array, truth: Uint8Array | undefined): number | undefined {
    if (truth === undefined || truth.length !== predicted.length) return undefined;
    const { mean } = diceScore(predicted, truth, { labels: this.summary.labels.length });
    return Number.isNaN(mean) ? undefined : mean;
  }
}

/** A setting of a model's table in the words of a prediction. */
function wordsOf({ factor, width, resolution }: NamedSetting): SettingChoice {
  return { factor, width, inputResolution: resolution };
}
