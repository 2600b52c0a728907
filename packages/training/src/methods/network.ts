import type { Manifest } from '@sshn/model';
import { knobsOf } from '../config/knobs.js';
import type { RunConfig } from '../config/run-config.js';
import { priorOf } from './prior.js';

/** What the data decide about a network. */
export interface ImageSpace {
  /** `[height, width]` or `[depth, height, width]`, in pixels. */
  readonly size: readonly number[];
  readonly channels: number;
  /** The background included. */
  readonly labelNames: readonly string[];
}

/**
 * The network that a configuration asks for, as a model's manifest has it: `networkOf` of @sshn/model makes it.
 *
 * *Source*: the paper, section 4.3, for the four methods.
 */
export function describeNetwork(config: RunConfig, space: ImageSpace): Pick<Manifest, 'network' | 'method'> {
  const { name: architecture, ...options } = config.architecture;
  const { resolution, integrationSteps } = config.registration;
  const isRegistration = config.task === 'registration';
  const { inputResolution } = config;
  const knobs = knobsOf(config.knobs);
  return {
    network: {
      architecture,
      options: {
        ...options,
        rank: space.size.length,
        inChannels: space.channels,
        outChannels: isRegistration ? [options.features].flat()[0]! : space.labelNames.length,
        film: config.method === 'film',
        // Nobody would train what fpn predicts at other resolutions.
        ...(isRegistration ? { deepSupervision: false } : {}),
      },
      ...(knobs.length === 0 ? {} : { knobs }),
      ...(inputResolution === undefined || inputResolution === 1 ? {} : { resolution: inputResolution }),
      ...(isRegistration ? { flow: { resolution, integrationSteps } } : {}),
    },
    method: describeMethod(config),
  };
}

function describeMethod(config: RunConfig): Manifest['method'] {
  const { method } = config;
  switch (method) {
    case 'fixed': {
      const prior = priorOf(config);
      return { kind: method, factor: prior.kind === 'constant' ? prior.factor : prior.high };
    }
    case 'stochastic':
      return { kind: method };
    case 'film':
    case 'sshn':
      return { kind: method, hypernetwork: { ...config.hypernetwork, ...inputsOf(config) } };
  }
}

/** What a hypernetwork takes: the factors of a draw from the prior, and λ where that is drawn too. */
function inputsOf(config: RunConfig): { readonly factors: number; readonly conditions: number } {
  const prior = priorOf(config);
  const conditions = config.task === 'registration' && config.registration.lambdaRange !== undefined ? 1 : 0;
  const factors = prior.kind === 'constant' ? [prior.factor].flat().length : (prior.factors ?? 1);
  return { factors, conditions };
}
