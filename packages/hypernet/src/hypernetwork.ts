import {
  type Initializer,
  kaimingNormal,
  type ParamNode,
  type ParamSpec,
  type ParamsOf,
  type Rescaling,
  requireIntegers,
  requireOption,
  type SpecNode,
  scoped,
  zeros,
} from '@sshn/core';
import { type DenseSpecs, dense } from '@sshn/layers';
import {
  add,
  div,
  mean,
  reshape,
  sqrt,
  square,
  type Tensor,
  type Tensor1D,
  type Tensor2D,
  tensor2d,
} from '@tensorflow/tfjs-core';
import { type Encoding, encodeRescaling } from './encoding.js';
import { predict } from './head.js';

/** How a prediction becomes a weight. */
export type Form = 'direct' | 'residual';

/** All forms. */
export const forms = ['direct', 'residual'] as const satisfies readonly Form[];

/** Options of a hypernetwork. */
export interface HypernetworkConfig {
  /** Widths of the hidden layers. @default [10, 100] */
  readonly hidden?: readonly number[];
  /** How factors are fed in. @default 'linear' */
  readonly encoding?: Encoding;
  /** Factors that it takes: 1 for a common one, else one per downsampling step. @default 1 */
  readonly factors?: number;
  /**
   * 'direct': a weight is the prediction. 'residual': it is a weight that does not depend on the factor plus the
   * prediction. @default 'residual'
   */
  readonly form?: Form;
  /**
   * In the residual form, the size of the prediction relative to the weight it is added to, at initialization; it also
   * scales how fast predictions move in training. @default 0.1
   */
  readonly residualScale?: number;
}

/** Predicts tensors by name from a rescaling. */
export interface Hypernetwork {
  readonly specs: SpecNode;
  /** One tensor per target, of its shape. The caller owns them (inside of `tidy`, the scope does). */
  apply(params: ParamNode, at: Rescaling): Map<string, Tensor>;
}

/** Keeps the square root of the mean square away from 0. */
const epsilon = 1e-12;

/**
 * The hypernetwork of the paper: encoded factors → dense layers with LeakyReLU (10 and 100 wide) → one linear head per
 * predicted tensor. A head computes θ = s · (W·ĥ + b), in the residual form θ = θ₀ + r · s · W·ĥ.
 *
 * Two additions make it train, as literal Kaiming initialization makes activations grow tenfold per layer: s is the
 * standard deviation that the target's own fan-in asks for, kept outside of W so that one optimizer step moves every
 * layer in proportion to its scale; and ĥ is the last hidden layer divided by its root mean square, so that predicted
 * kernels have that standard deviation for every factor and seed. Tensors that would start constant, such as biases,
 * start at a tenth of their scale.
 *
 * @param targets What to predict, by name.
 * @throws {ValueError} if a width or `factors` is not a positive integer. @throws {OptionError} for an unknown form.
 *
 * *Source*: the paper, sections 3, 4.4 and A.1. The residual form: Gonzalez Ortiz et al., "Magnitude invariant
 * parametrizations improve hypernetwork learning" (2023).
 */
export function hypernetwork(
  targets: ReadonlyMap<string, ParamSpec>,
  config: HypernetworkConfig = {},
): Hypernetwork {
  const {
    hidden = [10, 100],
    encoding = 'linear',
    factors = 1,
    form = 'residual',
    residualScale = 0.1,
  } = config;
  requireIntegers('hypernetwork', { factors });
  requireIntegers(
    'hypernetwork: hidden',
    Object.fromEntries(hidden.map((width, i) => [`layer ${i}`, width])),
  );
  requireOption('form', form, forms);
  const inputs = 2 * factors;
  const width = hidden.at(-1) ?? inputs;
  const strength = form === 'residual' ? residualScale : 1;
  const { modules, specs } = scoped({
    hidden: hidden.map((outFeatures, i) =>
      dense({ inFeatures: hidden[i - 1] ?? inputs, outFeatures, activation: 'leakyRelu' }),
    ),
  });
  const heads = Object.fromEntries(
    [...targets].map(([name, spec]) => [name, headSpecs(spec, width, form, strength)]),
  );

  return {
    specs: { ...specs, heads },
    apply(params, at) {
      const trees = params as unknown as HypernetworkParams;
      let h = tensor2d([encodeRescaling(at, factors, encoding)]);
      for (const [i, layer] of modules.hidden.entries()) h = layer.apply(trees.hidden[i]!, h, at);
      const features = reshape(div(h, sqrt(add(mean(square(h)), epsilon))), [width]) as Tensor1D;
      return new Map(
        [...targets].map(([name, spec]) => {
          const { weight, base } = trees.heads[name]!;
          const scale = strength * scaleOf(spec);
          const scales = { weight: scale, base: form === 'direct' ? scale : 1 };
          return [name, predict({ weight, base, hidden: features }, scales)];
        }),
      );
    },
  };
}

interface HypernetworkParams {
  readonly hidden: ReadonlyArray<ParamsOf<DenseSpecs>>;
  readonly heads: { readonly [target: string]: { readonly weight: Tensor2D; readonly base: Tensor } };
}

function headSpecs(target: ParamSpec, width: number, form: Form, strength: number): SpecNode {
  const outputs = target.shape.reduce((product, n) => product * n, 1);
  const small = target.init.kind === 'constant' ? 0.1 : 1;
  const weight: ParamSpec = {
    kind: 'param',
    role: 'kernel',
    axes: ['outputs', 'hidden'],
    shape: [outputs, width],
    fanIn: width,
    init: { kind: 'normal', std: small / Math.sqrt(width) },
  };
  return { weight, base: { ...target, init: form === 'direct' ? zeros : lessened(target.init, strength) } };
}

/** The initializer of θ₀, so that the variances of θ₀ and of the prediction add up to the target's. */
function lessened(init: Initializer, strength: number): Initializer {
  return init.kind === 'constant' ? init : { kind: 'normal', std: init.std / Math.sqrt(1 + strength ** 2) };
}

/** The natural size of a parameter's values: what its initializer or else its fan-in says. */
function scaleOf({ init, role, fanIn }: ParamSpec): number {
  if (init.kind === 'normal') return init.std;
  const kaiming = kaimingNormal(fanIn);
  return role === 'bias' && kaiming.kind === 'normal' ? kaiming.std : 0.1;
}
