import { nextTask, type ParamsOf, type Setting, setting } from '@sshn/core';
import { batches, type Dataset } from '@sshn/data';
import type { Scalable, ScalableSpecs } from '@sshn/hypernet';
import { tensor, tidy } from '@tensorflow/tfjs-core';
import type { RunConfig } from '../config/run-config.js';
import { factorIn, priorOf, representativeFactors } from '../methods/prior.js';
import type { Stage, Task } from '../tasks/task.js';
import type { ValidatedFactor } from './events.js';

/** What a model is validated on. */
interface ValidatedOn {
  readonly dataset: Dataset;
  readonly ids: readonly string[];
  readonly config: RunConfig;
  /** Of the epoch. */
  readonly stage: Stage;
  /** Whether the images have labels to score; without, the loss is taken. */
  readonly hasLabels: boolean;
}

/** Scores of a model on validation examples, at the factors that the configuration names or some of its prior. */
export async function validate(
  task: Task,
  model: Scalable,
  params: ParamsOf<ScalableSpecs>,
  on: ValidatedOn,
): Promise<ValidatedFactor[]> {
  const { dataset, ids, config, hasLabels } = on;
  const results: ValidatedFactor[] = [];
  for (const factor of config.validation.factors ?? representativeFactors(priorOf(config))) {
    const at = task.use(setting(factorIn(config, factor)));
    const { dice, registration } = await task.accuracy(model, params, dataset, ids, at, config.batchSize);
    const missed = dataset.labelNames.filter((_, label) => dice.perLabel.get(label)?.mean === 0);
    results.push({
      factor,
      dice: dice.mean,
      ...(missed.length === 0 ? {} : { missed }),
      ...(hasLabels ? {} : { loss: await lossOver(task, model, params, on, at) }),
      ...(registration === undefined
        ? {}
        : { diceBefore: registration.before.mean, foldedPercent: registration.foldedPercent }),
    });
    await nextTask();
  }
  return results;
}

/** What says which model is best: the mean Dice over factors or, without labels to score, minus the mean loss. */
export function scoreOf(validation: readonly ValidatedFactor[]): number {
  const scores = validation.map(({ dice, loss }) => (loss === undefined ? dice : -loss));
  return scores.reduce((sum, score) => sum + score, 0) / scores.length;
}

/** Whether any example has a label other than the background, at the size that the network sees. */
export async function hasForeground(dataset: Dataset, ids: readonly string[]): Promise<boolean> {
  for (const id of ids) {
    if ((await dataset.load(id)).labels.values.some((label) => label !== 0)) return true;
  }
  return false;
}

async function lossOver(
  task: Task,
  model: Scalable,
  params: ParamsOf<ScalableSpecs>,
  { dataset, ids, config, stage }: ValidatedOn,
  at: Setting,
): Promise<number> {
  const { batchSize } = config;
  const patches = config.patches === undefined ? {} : { patches: config.patches };
  let [sum, count] = [0, 0];
  for await (const batch of batches(dataset, ids, { batchSize, ...patches })) {
    const loss = tidy(() => {
      const images = tensor(batch.images, [...batch.shape], 'float32');
      const labelCount = dataset.labelNames.length;
      return task.loss(model, params, [{ images, batch, first: 0, labelCount, at, stage }]);
    });
    sum += (await loss.data())[0]! * batch.ids.length;
    count += batch.ids.length;
    loss.dispose();
  }
  return sum / count;
}
