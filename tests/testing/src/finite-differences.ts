import { grads, type Tensor, tensor } from '@tensorflow/tfjs-core';

/**
 * Largest difference between tape gradients and central differences, relative to the largest gradient entry of the same
 * input: a small gradient that is wholly wrong does not hide behind a large one. Gradients that float32 cannot tell from 0
 * this way, 400 roundings of the value over the step, are compared on that scale.
 *
 * @param f Scalar function of the inputs; must be smooth within `step` of them.
 * @param step Distance of the two probes; 1e-2 suits float32.
 */
export function gradientError(f: (...x: Tensor[]) => Tensor, inputs: readonly Tensor[], step = 1e-2): number {
  const tape = grads(f as never)(inputs as Tensor[]);
  let error = 0;
  inputs.forEach((input, which) => {
    let worst = 0;
    let largest = 0;
    let magnitude = 0;
    const flat = input.dataSync();
    const taped = tape[which]!.dataSync();
    for (let i = 0; i < flat.length; i++) {
      const probe = (delta: number): number => {
        const moved = Float32Array.from(flat);
        moved[i]! += delta;
        const changed = inputs.map((x, j) => (j === which ? tensor(moved, x.shape) : x));
        const value = f(...changed);
        const number = value.dataSync()[0]!;
        magnitude = Math.max(magnitude, Math.abs(number));
        changed[which]!.dispose();
        value.dispose();
        return number;
      };
      const central = (probe(step) - probe(-step)) / (2 * step);
      worst = Math.max(worst, Math.abs(central - taped[i]!));
      largest = Math.max(largest, Math.abs(central));
    }
    error = Math.max(error, worst / Math.max(largest, (400 * 2 ** -24 * magnitude) / step, 1e-6));
  });
  for (const gradient of tape) gradient.dispose();
  return error;
}
