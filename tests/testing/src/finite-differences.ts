import { grads, type Tensor, tensor } from '@tensorflow/tfjs-core';

/**
 * Largest difference between tape gradients and central differences, relative to the largest gradient entry.
 *
 * @param f Scalar function of the inputs; must be smooth within `step` of them.
 * @param step Distance of the two probes; 1e-2 suits float32.
 */
export function gradientError(f: (...x: Tensor[]) => Tensor, inputs: readonly Tensor[], step = 1e-2): number {
  const tape = grads(f as never)(inputs as Tensor[]);
  let worst = 0;
  let largest = 0;
  inputs.forEach((input, which) => {
    const flat = input.dataSync();
    const taped = tape[which]!.dataSync();
    for (let i = 0; i < flat.length; i++) {
      const probe = (delta: number): number => {
        const moved = Float32Array.from(flat);
        moved[i]! += delta;
        const changed = inputs.map((x, j) => (j === which ? tensor(moved, x.shape) : x));
        const value = f(...changed);
        const number = value.dataSync()[0]!;
        changed[which]!.dispose();
        value.dispose();
        return number;
      };
      const central = (probe(step) - probe(-step)) / (2 * step);
      worst = Math.max(worst, Math.abs(central - taped[i]!));
      largest = Math.max(largest, Math.abs(central));
    }
  });
  for (const gradient of tape) gradient.dispose();
  return worst / Math.max(largest, 1e-6);
}
