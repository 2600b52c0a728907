import {
  add,
  clone,
  concat,
  matMul,
  mul,
  reshape,
  slice,
  sum,
  type Tensor,
  type Tensor2D,
  tidy,
} from '@tensorflow/tfjs-core';
import { differentiable } from '../differentiable.js';
import { dispatcher, type Kernel, type KernelRules, sizeOf, type TensorShape } from './contract.js';

/** Kernels of the output layers of a hypernetwork, all heads at once; `i` counts them from 0. */
export interface HeadKernels {
  /**
   * Of `gates` `[heads, 1]`, `hidden` `[1, width]`, and of each head `weight{i}` `[outputs, width]` and `base{i}`:
   * weight · (gate · hidden) + baseScale · base, in the shape of its base.
   */
  SshnHeads: Kernel<string, { readonly baseScales: readonly number[] }, 'many'>;
  /** Of `gates`, `hidden`, and of each head `weight{i}` and `dy{i}`: the gradients to gates, to hidden, and to each weight. */
  SshnHeadsGrad: Kernel<string, object, 'many'>;
}

const dispatch = /* @__PURE__ */ dispatcher<HeadKernels>();

/** What the output layers of a hypernetwork multiply and add. */
export interface HeadsInputs {
  /** Of each head, `[outputs, width]`. */
  readonly weights: readonly Tensor2D[];
  /** Of each head; of the shape of its prediction, which holds `outputs` values. */
  readonly bases: readonly Tensor[];
  /** `[heads, 1]`: what `hidden` is multiplied by for each head. */
  readonly gates: Tensor2D;
  /** `[1, width]`. */
  readonly hidden: Tensor2D;
}

/**
 * All output layers of a hypernetwork: W·(a·h) + s · b of each head, with gradients to all W, b and a, and to h.
 *
 * They are one node on the tape, as a network has dozens of heads, and each W meets memory once in each direction, as it may
 * hold millions of numbers: nothing is transposed, and the gradient to W is the outer product of that to the prediction and
 * a·h.
 *
 * @param baseScales s of each head.
 * @returns Of each head a tensor of the shape of its base.
 */
export function applyHeads(
  { weights, bases, gates, hidden }: HeadsInputs,
  baseScales: readonly number[],
): Tensor[] {
  if (weights.length === 0) return [];
  return differentiable([gates, hidden, ...weights, ...bases], {
    forward: () => ({
      value: predictions({ weights, bases, gates, hidden }, baseScales),
      saved: [gates, hidden, ...weights],
    }),
    backward: (dy: Tensor[], savedGates: Tensor, savedHidden: Tensor, ...savedWeights: Tensor[]) => {
      const [toGates, toHidden, ...toWeights] = gradients(dy, {
        weights: savedWeights as Tensor2D[],
        gates: savedGates as Tensor2D,
        hidden: savedHidden as Tensor2D,
      });
      const toBases = dy.map((each, i) => (baseScales[i] === 1 ? clone(each) : mul(each, baseScales[i]!)));
      return [toGates!, toHidden!, ...toWeights, ...toBases];
    },
  });
}

function predictions(
  { weights, bases, gates, hidden }: HeadsInputs,
  baseScales: readonly number[],
): Tensor[] {
  const inputs = { gates, hidden, ...numbered('weight', weights), ...numbered('base', bases) };
  return dispatch('SshnHeads', inputs, { baseScales }, () =>
    tidy(() => {
      const rows = mul<Tensor2D>(gates, hidden);
      return bases.map((base, i) => {
        const product = matMul(weights[i]! as Tensor, reshape(rowOf(rows, i), [-1, 1]));
        const scale = baseScales[i]!;
        return add(reshape(product, base.shape), scale === 1 ? base : mul(base, scale));
      });
    }),
  );
}

/** The gradients to gates, to hidden, and to each weight. */
function gradients(dy: readonly Tensor[], { weights, gates, hidden }: Omit<HeadsInputs, 'bases'>): Tensor[] {
  const inputs = { gates, hidden, ...numbered('weight', weights), ...numbered('dy', dy) };
  return dispatch('SshnHeadsGrad', inputs, {}, () =>
    tidy(() => {
      const rows = mul<Tensor2D>(gates, hidden);
      const toRows = concat(dy.map((each, i) => matMul(reshape(each, [1, -1]), weights[i]! as Tensor)));
      return [
        sum(mul(toRows, hidden), 1, true),
        sum(mul(toRows, gates), 0, true),
        ...dy.map((each, i) => matMul(reshape(each, [-1, 1]), rowOf(rows, i))),
      ];
    }),
  );
}

/** Tensors by a name with their number. */
function numbered(name: string, tensors: readonly Tensor[]): Record<string, Tensor> {
  return Object.fromEntries(tensors.map((tensor, i) => [`${name}${i}`, tensor]));
}

function rowOf(rows: Tensor2D, i: number): Tensor2D {
  return slice(rows, [i, 0], [1, -1]);
}

type Shapes = Readonly<Record<string, TensorShape>>;

/** The shapes of a numbered input, one for each head. */
function eachOf(inputs: Shapes, name: string): TensorShape[] {
  return Array.from({ length: inputs.gates!.shape[0]! }, (_, i) => inputs[`${name}${i}`]!);
}

/** Entries of each of several tensors together. */
function entriesOf(shapes: readonly TensorShape[]): number {
  return shapes.reduce((total, shape) => total + sizeOf(shape), 0);
}

/** Entries of gates · hidden. */
function rowEntries({ gates, hidden }: Shapes): number {
  return sizeOf(gates!) * sizeOf(hidden!);
}

export const headRules: KernelRules<HeadKernels> = {
  SshnHeads: {
    shapes: (inputs) => eachOf(inputs, 'base'),
    // A sum for each output, and a product where the base is scaled.
    work: (inputs, { baseScales }) => ({
      macs: entriesOf(eachOf(inputs, 'weight')),
      elementwise: eachOf(inputs, 'base').reduce(
        (work, base, i) => work + sizeOf(base) * (baseScales[i] === 1 ? 1 : 2),
        rowEntries(inputs),
      ),
    }),
  },
  SshnHeadsGrad: {
    shapes: (inputs) => [inputs.gates!, inputs.hidden!, ...eachOf(inputs, 'weight')],
    // To weights, and to gates · hidden; those once more, and a product and a sum of each for both gradients.
    work: (inputs) => ({
      macs: 2 * entriesOf(eachOf(inputs, 'weight')),
      elementwise: 5 * rowEntries(inputs),
    }),
  },
};
