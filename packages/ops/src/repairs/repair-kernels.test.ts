import { distinct, useBackend } from '@sshn-internal/testing';
import {
  add,
  addN,
  backend,
  cast,
  copyRegisteredKernels,
  dispose,
  engine,
  findBackendFactory,
  getKernel,
  getKernelsForBackend,
  greater,
  type KernelBackend,
  type KernelConfig,
  max,
  maximum,
  mean,
  mirrorPad,
  mul,
  pad,
  prelu,
  registerBackend,
  registerKernel,
  setBackend,
  stridedSlice,
  sum,
  type Tensor,
  tensor,
  tidy,
  tile,
  transpose,
  unregisterKernel,
  where,
} from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { repairKernels } from './repair-kernels.js';

/** The cpu backend under the name of one whose kernels take four axes at most, and whose casts only relabel. */
async function poseAs(name: 'webgl' | 'webgpu'): Promise<void> {
  registerBackend(name, findBackendFactory('cpu') as () => never);
  copyRegisteredKernels('cpu', name);
  for (const config of getKernelsForBackend(name)) {
    if (['Reshape', 'Identity', 'Cast'].includes(config.kernelName)) continue;
    const { kernelFunc } = config;
    replace(config, (given) => {
      for (const input of Object.values(given.inputs)) {
        const rank = (input as Tensor).shape.length;
        if (rank > 4) throw new Error(`${config.kernelName} was given ${rank} axes`);
      }
      if (name === 'webgpu' && Object.keys(given.inputs).length > 7) throw new Error('too many inputs');
      return kernelFunc(given);
    });
  }
  if (name === 'webgpu') {
    const relabeling = getKernel('Cast', name)!;
    replace(relabeling, ({ inputs, attrs, backend: on }) => {
      const { x } = inputs;
      (on as KernelBackend).incRef(x!.dataId);
      return { dataId: x!.dataId, shape: x!.shape, dtype: (attrs as { dtype: 'float32' }).dtype };
    });
  }
}

function replace(config: KernelConfig, kernelFunc: KernelConfig['kernelFunc']): void {
  unregisterKernel(config.kernelName, config.backendName);
  registerKernel({ ...config, kernelFunc });
}

const shape = [2, 3, 4, 2, 3];
const six = [2, 1, 3, 2, 2, 3];
const x = (size: readonly number[] = shape) => distinct([...size]);
const other = (size: readonly number[]) => distinct([...size], { seed: 2 });

const cases: Record<string, () => Tensor> = {
  'pad, all axes': () =>
    pad(
      x(),
      [
        [1, 0],
        [0, 2],
        [0, 0],
        [1, 1],
        [2, 0],
      ],
      7,
    ),
  'pad, none': () => pad(x(), Array<[number, number]>(5).fill([0, 0])),
  'mirror pad': () =>
    mirrorPad(
      x(),
      [
        [0, 0],
        [1, 2],
        [2, 1],
        [0, 1],
        [0, 0],
      ],
      'reflect',
    ),
  tile: () => tile(x(), [2, 1, 3, 2, 1]),
  'transpose, neighbors together': () => transpose(x(), [0, 4, 1, 2, 3]),
  'transpose, all apart': () => transpose(x(), [4, 1, 3, 0, 2]),
  'transpose, six axes backwards': () => transpose(x(six)),
  'strided slice': () => stridedSlice(x(), [0, 1, 0, 0, 1], [2, 3, 4, 2, 3], [1, 1, 3, 2, 2]),
  'strided slice, masks': () =>
    stridedSlice(x(), [0, 1, 1, 0, 0], [0, 0, 2, 0, 2], [1, 1, 1, 1, 1], 1, 11, 0, 0, 4),
  where: () => where(greater(x(), 0.5), x(), other(shape)),
  'a bias': () => add(x(), other([3])),
  'per sample and channel': () => mul(other([2, 1, 1, 1, 3]), x()),
  'along every second axis': () => maximum(x(), other([2, 1, 4, 1, 3])),
  'each stretches the other': () => add(x([1, 3, 1, 2, 1, 3]), other([2, 1, 2, 1, 2, 3])),
  'a mask': () => cast(greater(x(), other([4, 1, 1])), 'int32'),
  ...Object.fromEntries(
    [7, 8, 13, 14, 40].map((count) => [
      `a sum of ${count}`,
      () => addN(Array.from({ length: count }, (_, i) => distinct([3, 2], { seed: i + 1 }))),
    ]),
  ),
  prelu: () => prelu(x(), other([1, 1, 1, 1, 3])),
  'sum of some axes': () => sum(x(), [1, 3]),
  'sum of all': () => sum(x()),
  'mean, kept': () => mean(x(), [1, 2, 3], true),
  'mean of every second axis': () => mean(x(), [0, 2, 4]),
  'maximum of the last but one, six axes': () => max(x(six), -2, true),
};

describe.each(['webgl', 'webgpu'] as const)('%s', (name) => {
  beforeAll(async () => {
    await useBackend('cpu');
    await poseAs(name);
    repairKernels(name);
  });

  test.each(Object.entries(cases))('%s: as cpu has it, and nothing left behind', async (_name, compute) => {
    await setBackend('cpu');
    const wanted = tidy(compute);
    const numbers = wanted.dataSync();
    await setBackend(name);
    const buffers = backend().numDataIds();
    const got = tidy(compute);
    expect(got.shape).toEqual(wanted.shape);
    got.dataSync().forEach((value, i) => {
      expect(value).toBeCloseTo(numbers[i]!, 5);
    });
    got.dispose();
    expect(backend().numDataIds()).toBe(buffers);
    wanted.dispose();
  });

  test('once is enough', () => {
    const stock = getKernel('Transpose', name)!.kernelFunc;
    repairKernels(name);
    expect(getKernel('Transpose', name)!.kernelFunc).toBe(stock);
  });
});

test('on webgpu, casts make real floats of integers and masks, and share what is float already', async () => {
  await setBackend('webgpu');
  const labels = tensor([0, 1, 2], [3], 'int32');
  const buffers = backend().numDataIds();
  const memory = (t: Tensor) =>
    (backend() as unknown as { data: { get(id: object): { values: unknown } } }).data.get(t.dataId).values;
  for (const whole of [labels, greater(labels, 0)]) {
    const floats = cast(whole, 'float32');
    expect(floats.dtype).toBe('float32');
    expect(memory(floats)).toBeInstanceOf(Float32Array);
    expect([...floats.dataSync()]).toEqual([...whole.dataSync()].map(Number));
    floats.dispose();
    if (whole !== labels) whole.dispose();
  }
  expect(backend().numDataIds()).toBe(buffers);
  dispose(labels);
});

test('other backends are left alone', async () => {
  await useBackend('cpu');
  const stock = getKernel('Transpose', 'cpu')!.kernelFunc;
  repairKernels();
  expect(getKernel('Transpose', 'cpu')!.kernelFunc).toBe(stock);
  expect(engine().backendName).toBe('cpu');
});
