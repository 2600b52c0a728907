import { nextTask, type ParamsOf, rescaling } from '@sshn/core';
import type { Dataset } from '@sshn/data';
import type { RunConfig } from '../config/run-config.js';
import type { SegmentationModel } from '../methods/network.js';
import { factorIn, priorOf, representativeFactors } from '../methods/prior.js';
import type { Task } from '../tasks/task.js';
import type { ValidatedFactor } from './events.js';

/** Mean foreground Dice on validation examples, at the factors that the configuration names or some of its prior. */
export async function validate(
  task: Task,
  model: SegmentationModel,
  params: ParamsOf<SegmentationModel['specs']>,
  on: { readonly dataset: Dataset; readonly ids: readonly string[]; readonly config: RunConfig },
): Promise<ValidatedFactor[]> {
  const { dataset, ids, config } = on;
  const results = [];
  for (const factor of config.validation.factors ?? representativeFactors(priorOf(config))) {
    const at = task.use(rescaling(factorIn(config, factor)));
    const { dice } = await task.accuracy(model, params, dataset, ids, at, config.batchSize);
    results.push({ factor, dice: dice.mean });
    await nextTask();
  }
  return results;
}
