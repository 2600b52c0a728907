import { engine, type Tensor } from '@tensorflow/tfjs-core';
import { repairCurrentBackend } from './repairs/repair-kernels.js';

/** The two passes of an operation whose gradient is written out. */
export interface Passes<
  Inputs extends readonly Tensor[],
  Value extends Tensor | Tensor[],
  Saved extends readonly Tensor[],
> {
  /** The value, one tensor or a list, and the tensors that the way back needs; they live until it is over. */
  forward(...inputs: Inputs): { readonly value: Value; readonly saved: readonly [...Saved] };
  /** The gradient to every input, in their order, from that to the value: of a list, a list, zeros for what was not used. */
  backward(dy: Value, ...saved: Saved): { readonly [Position in keyof Inputs]: Tensor };
}

/** The function of tfjs behind `customGrad`, which itself takes no operation with several outputs. */
interface Tape {
  runKernelFunc<Value>(operation: {
    readonly inputs: Readonly<Record<string, Tensor>>;
    readonly forwardFunc: (backend: unknown, save: (tensors: Tensor[]) => void) => Value;
    readonly backwardsFunc: (dy: unknown, saved: readonly Tensor[]) => Record<string, () => Tensor>;
  }): Value;
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
>(inputs: Inputs, passes: Passes<Inputs, Value, Saved>): Value;
export function differentiable<
  const Inputs extends readonly [Tensor, ...Tensor[]],
  const Saved extends readonly Tensor[],
>(inputs: Inputs, passes: Passes<Inputs, Tensor[], Saved>): Tensor[];
export function differentiable<
  const Inputs extends readonly [Tensor, ...Tensor[]],
  Value extends Tensor | Tensor[],
  const Saved extends readonly Tensor[],
>(inputs: Inputs, { forward, backward }: Passes<Inputs, Value, Saved>): Value {
  repairCurrentBackend();
  let isList = false;
  return (engine() as unknown as Tape).runKernelFunc<Value>({
    inputs: Object.fromEntries(inputs.entries()),
    forwardFunc: (_, save) => {
      const { value, saved } = forward(...inputs);
      isList = Array.isArray(value);
      save([...saved]);
      return value;
    },
    backwardsFunc: (dy, saved) => {
      // tfjs gives the one gradient of a list of one without the list.
      const gradient = isList && !Array.isArray(dy) ? [dy] : dy;
      const gradients: readonly Tensor[] = backward(gradient as Value, ...(saved as Saved));
      return Object.fromEntries(gradients.map((each, i) => [i, () => each]));
    },
  });
}
