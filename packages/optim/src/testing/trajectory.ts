import { disposeParams, namedParams, Rng } from '@sshn/core';
import { type Tensor, tensor } from '@tensorflow/tfjs-core';
import type { Optimizer } from '../optimizer.js';

/** Optimizers once more, in float64, entry by entry and by the textbook, to test against. */
export interface Entry {
  value: number;
  first: number;
  second: number;
}

export interface AdamNumbers {
  readonly rate: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  readonly weightDecay: number;
}

/** @param t 1 for the first step. */
export function adamEntry(entry: Entry, gradient: number, t: number, numbers: AdamNumbers): Entry {
  const { rate, beta1, beta2, epsilon, weightDecay } = numbers;
  const first = beta1 * entry.first + (1 - beta1) * gradient;
  const second = beta2 * entry.second + (1 - beta2) * gradient ** 2;
  const firstHat = first / (1 - beta1 ** t);
  const secondHat = second / (1 - beta2 ** t);
  const decayed = entry.value - rate * weightDecay * entry.value;
  return { value: decayed - (rate * firstHat) / (Math.sqrt(secondHat) + epsilon), first, second };
}

/** `first` is the momentum buffer. */
export function sgdEntry(
  entry: Entry,
  gradient: number,
  { rate, momentum, nesterov }: { rate: number; momentum: number; nesterov: boolean },
): Entry {
  const first = momentum * entry.first + gradient;
  const direction = nesterov ? gradient + momentum * first : first;
  return { ...entry, value: entry.value - rate * direction, first };
}

/** A small tree: awkward shapes, and gradients that differ by orders of magnitude. */
const shapes = new Map([
  ['encoder.0.bias', [3]],
  ['encoder.0.kernel', [3, 3, 1, 3]],
  ['head.bias', []],
]);
const size = (shape: readonly number[]) => shape.reduce((product, n) => product * n, 1);

/** Gradients of step `step`: noise, of size 1, 10⁻³ and 10³ by tensor, with exact zeros among them. */
function gradientValues(step: number): Map<string, Float32Array> {
  const rng = Rng.fromSeed(1000 + step);
  return new Map(
    [...shapes].map(([path, shape], i) => {
      const values = Float32Array.from({ length: size(shape) }, () => rng.normal() * [1, 1e-3, 1e3][i]!);
      if (step % 7 === 0) values[0] = 0;
      return [path, values];
    }),
  );
}

function firstValues(): Map<string, Float32Array> {
  const rng = Rng.fromSeed(5);
  return new Map(
    [...shapes].map(([path, shape]) => [
      path,
      Float32Array.from({ length: size(shape) }, () => rng.normal()),
    ]),
  );
}

const tensors = (values: ReadonlyMap<string, Float32Array>): Readonly<Record<string, Tensor>> =>
  Object.fromEntries([...values].map(([path, array]) => [path, tensor(array, shapes.get(path)!)]));

/** Parameters after `steps` updates, flat by path; every tensor disposed on the way. */
export function runOptimizer(
  optimizer: Optimizer,
  steps: number,
  rate: (step: number) => number,
  gradientScale?: (step: number) => number,
): Map<string, number[]> {
  let params = tensors(firstValues());
  let state = optimizer.init(params);
  for (let step = 0; step < steps; step++) {
    const gradients = tensors(gradientValues(step));
    const at = { step, learningRate: rate(step) };
    const next = optimizer.update(
      gradients,
      state,
      params,
      gradientScale === undefined ? at : { ...at, gradientScale: gradientScale(step) },
    );
    for (const tree of [params, state, gradients]) disposeParams(tree);
    ({ params, state } = next);
  }
  const values = new Map(
    Array.from(namedParams(params), ([path, param]) => [path, Array.from(param.dataSync())]),
  );
  for (const tree of [params, state]) disposeParams(tree);
  return values;
}

/** The same in float64. */
export function runReference(
  update: (entry: Entry, gradient: number, step: number, path: string) => Entry,
  steps: number,
  gradientScale: (step: number) => number = () => 1,
): Map<string, number[]> {
  const entries = new Map(
    [...firstValues()].map(([path, values]) => [
      path,
      Array.from(values, (value): Entry => ({ value, first: 0, second: 0 })),
    ]),
  );
  for (let step = 0; step < steps; step++) {
    for (const [path, gradient] of gradientValues(step)) {
      const before = entries.get(path)!;
      entries.set(
        path,
        before.map((entry, i) => update(entry, gradient[i]! * gradientScale(step), step, path)),
      );
    }
  }
  return new Map([...entries].map(([path, list]) => [path, list.map(({ value }) => value)]));
}
