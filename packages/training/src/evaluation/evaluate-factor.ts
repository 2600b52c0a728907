import type { ParamsOf, Rescaling } from '@sshn/core';
import type { Dataset } from '@sshn/data';
import { countModule } from '@sshn/flops';
import { dispose, type Tensor, zeros } from '@tensorflow/tfjs-core';
import type { SegmentationModel } from '../methods/describe-network.js';
import { diceOver } from './dice-over.js';
import type { FactorResult } from './results.js';

/** Images per forward pass when accuracy is measured. */
const batchSize = 4;

/** Forward passes that are timed, after one that is not. */
const timedRuns = 5;

/** Accuracy over images, and cost per image, of a model at one rescaling. */
export async function evaluateFactor(
  model: SegmentationModel,
  params: ParamsOf<SegmentationModel['specs']>,
  dataset: Dataset,
  ids: readonly string[],
  at: Rescaling,
): Promise<FactorResult> {
  const inputShape = [1, ...dataset.size, dataset.channels];
  const summary = await diceOver(model, params, dataset, ids, at, batchSize);
  const { flops } = countModule(model.network, { inputShape, rescaling: at });
  const labels = [...summary.perLabel].map(
    ([label, { mean }]) => [dataset.labelNames[label]!, mean] as const,
  );
  return {
    factor: at.factors[0]!,
    dice: summary.mean,
    diceByLabel: Object.fromEntries(labels),
    undefinedCases: [...summary.perLabel.values()].reduce(
      (sum, { undefinedCases }) => sum + undefinedCases,
      0,
    ),
    gflops: flops / 1e9,
    milliseconds: medianMilliseconds(model, params, inputShape, at),
  };
}

/** Time of the plain network on one image; its weights are predicted beforehand. */
function medianMilliseconds(
  model: SegmentationModel,
  params: ParamsOf<SegmentationModel['specs']>,
  inputShape: number[],
  at: Rescaling,
): number {
  const weights = model.specialize(params, at);
  const image = zeros(inputShape);
  const times = Array.from({ length: timedRuns + 1 }, () => {
    const began = performance.now();
    const logits = model.network.apply(weights, image, at);
    logits.dataSync();
    logits.dispose();
    return performance.now() - began;
  }).slice(1);
  dispose([image, weights as unknown as Tensor]);
  return times.sort((a, b) => a - b)[Math.floor(timedRuns / 2)]!;
}
