import { rescaling, ValueError } from '@sshn/core';
import type { Batch, Dataset, PairDataset } from '@sshn/data';
import { type Tensor, tensor, tidy } from '@tensorflow/tfjs-core';
import type { RunConfig } from '../config/run-config.js';
import { drawFrom, middleOf } from '../methods/spread.js';
import { alignmentOver } from '../registration/alignment-over.js';
import { lambdaSpread } from '../registration/config.js';
import { type PairLabels, registrationObjective } from '../registration/objective.js';
import type { Task } from './task.js';

/** Registration without labels: similarity and smoothness (paper, section 4.1); with labels only when evaluated. */
export function registration({ registration: config }: RunConfig): Task {
  const lambda = lambdaSpread(config);
  return {
    stage: () => ({ phase: 'alignment', isLast: true }),
    draw: (at, rng) =>
      lambda === undefined ? at : rescaling(at.factors, { conditions: [drawFrom(lambda, rng)] }),
    use: (at) =>
      lambda === undefined || at.conditions.length > 0
        ? at
        : rescaling(at.factors, { conditions: [middleOf(lambda)] }),
    loss: (model, params, { images, batch, labelCount, at }) =>
      tidy(() =>
        registrationObjective(model.apply(params, images, at), images, config, {
          lambda: at.conditions[0],
          labels: config.diceWeight === 0 ? undefined : labelsOf(batch, labelCount),
        }),
      ),
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

/** The label maps of a batch of pairs. */
function labelsOf({ labels, movingLabels, shape }: Batch, count: number): PairLabels {
  if (movingLabels === undefined) throw notPairs('a batch without labels of the moving images');
  const [moving, fixed] = [movingLabels, labels].map((values) =>
    tensor(values, shape.slice(0, -1), 'int32'),
  ) as [Tensor, Tensor];
  return { moving, fixed, count };
}

function requirePairs(dataset: Dataset): PairDataset {
  if ('pairs' in dataset) return dataset as PairDataset;
  throw notPairs(dataset.name);
}

function notPairs(got: string): ValueError {
  return new ValueError({
    where: 'registration: dataset',
    got,
    expected: 'a dataset of pairs',
    hint: 'Make one with `pairDataset` of @sshn/data.',
  });
}
