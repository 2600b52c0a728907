import { disposeParams, initialize, Rng } from '@sshn/core';
import { type ManifestInput, networkOf } from '@sshn/model';
import { writeModelFile } from '@sshn/model/node';
import { describeNetwork, parseRunConfig, type RunConfigInput } from '@sshn/training';

/** Stores a model with random weights of what a configuration trains. */
export async function storeModel(
  path: string,
  config: RunConfigInput,
  space: { size: number[]; channels: number },
  values?: readonly [number, number, number],
) {
  const { architecture, ...rest } = config;
  const full = parseRunConfig({ ...rest, architecture: { features: 4, stages: 3, ...architecture } }, 'test');
  const labelNames = ['background', 'nucleus', 'cytoplasm'];
  const described = describeNetwork(full, { ...space, labelNames });
  const { specs } = networkOf(described);
  const params = initialize(specs, Rng.fromSeed(5));
  const manifest: ManifestInput = {
    task: 'segmentation',
    ...described,
    prior: { kind: 'uniform', low: 0, high: 0.5 },
    preprocessing: {
      ...space,
      intensity: { kind: 'minMax' },
      ...(space.size.length === 3 ? { volumes: { fit: 'resize' as const } } : {}),
    },
    labels: labelNames.map((label, i) => ({
      name: label,
      ...(values === undefined ? {} : { value: values[i]! }),
    })),
    accuracyCost: [
      { factor: 0.1, dice: 0.8, gflops: 0.001, milliseconds: null },
      { factor: 0.4, dice: 0.9, gflops: 0.002, milliseconds: null },
    ],
    provenance: { versions: {}, seed: 1, dataset: 'test', date: '2026-01-02T03:04:05.000Z', configHash: 'x' },
  };
  await writeModelFile(path, { specs, params, manifest });
  disposeParams(params);
}
