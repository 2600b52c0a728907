import { type ParamsOf, rescaling } from '@sshn/core';
import type { Dataset } from '@sshn/data';
import type { RunConfig } from '../config/run-config.js';
import { diceOver } from '../evaluation/dice-over.js';
import type { SegmentationModel } from '../methods/describe-network.js';
import { factorIn, priorOf, representativeFactors } from '../methods/prior.js';
import type { ValidatedFactor } from './events.js';
import { nextTask } from './next-task.js';

/** Mean foreground Dice on validation images, at the factors that the configuration names or some of its prior. */
export async function validate(
  model: SegmentationModel,
  params: ParamsOf<SegmentationModel['specs']>,
  dataset: Dataset,
  ids: readonly string[],
  config: RunConfig,
): Promise<ValidatedFactor[]> {
  const results = [];
  for (const factor of config.validation.factors ?? representativeFactors(priorOf(config))) {
    const at = rescaling(factorIn(config, factor));
    const { mean } = await diceOver(model, params, dataset, ids, at, config.batchSize);
    results.push({ factor, dice: mean });
    await nextTask();
  }
  return results;
}
