import { unet } from '@sshn/architectures';
import { useFastWasm } from '@sshn/backend-wasm';
import { initialize, Rng, setting } from '@sshn/core';
import { fieldOf, localNccLoss, pairImages, registrationNetwork, warp } from '@sshn/registration';
import { backend, profile, type Tensor, zeros } from '@tensorflow/tfjs-core';
import { expect, test } from 'vitest';

const features = 16;
const size = [64, 72, 80];
const voxels = 64 * 72 * 80;
const heapBytes = () =>
  (backend() as unknown as { wasm: { asm: { memory: WebAssembly.Memory } } }).wasm.asm.memory.buffer
    .byteLength;

// So that 160 × 192 × 224 voxels stay within 2.6 GB of a heap that ends at 4.
test('inference at full resolution takes four maps of features at most, and less than 380 bytes of the heap a voxel', async () => {
  await useFastWasm({ threads: 1 });
  const backbone = unet({ rank: 3, inChannels: 2, outChannels: features, features });
  const network = registrationNetwork({ backbone });
  const params = initialize(network.specs, Rng.fromSeed(1));
  const moving: Tensor = zeros([1, ...size, 1]);
  const fixed: Tensor = zeros([1, ...size, 1]);
  const { peakBytes } = await profile(() => {
    const flow = network.apply(params, pairImages(moving, fixed), setting(0.25));
    const field = fieldOf(flow, size, { integrationSteps: 7 });
    return localNccLoss(warp(moving, field), fixed);
  });
  expect(peakBytes / voxels).toBeLessThan(4 * features * 4 + 32);
  expect(heapBytes() / voxels).toBeLessThan(380);
});
