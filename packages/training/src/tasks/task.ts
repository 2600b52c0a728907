import type { ParamsOf, Rng, Setting } from '@sshn/core';
import type { Batch, Dataset } from '@sshn/data';
import type { Scalable, ScalableSpecs } from '@sshn/hypernet';
import type { ScoreSummary } from '@sshn/losses';
import type { Scalar, Tensor } from '@tensorflow/tfjs-core';
import type { Phase } from '../trainer/events.js';

/** What a network is trained for: how a step is drawn, what its result costs, and how good it is. */
export interface Task {
  /** What the loss is in an epoch, counted from 0. */
  stage(epoch: number): Stage;
  /** A step's setting with the hypernetwork's other inputs. Takes from the generator only what it needs. */
  draw(at: Setting, rng: Rng): Setting;
  /** The setting with which a trained model is used. */
  use(at: Setting): Setting;
  /** The loss of a model on a batch, to be differentiated. */
  loss(model: Scalable, params: ParamsOf<ScalableSpecs>, step: TaskStep): Scalar;
  /** How good a model is on examples of a dataset. */
  accuracy(
    model: Scalable,
    params: ParamsOf<ScalableSpecs>,
    dataset: Dataset,
    ids: readonly string[],
    at: Setting,
    batchSize: number,
  ): Promise<Accuracy>;
}

/** A part of a training run with one loss. */
export interface Stage {
  readonly phase: Phase;
  /** Whether that is the loss the run is about: only then may it stop early. */
  readonly isLast: boolean;
}

/** What a step of training is about. */
export interface TaskStep {
  /** `[batch, ...size, channels]`. */
  readonly images: Tensor;
  /** Where those came from, and their labels. */
  readonly batch: Batch;
  /** How many labels the dataset has, the background included. */
  readonly labelCount: number;
  readonly at: Setting;
  readonly stage: Stage;
}

/** How good a model is. */
export interface Accuracy {
  readonly dice: ScoreSummary;
  /** Of registration: the labels as they were, and the share of folded voxels. */
  readonly registration?: { readonly before: ScoreSummary; readonly foldedPercent: number };
}
