import { Rng } from '@sshn/core';
import { useBackend } from '@sshn-internal/testing';
import {
  engine,
  type NamedAttrMap,
  type NamedTensorMap,
  type Tensor,
  tensor,
  util,
} from '@tensorflow/tfjs-core';
import { afterAll, beforeAll } from 'vitest';
import { registerComposedKernels, unregisterComposedKernels } from '../register.js';

/** Composed kernels on stock wasm for the tests of a file. */
export function withComposedKernels(): void {
  beforeAll(async () => {
    await useBackend('wasm');
    registerComposedKernels();
  });
  afterAll(unregisterComposedKernels);
}

/** Runs a kernel of the current backend. */
export function run(kernel: string, inputs: NamedTensorMap, attributes: object): Tensor {
  return engine().runKernel(kernel, inputs, attributes as NamedAttrMap);
}

/** Normal numbers. */
export function normal(rng: Rng, shape: readonly number[]): Tensor {
  const values = Float32Array.from({ length: util.sizeFromShape([...shape]) }, () => rng.normal());
  return tensor(values, [...shape]);
}

/** Largest difference of the results of `compute` on wasm and on cpu, and their shapes. */
export async function compare(
  seed: number,
  compute: (rng: Rng) => Tensor,
): Promise<{ error: number; shapes: [wasm: number[], cpu: number[]] }> {
  const results: Tensor[] = [];
  for (const backend of ['wasm', 'cpu'] as const) {
    await useBackend(backend);
    results.push(compute(Rng.fromSeed(seed)));
  }
  const [ours, reference] = results.map((result) => [...result.dataSync()]);
  const error = ours!.reduce((worst, value, i) => Math.max(worst, Math.abs(value - reference![i]!)), 0);
  const shapes: [number[], number[]] = [results[0]!.shape, results[1]!.shape];
  for (const result of results) result.dispose();
  await useBackend('wasm');
  return { error, shapes };
}
