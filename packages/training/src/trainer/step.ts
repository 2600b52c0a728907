import { disposeParams, type ParamsOf, type Setting } from '@sshn/core';
import type { Batch } from '@sshn/data';
import type { Scalable, ScalableSpecs } from '@sshn/hypernet';
import { valueAndGradients } from '@sshn/ops';
import { clippingScale, globalNorm, type Optimizer, type OptimizerState, type Update } from '@sshn/optim';
import { dispose, tensor } from '@tensorflow/tfjs-core';
import { factorOf } from '../methods/prior.js';
import type { Stage, Task } from '../tasks/task.js';
import { DivergenceError } from './events.js';

/** How one step is made. */
export interface StepOptions {
  readonly stage: Stage;
  /** What the loss is of. */
  readonly task: Task;
  /** Labels of the dataset, the background included. */
  readonly labelCount: number;
  readonly learningRate: number;
  /** Updates done before. */
  readonly step: number;
  /** Largest global norm of the gradients; null for no bound. */
  readonly clipNorm: number | null;
  /**
   * Settings at which all images are trained besides; the whole network, where it is among them, is the last.
   *
   * *Source*: Yu & Huang, "Universally slimmable networks and improved training techniques" (2019), the sandwich rule.
   */
  readonly also?: readonly Setting[];
}

type Params = ParamsOf<ScalableSpecs>;

/** The weights after a step, and the loss before it. */
export interface StepResult extends Update<Params> {
  readonly loss: number;
}

/**
 * One update on one batch: forward, backward, clip, move. Disposes nothing of its arguments, but may write over the tensors
 * of `now`, which are then only good to be disposed; the caller owns the result.
 *
 * @param settings The images are divided among them, in order. At most as many as images.
 * @throws {DivergenceError} (rejects) if the loss or the norm of the gradients is not finite, or too large to be squared; nothing is
 * moved then.
 */
export async function trainStep(
  model: Scalable,
  optimizer: Optimizer,
  now: { readonly params: Params; readonly optimizer: OptimizerState },
  batch: Batch,
  settings: readonly Setting[],
  { stage, task, labelCount, learningRate, step, clipNorm, also = [] }: StepOptions,
): Promise<StepResult> {
  const drawn = settings.map((at, i) => partOf(batch, at, i / settings.length, (i + 1) / settings.length));
  const parts = [...drawn, ...also.map((at) => partOf(batch, at, 0, 1))];
  const { value, gradients } = valueAndGradients(now.params, (params) =>
    task.loss(
      model,
      params,
      parts.map((part) => ({ ...part, labelCount, stage })),
    ),
  );
  const norm = globalNorm(gradients);
  try {
    // Both are read at once: to wait twice costs a GPU twice.
    const read = await Promise.all([value, norm].map((scalar) => scalar.data()));
    const [loss, size] = read.map(([number]) => number) as [number, number];
    const diverged = (what: string) => new DivergenceError({ what, step, factor: factorOf(settings) });
    if (!Number.isFinite(loss)) throw diverged(`the loss is ${loss}`);
    // Optimizers square gradients in float32.
    if (!Number.isFinite(Math.fround(size ** 2))) throw diverged(`the norm of the gradients is ${size}`);
    const gradientScale = clipNorm === null ? 1 : clippingScale(size, clipNorm);
    const at = { step, learningRate, overwrite: true, gradientScale };
    return { loss, ...optimizer.update(gradients, now.optimizer, now.params, at) };
  } finally {
    dispose([...parts.map(({ images }) => images), value, norm]);
    disposeParams(gradients);
  }
}

/** Images of a batch, from one share of them to another, and the setting that they are trained at. */
function partOf(whole: Batch, at: Setting, from: number, to: number) {
  const { ids, images, labels, movingLabels, shape } = whole;
  const cut = <T extends Pick<Float32Array, 'length'> & { subarray(from: number, to: number): T }>(
    values: T,
  ) => {
    const each = values.length / ids.length;
    return values.subarray(first * each, last * each);
  };
  const [first, last] = [from, to].map((share) => Math.round(share * ids.length)) as [number, number];
  const batch: Batch = {
    ids: ids.slice(first, last),
    images: cut(images),
    labels: cut(labels),
    ...(movingLabels === undefined ? {} : { movingLabels: cut(movingLabels) }),
    shape: [last - first, ...shape.slice(1)],
  };
  return { at, batch, first, images: tensor(batch.images, [...batch.shape], 'float32') };
}
