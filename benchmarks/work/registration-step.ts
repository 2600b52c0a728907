import { Rng, rescaledSize } from '@sshn/core';
import type { RegistrationJob } from './job.js';
import { networkFor, registrationNetworkOf } from './networks.js';
import { randomWaves, randomWeights } from './random.js';
import type { Work } from './work.js';

const SIZE = [80, 96, 112];
const FEATURES = 16;
const STAGES = 4;
const FACTOR = 0.25;

/** A step of training on one pair of volumes: a velocity at half resolution, integrated, and a displacement at full. */
export const registrationStep: readonly Work[] = [
  registrationWork('half', 5, 'velocity at half resolution, 5 steps'),
  registrationWork('full', 0, 'displacement at full resolution'),
];

function registrationWork(
  resolution: RegistrationJob['resolution'],
  integrationSteps: number,
  words: string,
): Work {
  const seen = resolution === 'full' ? SIZE : rescaledSize(SIZE, 0.5);
  const channels = { inChannels: 2, outChannels: FEATURES, features: FEATURES };
  const job: RegistrationJob = {
    kind: 'registration',
    network: networkFor(seen, FACTOR, channels, STAGES),
    size: SIZE,
    resolution,
    integrationSteps,
    window: 9,
    weight: 1,
    factor: FACTOR,
  };
  return {
    name: `register-3d-${resolution}`,
    title: `3D registration step, 80×96×112, ${words}, φ = ${FACTOR}`,
    job,
    inputs: () => {
      const rng = Rng.fromSeed(1);
      return new Map([
        ...randomWeights(registrationNetworkOf(job).specs, rng),
        ['moving', randomWaves(SIZE, rng.split('moving'))],
        ['fixed', randomWaves(SIZE, rng.split('fixed'))],
      ]);
    },
  };
}
