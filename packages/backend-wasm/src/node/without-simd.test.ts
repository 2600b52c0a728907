import { conv2d, engine, env, ones, type Tensor4D } from '@tensorflow/tfjs-core';
import { expect, test } from 'vitest';
import { useFastWasm } from './index.js';

/** The middle of a convolution of ones, and of its gradient to the filter. */
function convolve(): number[] {
  const x = ones([1, 5, 5, 2]) as Tensor4D;
  const y = conv2d(x, ones([3, 3, 2, 1]) as Tensor4D, 1, 'same');
  const attributes = { strides: 1, pad: 'same', dataFormat: 'NHWC', filterShape: [3, 3, 2, 1] };
  const gradient = engine().runKernel(
    'Conv2DBackpropFilter',
    { x, dy: ones([1, 5, 5, 1]) },
    attributes as never,
  );
  return [y.dataSync()[12]!, ([gradient].flat()[0] as Tensor4D).dataSync()[8]!];
}

// A file of its own: once tfjs has started with SIMD, it does not start without.
test('without SIMD all is composed of stock kernels, and the status says so', async () => {
  env().set('WASM_HAS_SIMD_SUPPORT', false);
  const status = await useFastWasm({ threads: 2 });
  expect(status).toMatchObject({ simd: false, threads: 1 });
  expect(status.kernels.native).toEqual([]);
  expect(status.kernels.composed).toContain('Conv2DBackpropFilter');
  expect(status.limits).toEqual([
    'One thread: there is no SIMD in wasm here.',
    'No compiled kernels: there is no SIMD in wasm here.',
  ]);
  expect(convolve()).toEqual([18, 25]);
});
