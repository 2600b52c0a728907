import {
  countParams,
  type GivenOptions,
  option,
  type ParamSpec,
  type ParamsOf,
  requireOptions,
  type Setting,
  scoped,
  ValueError,
} from '@sshn/core';
import { type DenseSpecs, dense } from '@sshn/layers';
import { applyHeads, unitDifference } from '@sshn/ops';
import { matMul, type Tensor, type Tensor2D, tensor2d, tidy } from '@tensorflow/tfjs-core';
import { encodeSetting, encodings, type Knob, knobs, middleSetting } from './encoding.js';
import { centredStep, forms, gateStart, type HeadSpecs, planHead } from './head-plan.js';

/** Bounds far above any hypernetwork in use, so that data from a file cannot ask for more than there is. */
const limits = {
  layers: 16,
  width: 8192,
  inputs: 64,
  /** Of all heads together: four gibibytes of weights. */
  parameters: 2 ** 30,
} as const;

/** What may be chosen of a hypernetwork. */
export const hypernetworkOptions = {
  hidden: option.list(option.integer({ least: 1, most: limits.width, help: '' }), {
    least: 0,
    most: limits.layers,
    default: [10, 16],
    help: 'Widths of the hidden layers (the paper’s are 10 and 100); without any, predictions are linear in the encoding',
  }),
  encoding: option.choice(encodings, {
    default: 'linear',
    help: 'How factors are fed in: [φ, 1 − φ] or [cos, sin]',
  }),
  form: option.choice(forms, {
    default: 'centred',
    help: 'Predict weights (direct), what is added to shared ones (residual), or how they change from the middle of the range (centred)',
  }),
  residualScale: option.number({
    above: 0,
    most: 1000,
    default: 0.1,
    help: 'Size of predictions beside the shared weights at the start; in the centred form where gates are open (they start at 0.03)',
  }),
};

/** What a hypernetwork takes of a setting. */
export const hypernetworkInputs = {
  factors: option.integer({
    least: 1,
    most: limits.inputs,
    default: 1,
    help: 'Rescaling factors that it takes',
  }),
  conditions: option.integer({
    least: 0,
    most: limits.inputs,
    default: 0,
    help: 'Conditions of the setting that it takes besides, such as the weight of a regularizer',
  }),
};

/** What else of a setting it may take. */
export const knobOptions = {
  knobs: option.list(option.choice(knobs, { help: '' }), {
    least: 0,
    most: knobs.length,
    optional: true,
    help: 'What else of the setting it takes: the width, the resolution',
  }),
};

/** The form in which heads are shipped: see `curveDirections`. */
export const projectionOptions = {
  directions: option.integer({
    least: 1,
    most: limits.width,
    optional: true,
    help: 'Directions of the last hidden layer that heads read; absent: all of it',
  }),
};

/** Options of a hypernetwork. */
export interface HypernetworkConfig extends GivenOptions<typeof hypernetworkOptions> {
  /** Rescaling factors that it takes: 1 for a common one, else one per downsampling step. @default 1 */
  readonly factors?: number;
  /** Conditions of the setting that it takes besides, such as the weight of a regularizer. @default 0 */
  readonly conditions?: number;
  /** What else of the setting it takes: the share of features, that of the image's size. @default none */
  readonly knobs?: readonly Knob[];
  /** How many directions of the last hidden layer the heads read; see `curveDirections`. @default all of it */
  readonly directions?: number;
}

/** Parameters of a hypernetwork: its hidden layers, and one head per predicted tensor. */
export type HypernetworkSpecs = {
  readonly hidden: readonly DenseSpecs[];
  /** `[directions, width]`, orthonormal; where heads read some directions of the last hidden layer. */
  readonly directions?: ParamSpec;
  /** `[heads, 1]`: what each head's prediction is multiplied by; in the centred form. */
  readonly gates?: ParamSpec;
  readonly heads: { readonly [target: string]: HeadSpecs };
};

/** Predicts tensors by name from a setting. */
export interface Hypernetwork {
  readonly specs: HypernetworkSpecs;
  /** One tensor per target, of its shape and under its name. The caller owns them. */
  apply(params: ParamsOf<HypernetworkSpecs>, at: Setting): Map<string, Tensor>;
}

/** Keeps the square root of the mean square away from 0. */
const epsilon = 1e-12;

/**
 * The hypernetwork of the paper: encoded factors → dense layers with LeakyReLU (10 and 16 wide, in the paper 10 and 100) → one
 * linear head per predicted tensor, θ = s · (W·ĥ + b) in the paper's direct form, θ = θ₀ + r · s · W·ĥ in the residual form,
 * and θ = θ₀ + a · m · W·(ĥ − ĥ₀) in the centred form, the default, where ĥ₀ are the features in the middle of the range and a
 * is the head's gate.
 *
 * Two additions make it train, as literal Kaiming initialization makes activations grow tenfold per layer: s is the
 * standard deviation that the target's own fan-in asks for, kept outside of W so that one optimizer step moves every
 * layer in proportion to its scale; and ĥ is the last hidden layer divided by its root mean square, so that predicted
 * kernels have that standard deviation for every factor and seed. Tensors that would start constant, such as biases,
 * start within a tenth of their scale from it.
 *
 * @param targets What to predict, by name.
 * @throws {ValueError} if there are more than 16 hidden layers, a width is not an integer from 1 to 8192, `factors` or
 * `conditions` is out of bounds, `residualScale` is not above 0, or the heads would have more than 2³⁰ weights; from
 * `apply`, if the setting has another number of factors or conditions.
 * @throws {OptionError} for an unknown form or encoding.
 * @example
 * const kernels = new Map(namedSpecs(network.specs).filter(([, { role }]) => role === 'kernel'));
 * const { specs, apply } = hypernetwork(kernels);
 * const predicted = apply(initialize(specs, Rng.fromSeed(1)), setting(0.25));
 *
 * *Source*: the paper, sections 3, 4.4 and A.1. The residual form: Gonzalez Ortiz et al., "Magnitude invariant
 * parametrizations improve hypernetwork learning" (2023).
 */
export function hypernetwork(
  targets: ReadonlyMap<string, ParamSpec>,
  config: HypernetworkConfig = {},
): Hypernetwork {
  const {
    hidden = [10, 16],
    encoding = 'linear',
    factors = 1,
    conditions = 0,
    form = 'centred',
    residualScale = 0.1,
    directions,
    knobs: taken = [],
  } = config;
  requireOptions(
    'hypernetwork',
    { hidden, encoding, factors, conditions, form, residualScale, directions, knobs: taken },
    { ...hypernetworkOptions, ...hypernetworkInputs, ...knobOptions, ...projectionOptions },
  );
  const inputs = 2 * (factors + conditions + new Set(taken).size);
  const width = hidden.at(-1) ?? inputs;
  if (directions !== undefined && directions > width) {
    throw new ValueError({
      where: 'hypernetwork: directions',
      got: directions,
      expected: `at most ${width}, the width of the last hidden layer`,
    });
  }
  const { modules, specs: ofHidden } = scoped({
    hidden: hidden.map((outFeatures, i) =>
      dense({ inFeatures: hidden[i - 1] ?? inputs, outFeatures, activation: 'leakyRelu' }),
    ),
  });
  const plans = [...targets].map(
    ([name, target]) =>
      [name, planHead(target, { hidden: width, width: directions ?? width }, form, residualScale)] as const,
  );
  const specs: HypernetworkSpecs = {
    ...ofHidden,
    ...(directions === undefined ? {} : { directions: directionSpec(directions, width) }),
    ...(form === 'centred' ? { gates: gateSpec(plans.length) } : {}),
    heads: Object.fromEntries(plans.map(([name, plan]) => [name, plan.specs])),
  };
  requireRoom(specs);
  const takes = { factors, conditions, knobs: taken };
  const settingsFor = (at: Setting) => (form === 'centred' ? [at, middleSetting(takes)] : [at]);

  return {
    specs,
    apply(params, at) {
      const predictions = tidy(() => {
        let h = tensor2d(settingsFor(at).map((each) => encodeSetting(each, takes, encoding)));
        for (const [i, layer] of modules.hidden.entries()) h = layer.apply(params.hidden[i]!, h, at);
        const features = unitDifference(h, { epsilon, scale: form === 'centred' ? centredStep(width) : 1 });
        const { directions: basis } = params;
        const read = basis === undefined ? features : matMul(features, basis as Tensor2D, false, true);
        const scales = plans.map(([, plan]) => plan.scales);
        const gates = form === 'centred' ? params.gates! : tensor2d(scales.map(({ weight }) => [weight]));
        const heads = plans.map(([name]) => params.heads[name]!);
        const inputs = {
          weights: heads.map(({ weight }) => weight as Tensor2D),
          bases: heads.map(({ base }) => base),
          gates: gates as Tensor2D,
          hidden: read as Tensor2D,
        };
        return applyHeads(
          inputs,
          scales.map(({ base }) => base),
        );
      });
      return new Map(plans.map(([name], i) => [name, predictions[i]!]));
    },
  };
}

function directionSpec(directions: number, width: number): ParamSpec {
  return {
    kind: 'param',
    role: 'kernel',
    axes: ['directions', 'hidden'],
    shape: [directions, width],
    fanIn: width,
    init: { kind: 'normal', std: 1 / Math.sqrt(width) },
  };
}

function gateSpec(heads: number): ParamSpec {
  return {
    kind: 'param',
    role: 'scale',
    axes: ['heads', 'one'],
    shape: [heads, 1],
    fanIn: 1,
    init: { kind: 'constant', value: gateStart },
  };
}

function requireRoom(specs: HypernetworkSpecs): void {
  const parameters = countParams(specs);
  if (parameters <= limits.parameters) return;
  throw new ValueError({
    where: 'hypernetwork: parameters',
    got: parameters,
    expected: `at most ${limits.parameters}`,
    hint: 'A head has as many weights as its tensor times the width of the last hidden layer: make that narrower.',
  });
}
