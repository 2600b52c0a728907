import type { ParamsOf, Rng, Setting } from '@sshn/core';
import type { Batch, Dataset } from '@sshn/data';
import type { Scalable, ScalableSpecs } from '@sshn/hypernet';
import type { ScoreSummary } from '@sshn/losses';
import { addN, mul, type Scalar, type Tensor } from '@tensorflow/tfjs-core';
import type { Phase } from '../trainer/events.js';

/** What a network is trained for: how a step is drawn, what its result costs, and how good it is. */
export interface Task {
  /** What the loss is in an epoch, counted from 0. */
  stage(epoch: number): Stage;
  /** A step's setting with the hypernetwork's other inputs. Takes from the generator only what it needs. */
  draw(at: Setting, rng: Rng): Setting;
  /** The setting with which a trained model is used. */
  use(at: Setting): Setting;
  /** The loss of a model in a step, over all of its parts, to be differentiated. */
  loss(model: Scalable, params: ParamsOf<ScalableSpecs>, parts: readonly StepPart[]): Scalar;
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

/** Images of a step that are trained at one setting: a share of its batch, or all of it besides. */
export interface StepPart {
  /** `[batch, ...size, channels]`. */
  readonly images: Tensor;
  /** Where those came from, and their labels. */
  readonly batch: Batch;
  /** Which image of the step's batch is the first of these, from 0. */
  readonly first: number;
  /** How many labels the dataset has, the background included. */
  readonly labelCount: number;
  readonly at: Setting;
  readonly stage: Stage;
}

/** The mean over the images of all parts. */
export function meanOverImages(
  parts: readonly StepPart[],
  lossOf: (part: StepPart, i: number) => Scalar,
): Scalar {
  const losses = parts.map(lossOf);
  if (losses.length === 1) return losses[0]!;
  const images = parts.reduce((sum, { batch }) => sum + batch.ids.length, 0);
  return addN(losses.map((loss, i) => mul(loss, parts[i]!.batch.ids.length / images)));
}

/** How good a model is. */
export interface Accuracy {
  readonly dice: ScoreSummary;
  /** Of registration: the labels as they were, and the share of folded voxels. */
  readonly registration?: { readonly before: ScoreSummary; readonly foldedPercent: number };
}
