import { customGrad, type GradSaveFunc, type Tensor } from '@tensorflow/tfjs-core';
import { repairCurrentBackend } from './repairs/repair-kernels.js';

/** The two passes of an operation whose gradient is written out. */
export interface Passes<
  Inputs extends readonly Tensor[],
  Value extends Tensor,
  Saved extends readonly Tensor[],
> {
  /** The value, and the tensors that the way back needs; they live until it is over. */
  forward(...inputs: Inputs): { readonly value: Value; readonly saved: readonly [...Saved] };
  /** The gradient to every input, in their order, from that to the value. */
  backward(dy: Value, ...saved: Saved): { readonly [Position in keyof Inputs]: Tensor };
}

/**
 * Runs an operation that is one node of the tape, with a gradient of its own: neither pass is recorded op by op.
 *
 * @example
 * const y = differentiable([x], {
 *   forward: (x) => ({ value: square(x), saved: [x] }),
 *   backward: (dy, x) => [mul(dy, mul(x, 2))],
 * });
 */
export function differentiable<
  const Inputs extends readonly [Tensor, ...Tensor[]],
  Value extends Tensor,
  const Saved extends readonly Tensor[],
>(inputs: Inputs, { forward, backward }: Passes<Inputs, Value, Saved>): Value {
  repairCurrentBackend();
  const op = customGrad<Value>((...given: Array<Tensor | GradSaveFunc>) => {
    // What comes are the inputs themselves, without their types, and last the function that saves tensors.
    const save = given.at(-1) as GradSaveFunc;
    const { value, saved } = forward(...inputs);
    save([...saved]);
    const gradFunc = (dy: Value, kept: readonly Tensor[]) => [...backward(dy, ...(kept as Saved))];
    return { value, gradFunc };
  });
  return op(...inputs);
}
