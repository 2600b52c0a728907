import { countParams, setting } from '@sshn/core';
import type { Dataset } from '@sshn/data';
import { countModule, type FlopReport } from '@sshn/flops';
import { type FactorResult, inputOf, type Prior, priorOf, type RunConfig } from '@sshn/training';
import type { Run } from '@sshn/training/node';
import { dataName } from '../run/data-source.js';
import type { OpenedRun } from '../run/open-run.js';
import { type CurvePoint, curvesOf } from './curve.js';
import { overlayFactors } from './examples.js';
import type { SurenessReport } from './sureness.js';

/** Where and with what something was measured. */
export interface Environment {
  readonly sshn: string;
  readonly tfjs: string;
  readonly node: string;
  readonly backend: string;
  readonly machine: string;
  /** Of the process while measuring, in bytes. */
  readonly rssBytes: number;
  /** ISO 8601. */
  readonly measuredAt: string;
}

/** Everything measured about a run over its factors, with where it came from: the content of pareto.json. */
export interface ParetoReport {
  readonly format: 'sshn-pareto';
  readonly version: 1;
  readonly run: {
    readonly folder: string;
    readonly method: RunConfig['method'];
    readonly architecture: string;
    readonly seed: number;
    readonly prior: Prior;
  };
  readonly data: {
    readonly name: string;
    readonly path: string;
    readonly split: 'train' | 'validation' | 'test';
    readonly images: number;
    /** Of these images and labels by their content, in order; reports of older releases lack it. */
    readonly digest?: string;
    readonly size: readonly number[];
    readonly labelNames: readonly string[];
  };
  readonly checkpoint: { readonly file: string; readonly sha256: string; readonly bytes: number };
  /** Numbers that are trained, and numbers in the plain network at one factor. */
  readonly parameters: { readonly trained: number; readonly network: number };
  readonly environment: Environment;
  /** The most memory that the activations of one forward pass on one image take at a time, at some factors. */
  readonly activations: ReadonlyArray<{ readonly factor: number; readonly bytes: number }>;
  /** At the same factors, of the network as it is defined, and with decoders' maps convolved before they are upsampled. */
  readonly arithmetic: ReadonlyArray<{
    readonly factor: number;
    readonly gflops: number;
    readonly joinedGflops: number;
  }>;
  readonly config: RunConfig;
  /** At full width and resolution, by factor. */
  readonly points: readonly CurvePoint[];
  /** Of a run with more knobs: the settings that are worth their cost by its validation images, measured on these images. */
  readonly front?: readonly FactorResult[];
  /** How sure it is: where there were validation images to learn it from. */
  readonly sureness?: SurenessReport;
}

/** The word that people know a method by. */
export const methodNames: Record<RunConfig['method'], string> = {
  fixed: 'Fixed',
  stochastic: 'Stochastic',
  film: 'FiLM',
  sshn: 'SSHN',
};

/** What was measured, of which weights, where. */
export interface Measurements {
  readonly split: ParetoReport['data']['split'];
  /** A digest of the images and labels of that split. */
  readonly content: string;
  readonly results: readonly FactorResult[];
  readonly checkpoint: ParetoReport['checkpoint'];
  readonly environment: Environment;
}

/** Puts together what was measured and where it came from. */
export function makeReport(
  { run, dataset, data }: OpenedRun,
  measured: Measurements & {
    readonly front?: readonly FactorResult[] | undefined;
    readonly sureness?: SurenessReport | undefined;
  },
): ParetoReport {
  const { config, folder, model, labelNames } = run;
  const { split, results, front, sureness, checkpoint, environment } = measured;
  const costs = overlayFactors(results.map(({ factor }) => factor)).map(
    (factor) => [factor, costAtFactor(run, dataset, factor)] as const,
  );
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
      digest: measured.content,
      size: dataset.size,
      labelNames,
    },
    checkpoint,
    parameters: { trained: countParams(model.specs), network: countParams(model.network.specs) },
    environment,
    activations: costs.map(([factor, { peakActivationBytes: bytes }]) => ({ factor, bytes })),
    arithmetic: costs.map(([factor, { flops, joined }]) => ({
      factor,
      gflops: flops / 1e9,
      joinedGflops: joined.flops / 1e9,
    })),
    config,
    points: curvesOf([{ name: '', results }])[0]!.points,
    ...(front === undefined || front.length === 0 ? {} : { front }),
    ...(sureness === undefined ? {} : { sureness }),
  };
}

function costAtFactor({ model, config }: Run, dataset: Dataset, factor: number): FlopReport {
  const { size, channels } = inputOf(config, dataset);
  const inputShape = [1, ...size, channels];
  return countModule(model.network, { inputShape, at: setting(factor) });
}
