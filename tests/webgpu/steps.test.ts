import { createNetwork } from '@sshn/architectures';
import { fastWebgpuStatus, useFastWebgpu } from '@sshn/backend-webgpu';
import { disposeParams, initialize, Rng, setting } from '@sshn/core';
import { hypernetize } from '@sshn/hypernet';
import { crossEntropy } from '@sshn/losses';
import { valueAndGradients } from '@sshn/ops';
import { adam, globalNorm } from '@sshn/optim';
import { backend, dispose, memory, type Scalar, zeros } from '@tensorflow/tfjs-core';
import { beforeAll, expect, test } from 'vitest';
import { create, globals } from 'webgpu';

beforeAll(async () => {
  // Dawn's device that computes nothing: what is recorded is the same, and a step takes some milliseconds.
  Object.assign(globalThis, globals);
  if (globalThis.navigator === undefined)
    Object.defineProperty(globalThis, 'navigator', { value: {}, configurable: true });
  Object.defineProperty(globalThis.navigator, 'gpu', { value: create(['backend=null']), configurable: true });
  await useFastWebgpu();
  return () => void Reflect.deleteProperty(globalThis.navigator, 'gpu');
});

test('once memory has settled a step makes no bind group and no buffer of ours', async () => {
  const made = { bindGroups: 0, buffers: 0, layouts: 0 };
  const { device } = backend() as unknown as { readonly device: GPUDevice };
  const { createBindGroup, createBuffer } = device;
  device.createBindGroup = (descriptor) => {
    made.bindGroups++;
    return createBindGroup.call(device, descriptor);
  };
  device.createBuffer = (descriptor) => {
    made.buffers++;
    return createBuffer.call(device, descriptor);
  };
  const { getBindGroupLayout } = GPUComputePipeline.prototype;
  GPUComputePipeline.prototype.getBindGroupLayout = function (index) {
    made.layouts++;
    return getBindGroupLayout.call(this, index);
  };

  const model = hypernetize(createNetwork('unet', { inChannels: 1, outChannels: 2, features: 2 }), {
    predict: 'convolutions',
  });
  const [image, labels] = [zeros([1, 8, 8, 1]), zeros([1, 8, 8], 'int32')];
  const optimizer = adam();
  let params = initialize(model.specs, Rng.fromSeed(1));
  let state = optimizer.init(params);
  const steps: (typeof made & { bytes: number; tensors: number })[] = [];
  for (let step = 0; step < 40; step++) {
    Object.assign(made, { bindGroups: 0, buffers: 0, layouts: 0 });
    const { value, gradients } = valueAndGradients(
      params,
      (now): Scalar => crossEntropy(model.apply(now, image, setting(0.5)), labels),
    );
    const norm = globalNorm(gradients);
    await Promise.all([value.data(), norm.data()]);
    const now = { step, learningRate: 0.01, overwrite: true, gradientScale: 0.5 };
    const next = optimizer.update(gradients, state, params, now);
    dispose([value, norm]);
    for (const tree of [gradients, params, state]) disposeParams(tree);
    ({ params, state } = next);
    const { numTensors, ...ofDevice } = memory();
    const { numBytesAllocatedInGPU: bytes } = ofDevice as unknown as { numBytesAllocatedInGPU: number };
    steps.push({ ...made, bytes, tensors: numTensors });
  }

  expect(steps[0]!.bindGroups).toBeGreaterThan(150);
  for (const { bindGroups, buffers, layouts, bytes, tensors } of steps.slice(15)) {
    // Those of tfjs' own programs, of which each asks for a layout.
    expect(bindGroups).toBe(layouts);
    expect(bindGroups).toBeLessThan(12);
    // For uploads, which tfjs destroys.
    expect(buffers).toBeLessThan(4);
    expect([bytes, tensors]).toEqual([steps[14]!.bytes, steps[14]!.tensors]);
  }
  expect(fastWebgpuStatus()?.problems).toEqual([]);
});
