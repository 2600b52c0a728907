import { conditioned, ValueError } from '@sshn/core';
import type { Dataset, PairDataset } from '@sshn/data';
import type { RunConfig } from '../config/run-config.js';
import { drawFrom, middleOf } from '../methods/spread.js';
import { alignmentOver } from '../registration/alignment-over.js';
import { lambdaSpread } from '../registration/config.js';
import { registrationObjective } from '../registration/objective.js';
import type { Task } from './task.js';

/** Registration without labels: similarity and smoothness (paper, section 4.1); with labels only when evaluated. */
export function registration({ registration: config }: RunConfig): Task {
  const lambda = lambdaSpread(config);
  return {
    stage: () => ({ phase: 'alignment', isLast: true }),
    draw: (at, rng) => (lambda === undefined ? at : conditioned(at, [drawFrom(lambda, rng)])),
    use: (at) =>
      lambda === undefined || at.conditions !== undefined ? at : conditioned(at, [middleOf(lambda)]),
    loss: (model, params, { images, at }) =>
      registrationObjective(model.apply(params, images, at), images, config, at.conditions?.[0]),
    async accuracy(model, params, dataset, ids, at) {
      const { after, before, foldedPercent } = await alignmentOver(
        model,
        params,
        requirePairs(dataset),
        ids,
        at,
        config,
      );
      return { dice: after, registration: { before, foldedPercent } };
    },
  };
}

function requirePairs(dataset: Dataset): PairDataset {
  if ('pairs' in dataset) return dataset as PairDataset;
  throw new ValueError({
    where: 'registration: dataset',
    got: dataset.name,
    expected: 'a dataset of pairs',
    hint: 'Make one with `pairDataset` of @sshn/data.',
  });
}
