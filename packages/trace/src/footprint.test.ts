import { unet } from '@sshn/architectures';
import { setting } from '@sshn/core';
import { useBackend } from '@sshn-internal/testing';
import { memory } from '@tensorflow/tfjs-core';
import { expect, test } from 'vitest';
import { trace } from './index.js';

test('a 3D U-Net on a volume of 256³ allocates no tensor data', async () => {
  await useBackend('cpu');
  const network = unet({ rank: 3, inChannels: 1, outChannels: 4, features: 16 });
  const at = setting(0.5);
  const run = () =>
    trace((params, x) => network.apply(params, x, at), [network.specs, { shape: [1, 256, 256, 256, 1] }]);
  const { numTensors, numDataBuffers, numBytes } = memory();
  const { arrayBuffers } = process.memoryUsage();
  const { graph } = run();
  // One activation at full resolution would be 256³ · 16 · 4 bytes = 1 GiB; constants such as slopes are few bytes.
  expect(process.memoryUsage().arrayBuffers - arrayBuffers).toBeLessThan(1 << 20);
  expect(memory()).toMatchObject({ numTensors, numDataBuffers, numBytes });
  expect(graph.outputs[0]!.tensor.shape).toEqual([1, 256, 256, 256, 4]);
  expect(graph.leaves.filter(({ origin }) => origin.kind === 'constant')).toEqual([]);
});
