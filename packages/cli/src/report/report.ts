import type { Prior, RunConfig } from '@sshn/training';
import type { CurvePoint } from '../pareto/curve.js';

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
    readonly size: readonly number[];
    readonly labelNames: readonly string[];
  };
  readonly checkpoint: { readonly file: string; readonly sha256: string; readonly bytes: number };
  /** Numbers that are trained, and numbers in the plain network at one factor. */
  readonly parameters: { readonly trained: number; readonly network: number };
  readonly environment: Environment;
  /** The most memory that the activations of one forward pass on one image take at a time, at some factors. */
  readonly activations: ReadonlyArray<{ readonly factor: number; readonly bytes: number }>;
  readonly config: RunConfig;
  readonly points: readonly CurvePoint[];
}

/** The word that people know a method by. */
export const methodNames: Record<RunConfig['method'], string> = {
  fixed: 'Fixed',
  stochastic: 'Stochastic',
  film: 'FiLM',
  sshn: 'SSHN',
};
