import { differentiable, leakyReluGradient } from '@sshn/ops';
import {
  add,
  elu,
  erf,
  exp,
  minimum,
  mul,
  relu,
  sigmoid,
  softplus,
  square,
  sub,
  type Tensor,
  tanh,
  tidy,
} from '@tensorflow/tfjs-core';

/**
 * Activations as differentiable functions of one tensor. Each keeps as little as its derivative needs, and none makes a
 * mask of comparisons: on wasm those are several times slower than arithmetic.
 */

/** What an activation computes: its output, what is kept for the way back, and the gradient from both. */
interface Pointwise {
  readonly forward: (x: Tensor) => { readonly y: Tensor; readonly kept: Tensor[] };
  readonly backward: (dy: Tensor, kept: readonly Tensor[]) => Tensor;
}

/** A function of tensors with its own gradient. */
function pointwise({ forward, backward }: Pointwise): (x: Tensor) => Tensor {
  return (x) =>
    differentiable([x], {
      forward(input) {
        const { y, kept } = forward(input);
        return { value: y, saved: kept };
      },
      backward: (dy: Tensor, ...saved: Tensor[]) => [tidy(() => backward(dy, saved))],
    });
}

/** max(x, 0). */
export const applyRelu = /* @__PURE__ */ pointwise({
  forward: (x) => {
    const y = relu(x);
    return { y, kept: [y] };
  },
  backward: (dy, [y]) => leakyReluGradient(dy, y!, 0),
});

/** x where x > 0, eˣ − 1 elsewhere; its derivative is 1 + min(y, 0). */
export const applyElu = /* @__PURE__ */ pointwise({
  forward: (x) => {
    const y = elu(x);
    return { y, kept: [y] };
  },
  backward: (dy, [y]) => mul(dy, add(minimum(y!, 0), 1)),
});

const inverseRootOf2 = Math.SQRT1_2;
const normalDensityAt0 = 1 / Math.sqrt(2 * Math.PI);

/** x·Φ(x), Φ the distribution function of the normal distribution; its derivative is Φ(x) + x·φ(x). */
export const applyGelu = /* @__PURE__ */ pointwise({
  forward: (x) => {
    const share = mul(add(erf(mul(x, inverseRootOf2)), 1), 0.5);
    return { y: mul(x, share), kept: [x, share] };
  },
  backward: (dy, [x, share]) => {
    const density = mul(exp(mul(square(x!), -0.5)), normalDensityAt0);
    return mul(dy, add(share!, mul(x!, density)));
  },
});

/** x·σ(x); its derivative is σ·(1 + x·(1 − σ)) = σ + y·(1 − σ). */
export const applySilu = /* @__PURE__ */ pointwise({
  forward: (x) => {
    const gate = sigmoid(x);
    return { y: mul(x, gate), kept: [x, gate] };
  },
  backward: (dy, [x, gate]) => mul(dy, mul(gate!, add(mul(x!, sub(1, gate!)), 1))),
});

/** x·t with t = tanh(ln(1 + eˣ)); its derivative is t + x·(1 − t²)·σ(x). */
export const applyMish = /* @__PURE__ */ pointwise({
  forward: (x) => {
    const gate = tanh(softplus(x));
    return { y: mul(x, gate), kept: [x, gate] };
  },
  backward: (dy, [x, gate]) => mul(dy, add(gate!, mul(mul(x!, sub(1, square(gate!))), sigmoid(x!)))),
});

/** ln(1 + eˣ); its derivative is σ(x). */
export const applySoftplus = /* @__PURE__ */ pointwise({
  forward: (x) => ({ y: softplus(x), kept: [x] }),
  backward: (dy, [x]) => mul(dy, sigmoid(x!)),
});

/** σ(x) = 1 / (1 + e⁻ˣ); its derivative is σ·(1 − σ). */
export const applySigmoid = /* @__PURE__ */ pointwise({
  forward: (x) => {
    const y = sigmoid(x);
    return { y, kept: [y] };
  },
  backward: (dy, [y]) => mul(dy, mul(y!, sub(1, y!))),
});
