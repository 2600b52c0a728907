import { crossEntropy, softDiceLoss } from '@sshn/losses';
import { applyAdaptiveMaximum, resizeLinear } from '@sshn/ops';
import { localNccLoss, warp } from '@sshn/registration';
import { add, dispose, memory, type Tensor, tensor, tidy } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { hasWebgpu, noise, withGradients } from './compare.js';

/** All of ours that keep something for themselves, once: values and gradients. */
function everything(): Tensor[] {
  return tidy(() => {
    const x = noise('x', [2, 12, 9, 2]);
    // Many places read one voxel.
    const field = noise('field', [2, 12, 9, 2], 30);
    const labels = tensor(
      Int32Array.from({ length: 2 * 12 * 9 }, (_, i) => i % 2),
      [2, 12, 9],
      'int32',
    );
    return [
      ...withGradients((image, places) => warp(image!, places!), [x, field]),
      ...withGradients((image) => applyAdaptiveMaximum(resizeLinear(image!, [40, 30]), [5, 7]), [x]),
      ...withGradients((z) => add(crossEntropy(z!, labels), softDiceLoss(z!, labels)), [x]),
      ...withGradients((image) => localNccLoss(image!, noise('fixed', x.shape)), [x]),
    ];
  });
}

async function bitsOf(tensors: Tensor[]): Promise<Buffer[]> {
  const data = await Promise.all(tensors.map((x) => x.data()));
  dispose(tensors);
  return data.map((values) => Buffer.from(Uint8Array.from(new Uint8Array((values as Float32Array).buffer))));
}

describe.skipIf(!hasWebgpu)('again and again', { timeout: 180_000 }, () => {
  let first: Buffer[];
  beforeAll(async () => {
    first = await bitsOf(everything());
  }, 180_000);

  test('the same bits, in the same memory', async () => {
    const { numTensors } = memory();
    const bytes = () => memory() as unknown as { numBytesInGPU: number; numBytesAllocatedInGPU: number };
    const { numBytesInGPU } = bytes();
    for (let turn = 0; turn < 3; turn++) expect(await bitsOf(everything())).toEqual(first);
    const { numBytesAllocatedInGPU } = bytes();
    for (let turn = 0; turn < 8; turn++) expect(await bitsOf(everything())).toEqual(first);
    expect(memory().numTensors).toBe(numTensors);
    expect(bytes().numBytesInGPU).toBe(numBytesInGPU);
    expect(bytes().numBytesAllocatedInGPU).toBe(numBytesAllocatedInGPU);
  });
});
