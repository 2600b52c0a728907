import { kaimingNormal, type ParamSpec } from '@sshn/core';

/** How a prediction becomes a weight. */
export type Form = 'direct' | 'residual';

/** All forms. */
export const forms = ['direct', 'residual'] as const satisfies readonly Form[];

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

/**
 * The head that predicts a parameter, so that at initialization the parameter has the distribution that it asks for, given
 * hidden features ĥ with a mean square of 1.
 *
 * Direct: θ = s · (W·ĥ + b), where s is the parameter's scale. Residual: θ = θ₀ + r · s · c · W·ĥ, where r is
 * `residualScale` and c = 1/√(1 + r²) makes the variances of both terms add up to s².
 *
 * @param width Entries of ĥ.
 */
export function planHead(target: ParamSpec, width: number, form: Form, residualScale: number): HeadPlan {
  const { init } = target;
  const scale = scaleOf(target);
  const outputs = target.shape.reduce((product, n) => product * n, 1);
  const weight: ParamSpec = {
    kind: 'param',
    role: 'kernel',
    axes: ['outputs', 'hidden'],
    shape: [outputs, width],
    fanIn: width,
    init: { kind: 'normal', std: (init.kind === 'normal' ? 1 : smallStart) / Math.sqrt(width) },
  };
  if (form === 'direct') {
    const start = init.kind === 'constant' ? init.value / scale : 0;
    return {
      specs: { weight, base: { ...target, init: { kind: 'constant', value: start } } },
      scales: { weight: scale, base: scale },
    };
  }
  const share = 1 / Math.sqrt(1 + residualScale ** 2);
  return {
    specs: {
      weight,
      base: init.kind === 'constant' ? target : { ...target, init: { ...init, std: share * init.std } },
    },
    scales: { weight: residualScale * share * scale, base: 1 },
  };
}

/** The natural size of a parameter's values: what its initializer or else its fan-in says. */
function scaleOf({ init, role, fanIn }: ParamSpec): number {
  if (init.kind === 'normal') return init.std;
  return role === 'bias' ? kaimingNormal(fanIn).std : 0.1;
}
