import { loadModel } from '@sshn/model';
import { resizeLinear } from '@sshn/ops';
import { Registrar } from '@sshn/predict';
import { fieldOf, type RegistrationObjective, similarityLoss, warp } from '@sshn/registration';
import { dispose, type Tensor, tidy } from '@tensorflow/tfjs-core';
import type { RegistrationPair } from './pair.js';

/** What the network made of a pair. */
export interface NetworkFlow {
  /** A velocity on the network's grid; the caller's. */
  readonly flow: Tensor;
  /** Whether it brings the images closer; where it does not, refinement had better begin at nothing. */
  readonly isCloser: boolean;
  readonly gflops: number;
  /** Of the network, its weights apart. */
  readonly milliseconds: number;
}

/** Predicts a flow for a pair at a factor, at the size that the network was trained on. @param bytes The model file. */
export async function flowFor(
  { moving, fixed }: RegistrationPair,
  { bytes, factor }: { readonly bytes: Uint8Array; readonly factor: number },
  objective: RegistrationObjective,
): Promise<NetworkFlow> {
  using registrar = new Registrar(loadModel(bytes, 'registration.safetensors'));
  const { size } = registrar.manifest.preprocessing;
  registrar.weightsAt(registrar.choose({ factor }).at);
  const seen = [resizeLinear(moving, size), resizeLinear(fixed, size)] as const;
  try {
    const began = performance.now();
    const flow = registrar.flowOf(...seen, { factor });
    await flow.data();
    const milliseconds = performance.now() - began;
    const losses = tidy(() => {
      const moved = warp(moving, fieldOf(flow, moving.shape.slice(1, 3), objective));
      return [similarityLoss(moving, fixed, objective), similarityLoss(moved, fixed, objective)];
    });
    const [before, after] = await Promise.all(losses.map(async (loss) => (await loss.data())[0]!));
    dispose(losses);
    return { flow, isCloser: after! < before!, gflops: registrar.gflopsAt(factor), milliseconds };
  } finally {
    dispose([...seen]);
  }
}
