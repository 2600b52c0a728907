import { initialize, kaimingNormal, namedParams, type ParamSpec, Rng, zeros } from '@sshn/core';
import { valueAndGradients } from '@sshn/ops';
import { distinct } from '@sshn-internal/testing';
import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm';
import {
  add,
  backend,
  conv2d,
  conv2dTranspose,
  conv3d,
  depthwiseConv2d,
  expandDims,
  gather,
  leakyRelu,
  matMul,
  maxPool,
  mean,
  memory,
  mul,
  reshape,
  type Scalar,
  square,
  sub,
  type Tensor,
  type Tensor2D,
  type Tensor3D,
  type Tensor4D,
  type Tensor5D,
  tensor1d,
  tidy,
} from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { useFastWasm } from './index.js';

const param = (shape: number[], fanIn: number): ParamSpec => ({
  kind: 'param',
  role: 'kernel',
  axes: shape.map((_, i) => `axis${i}`),
  shape,
  fanIn,
  init: fanIn === 0 ? zeros : kaimingNormal(fanIn),
});

const specs = {
  first: param([3, 3, 2, 8], 18),
  bias: param([8], 0),
  strided: param([3, 3, 8, 8], 72),
  depthwise: param([3, 3, 8, 1], 9),
  up: param([3, 3, 4, 8], 72),
  deep: param([3, 3, 3, 1, 1], 27),
  dense: param([4, 3], 4),
};

/** A network that has every kind of kernel of ours. */
function loss(
  params: { readonly [Name in keyof typeof specs]: Tensor },
  x: Tensor4D,
  target: Tensor,
): Scalar {
  let y: Tensor4D = leakyRelu(add<Tensor4D>(conv2d(x, params.first as Tensor4D, 1, 'same'), params.bias));
  y = maxPool(y, 2, 2, 'same');
  y = leakyRelu(conv2d(y, params.strided as Tensor4D, 2, 'same'));
  y = depthwiseConv2d(y, params.depthwise as Tensor4D, 1, 'same');
  const [batch, height, width] = y.shape;
  y = conv2dTranspose(y, params.up as Tensor4D, [batch, 2 * height, 2 * width, 4], 2, 'same');
  y = gather(y, tensor1d([1, 0, 1], 'int32'), 1);
  const volume = conv3d(expandDims(y, 4) as Tensor5D, params.deep as Tensor5D, 1, 'same');
  const rows: Tensor3D = reshape(volume, [batch, -1, 4]);
  return mean(square(sub(matMul(rows, params.dense as Tensor2D), target)));
}

/** What we use of the module that tfjs compiled. */
interface Heap {
  readonly HEAPU8: Uint8Array;
  _malloc(bytes: number): number;
  _free(address: number): void;
}

const BLOCK_BYTES = 2 ** 16;

/** Fills the heap up to its present size but for `spare` blocks: whatever leaks makes it grow soon. */
function fillUp(heap: Heap, spare: number): void {
  const size = heap.HEAPU8.byteLength;
  const blocks: number[] = [];
  while (heap.HEAPU8.byteLength === size) blocks.push(heap._malloc(BLOCK_BYTES));
  const grown = heap.HEAPU8.byteLength;
  while (heap.HEAPU8.byteLength === grown) blocks.push(heap._malloc(BLOCK_BYTES));
  for (const block of blocks.splice(-spare)) heap._free(block);
}

describe.each([
  { kernels: 'composed', options: { native: false } },
  { kernels: 'compiled', options: { threads: 1 } },
])('200 steps on $kernels kernels', ({ options }) => {
  beforeAll(() => useFastWasm(options));

  test('reduce the loss and leave neither tensors nor memory behind', () => {
    const x = distinct([2, 9, 8, 2], { gap: 0.01 }) as Tensor4D;
    const target = distinct([2, 1, 3], { gap: 0.3 });
    let params = initialize(specs, Rng.fromSeed(3));
    const step = (): number => {
      const { value, gradients } = valueAndGradients(params, (p) => loss(p, x, target));
      const entries = Object.entries(params).map(([name, old]) => {
        const next = tidy(() => sub(old, mul(namedParams(gradients).get(name)!, 0.02)));
        old.dispose();
        namedParams(gradients).get(name)!.dispose();
        return [name, next];
      });
      params = Object.fromEntries(entries);
      const now = value.dataSync()[0]!;
      value.dispose();
      return now;
    };
    const first = step();
    for (let i = 0; i < 20; i++) step();
    const heap = (backend() as BackendWasm).wasm as unknown as Heap;
    // 1 MB, or 5 kB per step.
    fillUp(heap, 16);
    const [tensors, buffers, bytes] = [memory().numTensors, memory().numDataBuffers, heap.HEAPU8.byteLength];
    let last = first;
    for (let i = 0; i < 200; i++) last = step();
    expect(last).toBeLessThan(0.8 * first);
    expect(memory().numTensors).toBe(tensors);
    expect(memory().numDataBuffers).toBe(buffers);
    expect(heap.HEAPU8.byteLength).toBe(bytes);
  });
});
