import '@tensorflow/tfjs-backend-cpu';
import { fastWebgpuStatus, useFastWebgpu } from '@sshn/backend-webgpu';
import { Rng } from '@sshn/core';
import { registerGradients } from '@sshn/ops';
import { bringVulkan, useBackend } from '@sshn-internal/testing';
import { dispose, grads, mul, sum, type Tensor, tensor, tidy } from '@tensorflow/tfjs-core';
import { expect } from 'vitest';

bringVulkan();
registerGradients();

/** Whether webgpu starts here, on a GPU or in software. */
export const hasWebgpu = await useFastWebgpu().then(
  () => true,
  () => false,
);

/** Uniform values in [−1, 1), or so many times as far, the same for the same key. */
export function noise(key: string, shape: readonly number[], reach = 1): Tensor {
  const rng = Rng.fromSeed(1).split(key);
  const size = shape.reduce((product, n) => product * n, 1);
  return tensor(
    Float32Array.from({ length: size }, () => reach * (2 * rng.uniform() - 1)),
    [...shape],
  );
}

/** The value of f, and its gradients along a random direction. */
export function withGradients(f: (...inputs: Tensor[]) => Tensor, inputs: readonly Tensor[]): Tensor[] {
  const value = f(...inputs);
  const along = noise('direction', value.shape);
  return [value, ...grads(((...x: Tensor[]) => sum(mul(f(...x), along))) as never)([...inputs])];
}

/** Runs every case on tfjs' cpu backend, where there are compositions alone, and on webgpu, and compares all numbers. */
export async function expectSame<Case>(
  cases: readonly Case[],
  run: (c: Case) => Tensor[],
  tolerance: number,
): Promise<void> {
  await useBackend('cpu');
  const wanted = await readAll(cases, run);
  await useFastWebgpu();
  const got = await readAll(cases, run);
  for (const [i, c] of cases.entries()) {
    expect(got[i]!.length).toBe(wanted[i]!.length);
    for (const [k, values] of got[i]!.entries()) {
      expect(deviation(values, wanted[i]![k]!), JSON.stringify([c, k])).toBeLessThan(tolerance);
    }
  }
  expect(fastWebgpuStatus()?.problems).toEqual([]);
}

async function readAll<Case>(
  cases: readonly Case[],
  run: (c: Case) => Tensor[],
): Promise<ArrayLike<number>[][]> {
  const all: ArrayLike<number>[][] = [];
  for (const c of cases) {
    const results = tidy(() => run(c));
    const data = await Promise.all(results.map((result) => result.data()));
    dispose(results);
    all.push(data.map((values, i) => Object.assign(values, { shape: results[i]!.shape })));
  }
  return all;
}

/** Largest difference beside the largest wanted magnitude; infinite where not both are numbers. */
export function deviation(got: ArrayLike<number>, wanted: ArrayLike<number>): number {
  if (got.length !== wanted.length) return Infinity;
  let [worst, largest] = [0, 1e-6];
  for (let i = 0; i < wanted.length; i++) {
    if (Number.isNaN(got[i]!) && Number.isNaN(wanted[i]!)) continue;
    const difference = Math.abs(got[i]! - wanted[i]!);
    if (!(difference <= worst)) worst = Number.isNaN(difference) ? Infinity : difference;
    if (!Number.isNaN(wanted[i]!)) largest = Math.max(largest, Math.abs(wanted[i]!));
  }
  return worst / largest;
}
