import { countParams, rescaling } from '@sshn/core';
import type { Dataset } from '@sshn/data';
import { countModule } from '@sshn/flops';
import type { FactorResult } from '@sshn/training';
import { priorOf } from '@sshn/training';
import type { Run } from '@sshn/training/node';
import { dataName } from '../data/data-source.js';
import type { Environment, ParetoReport } from '../report/report.js';
import type { OpenedRun } from '../run/open-run.js';
import { curvesOf } from './curve.js';
import { overlayFactors } from './predict-overlays.js';

/** What was measured, of which weights, where. */
export interface Measurements {
  readonly split: ParetoReport['data']['split'];
  readonly results: readonly FactorResult[];
  readonly checkpoint: ParetoReport['checkpoint'];
  readonly environment: Environment;
}

/** Puts together what was measured and where it came from. */
export function makeReport({ run, dataset, data }: OpenedRun, measured: Measurements): ParetoReport {
  const { config, folder, model, labelNames } = run;
  const { split, results, checkpoint, environment } = measured;
  return {
    format: 'sshn-pareto',
    version: 1,
    run: {
      folder,
      method: config.method,
      architecture: config.architecture.name,
      seed: config.seed,
      prior: priorOf(config),
    },
    data: {
      name: dataName(data),
      path: data.path,
      split,
      images: run.split(dataset)[split].length,
      size: dataset.size,
      labelNames,
    },
    checkpoint,
    parameters: { trained: countParams(model.specs), network: countParams(model.network.specs) },
    environment,
    activations: overlayFactors(results.map(({ factor }) => factor)).map((factor) => ({
      factor,
      bytes: activationBytes(run, dataset, factor),
    })),
    config,
    points: curvesOf([{ name: '', results }])[0]!.points,
  };
}

function activationBytes({ model, config }: Run, { size, channels }: Dataset, factor: number): number {
  const inputShape = [1, ...size, config.task === 'registration' ? 2 * channels : channels];
  return countModule(model.network, { inputShape, rescaling: rescaling(factor) }).peakActivationBytes;
}
