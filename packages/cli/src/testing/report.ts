import { type FactorResult, parseRunConfig } from '@sshn/training';
import { curvesOf } from '../pareto/curve.js';
import type { ParetoReport } from '../pareto/report-data.js';

/** A report about an SSHN with plausible numbers. */
export function report(parts: Partial<ParetoReport> = {}): ParetoReport {
  return {
    format: 'sshn-pareto',
    version: 1,
    run: {
      folder: 'runs/cells',
      method: 'sshn',
      architecture: 'unet',
      seed: 1,
      prior: { kind: 'uniform', low: 0, high: 0.5 },
    },
    data: {
      name: 'cells',
      path: '/data/cells',
      split: 'test',
      images: 40,
      size: [64, 64],
      labelNames: ['background', 'cytoplasm', 'nucleus'],
    },
    checkpoint: { file: 'best.safetensors', sha256: 'ab'.repeat(32), bytes: 12_345_678 },
    parameters: { trained: 1_234_567, network: 7_890 },
    environment: {
      sshn: '0.1.0',
      tfjs: '4.22.0',
      node: '20.19.0',
      backend: 'wasm',
      machine: 'a machine, 2 cores',
      rssBytes: 3e8,
      measuredAt: '2025-01-02T03:04:05.000Z',
    },
    activations: [
      { factor: 0, bytes: 1_500_000 },
      { factor: 0.5, bytes: 2_000_000 },
    ],
    arithmetic: [
      { factor: 0, gflops: 0.05, joinedGflops: 0.04 },
      { factor: 0.5, gflops: 0.07, joinedGflops: 0.07 },
    ],
    config: parseRunConfig({}, 'test'),
    points: curvesOf([{ name: '', results: risingResults }])[0]!.points,
    ...parts,
  };
}

/** A result with the given parts; the others are plausible. */
export function result(parts: Partial<FactorResult>): FactorResult {
  return {
    factor: 0.25,
    dice: 0.9,
    diceByLabel: { cytoplasm: 0.85, nucleus: 0.95 },
    undefinedCases: 0,
    gflops: 0.5,
    milliseconds: 12,
    ...parts,
  };
}

/** Results at 0, 0.1, … 0.5 whose Dice rises, but for a dip at 0.4, and whose cost rises. */
export const risingResults: readonly FactorResult[] = [0.5, 0.7, 0.8, 0.9, 0.85, 0.95].map((dice, i) =>
  result({ factor: i / 10, dice, gflops: 0.5 + i / 10, milliseconds: 5 + i }),
);
