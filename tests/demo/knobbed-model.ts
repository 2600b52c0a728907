import { initialize, namedParams, Rng } from '@sshn/core';
import { type ManifestInput, networkOf, saveModel } from '@sshn/model';
import { dispose, ready } from '@tensorflow/tfjs-core';

/** A model file with random weights that runs at several widths and resolutions, and a front of three settings. */
export async function knobbedModel(): Promise<Uint8Array> {
  const manifest: ManifestInput = {
    task: 'segmentation',
    network: {
      architecture: 'unet',
      options: { rank: 2, inChannels: 3, outChannels: 2, features: 8, stages: 3 },
      knobs: ['width', 'resolution'],
    },
    method: {
      kind: 'sshn',
      hypernetwork: {
        hidden: [4],
        encoding: 'linear',
        form: 'residual',
        residualScale: 0.1,
        factors: 1,
        conditions: 0,
      },
    },
    prior: { kind: 'uniform', low: 0, high: 0.5 },
    knobRanges: { width: [0.25, 1], resolution: [0.5, 1] },
    preprocessing: { size: [32, 32], channels: 3, intensity: { kind: 'minMax' } },
    labels: [{ name: 'background' }, { name: 'nucleus' }],
    accuracyCost: [
      { factor: 0.25, width: 0.5, resolution: 0.5, dice: 0.8, gflops: 0.0004, milliseconds: null },
      { factor: 0.25, width: 1, resolution: 0.5, dice: 0.85, gflops: 0.0012, milliseconds: null },
      { factor: 0.5, width: 1, resolution: 0.75, dice: 0.9, gflops: 0.003, milliseconds: null },
    ],
    provenance: { versions: {}, seed: 1, dataset: 'test', date: '2026-01-02T03:04:05.000Z', configHash: 'x' },
  };
  await ready();
  const { specs } = networkOf(manifest as Parameters<typeof networkOf>[0]);
  const params = initialize(specs, Rng.fromSeed(3));
  try {
    return await saveModel({ specs, params, manifest });
  } finally {
    dispose([...namedParams(params).values()]);
  }
}
