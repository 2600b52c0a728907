import { networkFor } from './networks.js';
import { trainingWork } from './training-step.js';
import { inferenceWork } from './unet-inference.js';
import type { Work } from './work.js';

/** What is measured on a GPU: training steps and inference of the U-Net of the paper, small and large. */
export const gpuWork: readonly Work[] = [
  training('fixed', 4, [128, 128], 0.25),
  training('sshn', 4, [128, 128], 0.25),
  training('sshn', 4, [128, 128], 0.5),
  inference(1, [256, 256], 32, 0.25),
  inference(8, [256, 256], 32, 0.25),
  inference(1, [64, 64, 64], 16, 0.25),
  training('sshn', 16, [256, 256], 0.25),
  training('sshn', 1, [64, 64, 64], 0.25, 16),
];

/** The same in tiny, for machines that compute WebGPU in software. */
export const tinyGpuWork: readonly Work[] = [
  training('sshn', 1, [16, 16], 0.25, 4),
  inference(1, [16, 16], 4, 0.25),
];

function training(
  method: 'fixed' | 'sshn',
  batch: number,
  size: readonly number[],
  factor: number,
  features = 32,
): Work {
  const words = method === 'sshn' ? 'SSHN' : 'Fixed';
  return trainingWork(
    `gpu-train-${method}-${batch}x${size.join('x')}-${factor}`,
    `${words} training step, ${batch} × ${inWords(size)}, ${features} features, φ = ${factor}`,
    {
      kind: 'training',
      method,
      network: networkFor(size, factor, { inChannels: 3, outChannels: 3, features }),
      batch,
      factor,
    },
  );
}

function inference(batch: number, size: readonly number[], features: number, factor: number): Work {
  return inferenceWork(
    `gpu-inference-${batch}x${size.join('x')}-${factor}`,
    `U-Net inference, ${batch} × ${inWords(size)}, ${features} features, φ = ${factor}`,
    size,
    { inChannels: 1, outChannels: 25, features },
    factor,
    batch,
  );
}

function inWords(size: readonly number[]): string {
  return `${size[0]}${size.length === 2 ? '²' : '³'}`;
}
