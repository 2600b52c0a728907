import {
  type GivenOptions,
  option,
  type ParamSpec,
  type ParamsOf,
  type Rescaling,
  requireOptions,
  scoped,
} from '@sshn/core';
import { type DenseSpecs, dense } from '@sshn/layers';
import {
  add,
  div,
  mean,
  mul,
  reshape,
  sqrt,
  square,
  type Tensor,
  type Tensor1D,
  type Tensor2D,
  tensor2d,
  tidy,
} from '@tensorflow/tfjs-core';
import { encodeRescaling, encodings } from './encoding.js';
import { predict } from './head.js';
import { forms, type HeadSpecs, planHead } from './head-plan.js';

/** Widths that no hypernetwork of today comes near, so that data from a file cannot ask for more memory than there is. */
const widest = 65_536;

/** What may be chosen of a hypernetwork. */
export const hypernetworkOptions = {
  hidden: option.list(option.integer({ least: 1, most: widest, help: '' }), {
    least: 0,
    most: 64,
    default: [10, 100],
    help: 'Widths of the hidden layers; without any, predictions are linear in the encoding',
  }),
  encoding: option.choice(encodings, {
    default: 'linear',
    help: 'How factors are fed in: [φ, 1 − φ] or [cos, sin]',
  }),
  form: option.choice(forms, {
    default: 'residual',
    help: 'Predict weights, or what is added to shared ones',
  }),
  residualScale: option.number({
    above: 0,
    default: 0.1,
    help: 'Of the residual form: size of predictions beside the shared weights',
  }),
};

/** Options of a hypernetwork. */
export interface HypernetworkConfig extends GivenOptions<typeof hypernetworkOptions> {
  /** Factors that it takes: 1 for a common one, else one per downsampling step. @default 1 */
  readonly factors?: number;
}

/** Parameters of a hypernetwork: its hidden layers, and one head per predicted tensor. */
export type HypernetworkSpecs = {
  readonly hidden: readonly DenseSpecs[];
  readonly heads: { readonly [target: string]: HeadSpecs };
};

/** Predicts tensors by name from a rescaling. */
export interface Hypernetwork {
  readonly specs: HypernetworkSpecs;
  /** One tensor per target, of its shape and under its name. The caller owns them. */
  apply(params: ParamsOf<HypernetworkSpecs>, at: Rescaling): Map<string, Tensor>;
}

/** Keeps the square root of the mean square away from 0. */
const epsilon = 1e-12;

/**
 * The hypernetwork of the paper: encoded factors → dense layers with LeakyReLU (10 and 100 wide) → one linear head per
 * predicted tensor, θ = s · (W·ĥ + b), or in the residual form θ = θ₀ + r · s · W·ĥ.
 *
 * Two additions make it train, as literal Kaiming initialization makes activations grow tenfold per layer: s is the
 * standard deviation that the target's own fan-in asks for, kept outside of W so that one optimizer step moves every
 * layer in proportion to its scale; and ĥ is the last hidden layer divided by its root mean square, so that predicted
 * kernels have that standard deviation for every factor and seed. Tensors that would start constant, such as biases,
 * start within a tenth of their scale from it.
 *
 * @param targets What to predict, by name.
 * @throws {ValueError} if a width or `factors` is not a positive integer, or `residualScale` not above 0; from `apply`, if
 * the rescaling has another number of factors.
 * @throws {OptionError} for an unknown form or encoding.
 * @example
 * const kernels = new Map(namedSpecs(network.specs).filter(([, { role }]) => role === 'kernel'));
 * const { specs, apply } = hypernetwork(kernels);
 * const predicted = apply(initialize(specs, Rng.fromSeed(1)), rescaling(0.25));
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
  requireOptions(
    'hypernetwork',
    { hidden, encoding, factors, form, residualScale },
    { ...hypernetworkOptions, factors: option.integer({ least: 1, help: 'Factors that it takes' }) },
  );
  const inputs = 2 * factors;
  const width = hidden.at(-1) ?? inputs;
  const { modules, specs } = scoped({
    hidden: hidden.map((outFeatures, i) =>
      dense({ inFeatures: hidden[i - 1] ?? inputs, outFeatures, activation: 'leakyRelu' }),
    ),
  });
  const plans = [...targets].map(
    ([name, target]) => [name, planHead(target, width, form, residualScale)] as const,
  );

  return {
    specs: { ...specs, heads: Object.fromEntries(plans.map(([name, plan]) => [name, plan.specs])) },
    apply(params, at) {
      const predictions = tidy(() => {
        let h = tensor2d([encodeRescaling(at, factors, encoding)]);
        for (const [i, layer] of modules.hidden.entries()) h = layer.apply(params.hidden[i]!, h, at);
        const features = reshape(div(h, sqrt(add(mean(square(h)), epsilon))), [width]) as Tensor1D;
        const scaled = oncePerScale(features);
        return plans.map(([name, { scales }]) => {
          const { weight, base } = params.heads[name]!;
          return predict({ weight: weight as Tensor2D, base, hidden: scaled(scales.weight) }, scales.base);
        });
      });
      return new Map(plans.map(([name], i) => [name, predictions[i]!]));
    },
  };
}

/** `x` times a scale: one tensor per scale, as dozens of heads share a few. */
function oncePerScale(x: Tensor1D): (scale: number) => Tensor1D {
  const known = new Map<number, Tensor1D>();
  return (scale) => {
    const scaled = known.get(scale) ?? mul<Tensor1D>(x, scale);
    known.set(scale, scaled);
    return scaled;
  };
}
