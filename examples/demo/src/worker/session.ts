import { namedParams, type ParamsOf, paramTree, rescaling, ValueError } from '@sshn/core';
import { type Image, preprocess } from '@sshn/data';
import { diceScore, predictLabels } from '@sshn/losses';
import { calibrate, type LoadedModel, loadModel, networkOf } from '@sshn/model';
import { gflopsAt } from '@sshn/training';
import { dispose, type Tensor, tensor, tidy } from '@tensorflow/tfjs-core';
import type { ModelSummary, Segmentation, SegmentedFrame, StreamFrame } from './protocol.js';
import { specialized } from './specialized.js';
import { summaryOf } from './summary.js';

type Weights = ReturnType<ReturnType<typeof networkOf>['specialize']>;

/** The open model with its weights on the current backend, and the image that it looks at. */
export class Session {
  readonly summary: ModelSummary;
  private readonly model: ReturnType<typeof networkOf>;
  private readonly params: ParamsOf<ReturnType<typeof networkOf>['specs']>;
  private readonly loaded: LoadedModel;
  private readonly gflopsByFactor = new Map<number, number>();
  private input: Tensor | undefined;
  private truth: Uint8Array | undefined;
  private held: { readonly factor: number; readonly weights: Weights } | undefined;

  /**
   * @param rank Of the images: 2, or 3 for volumes.
   * @throws {FileError} if the bytes are no model; {ValueError} if it is none for segmenting such images.
   */
  constructor(
    readonly bytes: Uint8Array,
    readonly name: string,
    readonly rank: 2 | 3,
  ) {
    this.loaded = loadModel(bytes, name);
    const { manifest } = this.loaded;
    if (manifest.task !== 'segmentation' || manifest.preprocessing.size.length !== rank) {
      dispose([...this.loaded.params.values()]);
      throw new ValueError({
        where: name,
        got: `${manifest.task} of ${manifest.preprocessing.size.length}D images`,
        expected: `a model that segments ${rank}D images`,
      });
    }
    this.model = networkOf(manifest);
    this.params = paramTree(this.model.specs, this.loaded.params);
    this.summary = summaryOf(this.loaded, name, bytes.length);
  }

  /** Looks at an image from now on. */
  show(image: Image, truth: Uint8Array | undefined): void {
    const { size, channels, values } = preprocess(image, this.loaded.manifest.preprocessing);
    this.input?.dispose();
    this.input = tensor(values, [1, ...size, channels]);
    this.truth = truth?.length === values.length / channels ? truth : undefined;
  }

  /** Predicts the weights for a factor and segments the image with them. */
  async segment(factor: number): Promise<Segmentation> {
    const { input } = this;
    if (input === undefined) throw new ValueError({ where: 'segment', got: 'no image', expected: 'one' });
    const at = rescaling(factor);
    const began = performance.now();
    const weights = this.model.specialize(this.params, at);
    const specializedAt = performance.now();
    const predicted = tidy(() => predictLabels(this.model.network.apply(weights, input, at)));
    try {
      const values = await predicted.data<'int32'>();
      const ended = performance.now();
      return {
        factor,
        size: this.summary.size,
        labels: Uint8Array.from(values),
        gflops: this.gflopsAt(factor),
        specializeMilliseconds: specializedAt - began,
        segmentMilliseconds: ended - specializedAt,
        dice: this.diceOf(values),
      };
    } finally {
      dispose([predicted, weights as unknown as Tensor]);
    }
  }

  /** Segments a frame with weights that are kept until the factor changes. */
  async segmentFrame({ values, factor }: StreamFrame): Promise<SegmentedFrame> {
    if (this.held?.factor !== factor) {
      if (this.held !== undefined) dispose(this.held.weights as unknown as Tensor);
      this.held = { factor, weights: this.model.specialize(this.params, rescaling(factor)) };
    }
    const { weights } = this.held!;
    const { preprocessing } = this.loaded.manifest;
    const seen = preprocess({ values, size: preprocessing.size, channels: 1 }, preprocessing);
    const predicted = tidy(() => {
      const image = tensor(seen.values, [1, ...seen.size, seen.channels]);
      return predictLabels(this.model.network.apply(weights, image, rescaling(factor)));
    });
    try {
      return { values, factor, labels: Uint8Array.from(await predicted.data<'int32'>()) };
    } finally {
      predicted.dispose();
    }
  }

  /** Measures the model on this device. */
  calibrate(onProgress: (share: number) => void, signal: AbortSignal): ReturnType<typeof calibrate> {
    return calibrate(this.loaded, {
      gflops: (factor) => this.gflopsAt(factor),
      onProgress: ({ done, total }) => onProgress(done / total),
      signal,
    });
  }

  /** The model as a file: whole, or the plain network for one factor. */
  async save(factor: number | undefined): Promise<Uint8Array> {
    if (factor === undefined) return this.bytes.slice();
    const weights = this.model.specialize(this.params, rescaling(factor));
    try {
      return await specialized(this.loaded.manifest, namedParams(weights), factor, this.gflopsAt(factor));
    } finally {
      dispose(weights as unknown as Tensor);
    }
  }

  dispose(): void {
    this.input?.dispose();
    if (this.held !== undefined) dispose(this.held.weights as unknown as Tensor);
    dispose([...this.loaded.params.values()]);
  }

  private gflopsAt(factor: number): number {
    const known = this.gflopsByFactor.get(factor);
    if (known !== undefined) return known;
    const { size, channels } = this.loaded.manifest.preprocessing;
    const gflops = gflopsAt(this.model, { size, channels }, rescaling(factor));
    this.gflopsByFactor.set(factor, gflops);
    return gflops;
  }

  private diceOf(predicted: Int32Array): number | undefined {
    if (this.truth === undefined) return undefined;
    const { mean } = diceScore(predicted, this.truth, { labels: this.summary.labels.length });
    return Number.isNaN(mean) ? undefined : mean;
  }
}
