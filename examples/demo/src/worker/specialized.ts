import { type Manifest, networkOf, saveModel } from '@sshn/model';
import type { Tensor } from '@tensorflow/tfjs-core';

/**
 * A file of the plain network for one factor: nothing of the hypernetwork is left, so it is as small as any U-Net.
 *
 * @param manifest Of the whole model. @param weights Of its network by path; stay the caller's.
 */
export async function specialized(
  manifest: Manifest,
  weights: ReadonlyMap<string, Tensor>,
  factor: number,
  gflops: number,
): Promise<Uint8Array> {
  const { format: _, version: __, ...rest } = manifest;
  const known = manifest.accuracyCost.find((point) => Math.abs(point.factor - factor) < 1e-9);
  const method = { kind: 'fixed', factor } as const;
  return saveModel({
    specs: networkOf({ network: manifest.network, method }).specs,
    params: { hypernetwork: { hidden: [], heads: {} }, network: Object.fromEntries(weights) },
    manifest: {
      ...rest,
      method,
      prior: { kind: 'constant', factor },
      accuracyCost: known === undefined ? [] : [{ ...known, gflops }],
    },
  });
}
