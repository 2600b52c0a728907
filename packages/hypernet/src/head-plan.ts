import { kaimingNormal, type ParamSpec } from '@sshn/core';

/** How a prediction becomes a weight. */
export type Form = 'direct' | 'residual' | 'centred';

/** All forms. */
export const forms = ['direct', 'residual', 'centred'] as const satisfies readonly Form[];

/** Parameters of a head: the matrix W, and what is added to W·ĥ: b, or in the residual form θ₀. */
export type HeadSpecs = {
  readonly weight: ParamSpec;
  readonly base: ParamSpec;
};

/** Factors of the two terms of a head. */
interface HeadScales {
  readonly weight: number;
  readonly base: number;
}

/** A head before it exists: θ = scales.weight · W·ĥ + scales.base · base; with a · m · (ĥ − ĥ₀) for ĥ in the centred form. */
export interface HeadPlan {
  readonly specs: HeadSpecs;
  readonly scales: HeadScales;
}

/** What predictions of a parameter that starts constant, such as a bias, start at, in units of its scale. */
const smallStart = 0.1;

/** Where gates of the centred form start: small enough that a network first learns as a plain one does. */
export const gateStart = 0.03;

/**
 * Of the features of the centred form at the ends of the usual range, φ = 0 and 0.5: the mean of their size, and of their
 * square. Medians over seeds, of hidden layers from 8 to 100 wide.
 */
const centredFeature = { size: 0.2, square: 0.1 } as const;

/** m of the centred form, for a last hidden layer of a width. */
export function centredStep(hidden: number): number {
  return 1 / (centredFeature.size * hidden);
}

/**
 * The head that predicts a parameter, so that at initialization the parameter has the distribution that it asks for, given
 * hidden features ĥ with a mean square of 1.
 *
 * Direct: θ = s · (W·ĥ + b), where s is the parameter's scale. Residual: θ = θ₀ + r · s · c · W·ĥ, where r is
 * `residualScale` and c = 1/√(1 + r²) makes the variances of both terms add up to s².
 *
 * Centred: θ = θ₀ + a · m · W·(ĥ − ĥ₀), where ĥ₀ are the features in the middle of the usual range, so that θ₀ is the weight
 * there, and only what φ changes is predicted. A step of Adam moves each entry of W by the learning rate η, all of them
 * together θ by a · m · Σ|ĥ − ĥ₀| · η, and θ₀ by η. In the residual form both move θ the same way for all φ: the network steps
 * 1.5 (layers of 32 features) to 2 times (of 8) as far as a plain one. Here the weights in the middle step as those of a
 * plain network, and m makes predictions at the ends step by a · η besides, whatever the widths of the hypernetwork and the
 * layer. What is noise to an entry of W (all φ share most of a gradient, and few images are seen) adds up to little in the
 * gradient of the one number a: so gates grow where weights gain by following φ, and stay small elsewhere. Without them small
 * networks and short trainings are lost to that noise.
 *
 * @param hidden Width of the last hidden layer.
 * @param width Entries of ĥ that the head reads: `hidden`, or in a shipped file the directions of it.
 *
 * *Source* of steps that keep their size as widths change: Yang and Hu, "Tensor Programs IV" and "V" (2021, 2022).
 */
export function planHead(
  target: ParamSpec,
  { hidden, width }: { readonly hidden: number; readonly width: number },
  form: Form,
  residualScale: number,
): HeadPlan {
  const { init } = target;
  const scale = scaleOf(target);
  const outputs = target.shape.reduce((product, n) => product * n, 1);
  const weight = {
    kind: 'param',
    role: 'kernel',
    axes: ['outputs', 'hidden'],
    shape: [outputs, width],
    fanIn: width,
    init: { kind: 'normal', std: (init.kind === 'normal' ? 1 : smallStart) / Math.sqrt(width) },
  } as const satisfies ParamSpec;
  if (form === 'direct') {
    const start = init.kind === 'constant' ? init.value / scale : 0;
    return {
      specs: { weight, base: { ...target, init: { kind: 'constant', value: start } } },
      scales: { weight: scale, base: scale },
    };
  }
  if (form === 'centred') {
    const start = residualScale * scale * (init.kind === 'normal' ? 1 : smallStart);
    const std = start / (centredStep(hidden) * Math.sqrt(centredFeature.square * hidden));
    return {
      specs: { weight: { ...weight, init: { kind: 'normal', std } }, base: target },
      scales: { weight: 1, base: 1 },
    };
  }
  const share = 1 / Math.sqrt(1 + residualScale ** 2);
  const ofPrediction = residualScale * share * scale;
  const base = init.kind === 'constant' ? init : { ...init, std: share * init.std };
  return {
    specs: { weight, base: { ...target, init: base } },
    scales: { weight: ofPrediction, base: 1 },
  };
}

/** The natural size of a parameter's values: what its initializer or else its fan-in says. */
function scaleOf({ init, role, fanIn }: ParamSpec): number {
  if (init.kind === 'normal') return init.std;
  return role === 'bias' ? kaimingNormal(fanIn).std : 0.1;
}
