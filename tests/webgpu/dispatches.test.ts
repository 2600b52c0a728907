import { createNetwork } from '@sshn/architectures';
import { useFastWebgpu } from '@sshn/backend-webgpu';
import { initialize, namedParams, namedSpecs, Rng, setting } from '@sshn/core';
import { hypernetize } from '@sshn/hypernet';
import { crossEntropy } from '@sshn/losses';
import { valueAndGradients } from '@sshn/ops';
import { adam, clippingScale, globalNorm } from '@sshn/optim';
import { add, backend, type Scalar, type Tensor, zeros } from '@tensorflow/tfjs-core';
import { describe, expect, test } from 'vitest';
import { hasWebgpu, noise } from './compare.js';

/** How often each program is started while `run` runs and until all that it records is with the device, by the program's name. */
async function dispatchesOf(run: () => Promise<void>): Promise<Map<string, number>> {
  // What was recorded before goes to the device first, as counts begin with a new encoder.
  const before = add(noise('before', [10_000]), 1);
  await before.data();
  before.dispose();
  const { device } = backend() as unknown as { readonly device: GPUDevice };
  const counts = new Map<string, number>();
  const createCommandEncoder = device.createCommandEncoder;
  device.createCommandEncoder = (descriptor) => {
    const encoder = createCommandEncoder.call(device, descriptor);
    const beginComputePass = encoder.beginComputePass;
    encoder.beginComputePass = (ofPass) => {
      const pass = beginComputePass.call(encoder, ofPass);
      const { setPipeline, dispatchWorkgroups } = pass;
      let name = '';
      pass.setPipeline = (pipeline) => {
        name = pipeline.label;
        setPipeline.call(pass, pipeline);
      };
      pass.dispatchWorkgroups = (...groups) => {
        counts.set(name, (counts.get(name) ?? 0) + 1);
        dispatchWorkgroups.apply(pass, groups);
      };
      return pass;
    };
    return encoder;
  };
  try {
    await run();
  } finally {
    device.createCommandEncoder = createCommandEncoder;
  }
  return counts;
}

describe.skipIf(!hasWebgpu)('how many programs are started', { timeout: 180_000 }, () => {
  test('by a step of an SSHN: a U-Net of five stages', async () => {
    await useFastWebgpu();
    const network = createNetwork('unet', { inChannels: 1, outChannels: 2, features: 2 });
    const model = hypernetize(network, { predict: 'convolutions' });
    const params = initialize(model.specs, Rng.fromSeed(1));
    const image = noise('image', [1, 8, 8, 1]);
    const labels = zeros([1, 8, 8], 'int32');
    const optimizer = adam();
    const state = optimizer.init(params);
    const counts = await dispatchesOf(async () => {
      const { value, gradients } = valueAndGradients(
        params,
        (now): Scalar => crossEntropy(model.apply(now, image, setting(0.5)), labels),
      );
      // As a training does by default.
      const [, [norm]] = await Promise.all([value.data(), globalNorm(gradients).data()]);
      const next = optimizer.update(gradients, state, params, {
        step: 0,
        learningRate: 0.01,
        overwrite: true,
        gradientScale: clippingScale(norm!, 1),
      });
      const [[, last]] = [...namedParams(next.params)] as [[string, Tensor]];
      await last.data();
    });
    const heads = [...namedSpecs(network.specs)].length;
    const tensors = [...namedSpecs(model.specs)].length;
    const total = [...counts.values()].reduce((sum, count) => sum + count, 0);
    expect([heads, tensors]).toEqual([38, 81]);
    const startsOf = (prefix: string) =>
      [...counts].reduce((sum, [name, count]) => sum + (name.startsWith(prefix) ? count : 0), 0);
    // Four buffers for a tensor, and three for a head besides two, of eight at the least.
    expect(startsOf('adam')).toBeLessThanOrEqual(Math.ceil(tensors / 2));
    for (const name of ['heads', 'gradients of heads'])
      expect(startsOf(name), name).toBeLessThanOrEqual(Math.ceil(heads / 2));
    // Clipping costs the norm of all gradients, and no pass over them: seven in a program, and the root.
    const norm = startsOf('squares') + startsOf('root');
    expect(norm).toBe(Math.ceil(tensors / 7) + 1);
    expect(total - norm, JSON.stringify([...counts])).toBeLessThanOrEqual(164);
  });
});
