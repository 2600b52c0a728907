import { Rng } from '@sshn/core';
import { type Tensor, tensor } from '@tensorflow/tfjs-core';
import type { Rows } from './double-precision.js';

export interface RandomCase {
  readonly logits: Tensor;
  readonly labels: Tensor;
  readonly oneHot: Tensor;
  /** Per sample, per pixel, per label. */
  readonly logitRows: readonly Rows[];
  readonly truthRows: readonly Rows[];
}

/** Logits `[...shape, count]` (shape = batch, ...spatial) from N(0, 2²), and uniform labels. */
export function randomCase(shape: readonly number[], count: number, seed = 1): RandomCase {
  const rng = Rng.fromSeed(seed);
  const pixels = shape.reduce((product, n) => product * n, 1);
  const logitRows = Array.from({ length: pixels }, () =>
    Array.from({ length: count }, () => Math.fround(2 * rng.normal())),
  );
  const indices = Array.from({ length: pixels }, () => rng.integer(count));
  const truthRows = indices.map((index) => Array.from({ length: count }, (_, l) => (l === index ? 1 : 0)));
  const perSample = pixels / shape[0]!;
  const samples = (rows: Rows): Rows[] =>
    Array.from({ length: shape[0]! }, (_, b) => rows.slice(b * perSample, (b + 1) * perSample));
  return {
    logits: tensor(logitRows.flat(), [...shape, count]),
    labels: tensor(indices, [...shape], 'int32'),
    oneHot: tensor(truthRows.flat(), [...shape, count]),
    logitRows: samples(logitRows),
    truthRows: samples(truthRows),
  };
}
