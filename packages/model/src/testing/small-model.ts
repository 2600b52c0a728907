import { unet } from '@sshn/architectures';
import { initialize, type ParamsOf, Rng, type SpecNode } from '@sshn/core';
import { hypernetize } from '@sshn/hypernet';
import type { ManifestInput } from '../manifest/schema.js';
import type { Model } from '../model.js';

export const options = { inChannels: 3, outChannels: 3, features: [4, 6], convolutionsPerStage: 1 };
export const hypernetwork = {
  hidden: [5, 8],
  encoding: 'linear',
  form: 'residual',
  residualScale: 0.1,
  factors: 1,
  conditions: 0,
} as const;

export const manifest: ManifestInput = {
  task: 'segmentation',
  network: { architecture: 'unet', options },
  method: { kind: 'sshn', hypernetwork },
  prior: { kind: 'uniform', low: 0, high: 0.5 },
  preprocessing: { size: [128, 128], channels: 3, intensity: { kind: 'percentile', low: 1, high: 99 } },
  labels: [{ name: 'background' }, { name: 'nucleus', color: [90, 30, 160] }, { name: 'cytoplasm' }],
  accuracyCost: [
    { factor: 0, dice: 0.722, gflops: 1.2, milliseconds: null },
    { factor: 0.5, dice: 0.927, gflops: 2.7, milliseconds: 31.5 },
  ],
  provenance: {
    versions: { '@sshn/training': '0.1.0' },
    seed: 7,
    dataset: 'phantoms',
    date: '2024-05-06T07:08:09.010Z',
    configHash: 'c0ffee',
  },
};

/** A small hypernetized U-Net. The caller owns its parameters. */
export function smallNetwork() {
  return hypernetize(unet(options), { predict: 'convolutions', ...hypernetwork });
}

/** The same with weights, as it is saved. */
export function smallModel(): Model<ReturnType<typeof smallNetwork>['specs']> {
  const { specs } = smallNetwork();
  return {
    specs,
    params: initialize(specs as SpecNode, Rng.fromSeed(3)) as ParamsOf<typeof specs>,
    manifest,
  };
}
