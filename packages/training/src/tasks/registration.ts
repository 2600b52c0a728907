import { type ParamsOf, type Setting, type SpecNode, setting, ValueError } from '@sshn/core';
import { type Batch, batches, type Dataset, type PairDataset } from '@sshn/data';
import type { Scalable, ScalableSpecs } from '@sshn/hypernet';
import { diceScore, type LabelScores, type ScoreSummary, summarizeScores } from '@sshn/losses';
import {
  fieldOf,
  type JacobianStatistics,
  jacobianStatistics,
  type PairLabels,
  registrationLoss,
  warpLabels,
} from '@sshn/registration';
import { dispose, type Scalar, split, type Tensor, tensor, tidy } from '@tensorflow/tfjs-core';
import { drawFrom, middleOf } from '../config/prior.js';
import { lambdaSpread, type RegistrationConfig } from '../config/registration.js';
import type { RunConfig } from '../config/run-config.js';
import { meanOverImages, type Task } from './task.js';

/** Registration without labels: similarity and smoothness (paper, section 4.1); with labels only when evaluated. */
export function registration({ registration: config }: RunConfig): Task {
  const lambda = lambdaSpread(config);
  return {
    stage: () => ({ phase: 'alignment', isLast: true }),
    draw: (at, rng) => (lambda === undefined ? at : setting({ ...at, conditions: [drawFrom(lambda, rng)] })),
    use: (at) =>
      lambda === undefined || at.conditions.length > 0
        ? at
        : setting({ ...at, conditions: [middleOf(lambda)] }),
    loss: (model, params, parts) =>
      tidy(() =>
        meanOverImages(parts, ({ images, batch, labelCount, at }) =>
          registrationObjective(model.apply(params, images, at), images, config, {
            lambda: at.conditions[0],
            labels: config.diceWeight === 0 ? undefined : labelsOf(batch, labelCount),
          }),
        ),
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

/**
 * What a registration network is trained for: `registrationLoss` of @sshn/registration on pairs, with the weight of the
 * configuration or a λ that is an input of the hypernetwork.
 *
 * @param flow `[batch, ...grid, rank]`, what the network predicts.
 * @param pairs `[batch, ...spatial, 2 · channels]`, moving image first.
 * @param options.lambda In [0, 1]; undefined where the weight is fixed.
 * @param options.labels Of the pairs, where labels are trained on: then weighted by `diceWeight`.
 */
export function registrationObjective(
  flow: Tensor,
  pairs: Tensor,
  config: RegistrationConfig,
  { lambda, labels }: { readonly lambda?: number | undefined; readonly labels?: PairLabels | undefined } = {},
): Scalar {
  return tidy(() => {
    const [moving, fixed] = split(pairs, 2, -1) as [Tensor, Tensor];
    const objective = { ...config, ...(lambda === undefined ? {} : { lambda }) };
    return registrationLoss(flow, moving, fixed, objective, labels);
  });
}

/** Pairs that were registered: their labels before, after and as they should be. */
export interface AlignedPair {
  readonly id: string;
  readonly movingLabels: Int32Array;
  /** The moving labels, warped (nearest). */
  readonly movedLabels: Int32Array;
  readonly fixedLabels: Int32Array;
  readonly field: JacobianStatistics;
}

/**
 * Registers pairs one by one, with weights that are predicted once.
 *
 * @param params Of the model; stays the caller's.
 */
export async function* align(
  model: Scalable,
  params: ParamsOf<ScalableSpecs>,
  dataset: PairDataset,
  ids: readonly string[],
  at: Setting,
  options: { readonly integrationSteps: number },
): AsyncGenerator<AlignedPair, void, void> {
  const weights = model.specialize(params, at);
  try {
    for await (const batch of batches(dataset, ids, { batchSize: 1 })) {
      const id = batch.ids[0]!;
      const before = batch.movingLabels;
      if (before === undefined) throw notPairs(dataset.name);
      const pair = tensor(batch.images, [...batch.shape], 'float32');
      const { field, moved } = registered(model, weights, pair, before, at, options);
      try {
        const [statistics] = await jacobianStatistics(field);
        const movedLabels = (await moved.data<'int32'>()).slice();
        yield { id, movingLabels: before, movedLabels, fixedLabels: batch.labels, field: statistics! };
      } finally {
        dispose([pair, field, moved]);
      }
    }
  } finally {
    dispose(weights as Tensor[]);
  }
}

function registered(
  model: Scalable,
  weights: ParamsOf<SpecNode>,
  pair: Tensor,
  labels: Int32Array,
  at: Setting,
  options: { readonly integrationSteps: number },
): { field: Tensor; moved: Tensor } {
  return tidy(() => {
    const size = pair.shape.slice(1, -1);
    const field = fieldOf(model.network.apply(weights, pair, at), size, options);
    return { field, moved: warpLabels(tensor(labels, [1, ...size], 'int32'), field) };
  });
}

/** How well pairs are aligned. */
export interface Alignment {
  /** Dice of the warped moving labels with the fixed ones. */
  readonly after: ScoreSummary;
  /** Dice of the labels as they were. */
  readonly before: ScoreSummary;
  /** Mean share of folded voxels, in percent. */
  readonly foldedPercent: number;
}

/** Registers pairs at one setting and scores the alignment of their labels. */
export async function alignmentOver(
  model: Scalable,
  params: ParamsOf<ScalableSpecs>,
  dataset: PairDataset,
  ids: readonly string[],
  at: Setting,
  options: { readonly integrationSteps: number },
): Promise<Alignment> {
  const labels = dataset.labelNames.length;
  const after: LabelScores[] = [];
  const before: LabelScores[] = [];
  let folded = 0;
  for await (const pair of align(model, params, dataset, ids, at, options)) {
    after.push(diceScore(pair.movedLabels, pair.fixedLabels, { labels }));
    before.push(diceScore(pair.movingLabels, pair.fixedLabels, { labels }));
    folded += pair.field.foldedPercent;
  }
  return {
    after: summarizeScores(after),
    before: summarizeScores(before),
    foldedPercent: folded / ids.length,
  };
}
