import { kaimingNormal, type ParamSpec } from '@sshn/core';

/** How a prediction becomes a weight. */
export type Form = 'direct' | 'residual' | 'balanced';

/** All forms. */
export const forms = ['direct', 'residual', 'balanced'] as const satisfies readonly Form[];

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

/** A head before it exists: θ = scales.weight · W·ĥ + scales.base · base. */
export interface HeadPlan {
  readonly specs: HeadSpecs;
  readonly scales: HeadScales;
}

/** What predictions of a parameter that starts constant, such as a bias, start at, in units of its scale. */
const smallStart = 0.1;

/** Share of a step of the balanced form that moves the shared weights; the rest moves what is predicted. */
const sharedStep = 0.5;

/** Mean of |ĥ| where its mean square is 1, as leaky rectifiers leave most features near 0. */
const meanFeature = 0.6;

/**
 * The head that predicts a parameter, so that at initialization the parameter has the distribution that it asks for, given
 * hidden features ĥ with a mean square of 1.
 *
 * Direct: θ = s · (W·ĥ + b), where s is the parameter's scale. Residual: θ = θ₀ + r · s · c · W·ĥ, where r is
 * `residualScale` and c = 1/√(1 + r²) makes the variances of both terms add up to s².
 *
 * Balanced: the same sum at the start, split otherwise between factors and parameters, θ = a · θ₀ + m · W·ĥ. A step of Adam
 * moves each entry of W by the learning rate η, all of them together θ by m · Σ|ĥ| · η, and θ₀ by η: residual heads
 * step 1.5 (layers of 32 features) to 2 times (of 8) as far as a plain network at the same learning rate. With
 * a + m · Σ|ĥ| = 1 they step as far, whatever the width of the hidden layer, the layer and r.
 *
 * @param hidden Width of the last hidden layer.
 * @param width Entries of ĥ that the head reads: `hidden`, or in a shipped file the directions of it.
 *
 * *Source* of the balance: Yang and Hu, "Tensor Programs IV" and "V" (2021, 2022), on steps that keep their size as widths change.
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
  const share = 1 / Math.sqrt(1 + residualScale ** 2);
  const ofPrediction = residualScale * share * scale;
  const isBalanced = form === 'balanced';
  const scales = isBalanced
    ? { weight: (1 - sharedStep) / (meanFeature * hidden), base: sharedStep }
    : { weight: ofPrediction, base: 1 };
  const base =
    init.kind === 'constant'
      ? { ...init, value: init.value / scales.base }
      : { ...init, std: (share * init.std) / scales.base };
  const spread = weight.init.std * (isBalanced ? ofPrediction / scales.weight : 1);
  return {
    specs: { weight: { ...weight, init: { kind: 'normal', std: spread } }, base: { ...target, init: base } },
    scales,
  };
}

/** The natural size of a parameter's values: what its initializer or else its fan-in says. */
function scaleOf({ init, role, fanIn }: ParamSpec): number {
  if (init.kind === 'normal') return init.std;
  return role === 'bias' ? kaimingNormal(fanIn).std : 0.1;
}
