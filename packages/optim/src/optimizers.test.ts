import { disposeParams, namedParams, type ParamNode, StructureError, ValueError } from '@sshn/core';
import { backends, useBackend, withoutLeak } from '@sshn-internal/testing';
import {
  type KernelConfig,
  type NamedTensorInfoMap,
  registerKernel,
  type Tensor,
  type TensorInfo,
  tensor1d,
  unregisterKernel,
  zeros,
} from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { adam, adamW } from './adam.js';
import type { Optimizer } from './optimizer.js';
import { cosineRate, rateAt, warmUp } from './schedules.js';
import { sgd } from './sgd.js';
import { adamEntry, type Entry, runOptimizer, runReference, sgdEntry } from './testing/trajectory.js';

const schedule = warmUp(5, cosineRate({ rate: 1e-2, steps: 45 }));
const rate = (step: number) => rateAt(schedule, step);
const slowHead = (path: string) => (path.startsWith('head') ? 0.1 : 1);
const adamNumbers = { beta1: 0.9, beta2: 0.99, epsilon: 1e-8, weightDecay: 0 };

interface Case {
  readonly name: string;
  readonly optimizer: Optimizer;
  readonly reference: (entry: Entry, gradient: number, step: number, path: string) => Entry;
}

const cases: Case[] = [
  {
    name: 'adam',
    optimizer: adam(),
    reference: (entry, g, step) => adamEntry(entry, g, step + 1, { ...adamNumbers, rate: rate(step) }),
  },
  {
    name: 'adam, other decays and epsilon',
    optimizer: adam({ beta1: 0.5, beta2: 0.999, epsilon: 0.1 }),
    reference: (entry, g, step) =>
      adamEntry(entry, g, step + 1, {
        rate: rate(step),
        beta1: 0.5,
        beta2: 0.999,
        epsilon: 0.1,
        weightDecay: 0,
      }),
  },
  {
    name: 'adam, scaled by path',
    optimizer: adam({ scale: slowHead }),
    reference: (entry, g, step, path) =>
      adamEntry(entry, g, step + 1, { ...adamNumbers, rate: rate(step) * slowHead(path) }),
  },
  {
    name: 'adamW',
    optimizer: adamW({ weightDecay: 0.5 }),
    reference: (entry, g, step) =>
      adamEntry(entry, g, step + 1, { ...adamNumbers, rate: rate(step), weightDecay: 0.5 }),
  },
  {
    name: 'adamW by default',
    optimizer: adamW(),
    reference: (entry, g, step) =>
      adamEntry(entry, g, step + 1, { ...adamNumbers, rate: rate(step), weightDecay: 0.01 }),
  },
  {
    name: 'sgd',
    optimizer: sgd(),
    reference: (entry, g, step) => sgdEntry(entry, g, { rate: rate(step), momentum: 0, nesterov: false }),
  },
  {
    name: 'sgd with momentum, scaled by path',
    optimizer: sgd({ momentum: 0.9, scale: slowHead }),
    reference: (entry, g, step, path) =>
      sgdEntry(entry, g, { rate: rate(step) * slowHead(path), momentum: 0.9, nesterov: false }),
  },
  {
    name: 'sgd with nesterov',
    optimizer: sgd({ momentum: 0.9, nesterov: true }),
    reference: (entry, g, step) => sgdEntry(entry, g, { rate: rate(step), momentum: 0.9, nesterov: true }),
  },
];

function expectClose(got: Map<string, number[]>, expected: Map<string, number[]>): void {
  expect([...got.keys()]).toEqual([...expected.keys()]);
  for (const [path, values] of expected) {
    values.forEach((value, i) => {
      expect(Math.abs(got.get(path)![i]! - value)).toBeLessThan(1e-5 * Math.max(1, Math.abs(value)));
    });
  }
}

describe.each(backends)('optimizers on %s', (backend) => {
  beforeAll(() => useBackend(backend));

  test.each(cases)('$name: 50 steps as in float64, nothing kept alive', async ({ optimizer, reference }) => {
    const got = await withoutLeak(() => runOptimizer(optimizer, 50, rate));
    expectClose(got, runReference(reference, 50));
  });

  test.each(cases)('$name: gradients are scaled by the way', async ({ optimizer, reference }) => {
    const scale = (step: number) => [1, 0.03, 0, 7][step % 4]!;
    const got = await withoutLeak(() => runOptimizer(optimizer, 50, rate, scale));
    expectClose(got, runReference(reference, 50, scale));
    expect(got).not.toEqual(runOptimizer(optimizer, 50, rate));
  });

  test('adam by hand: the first step is the learning rate, against the sign of the gradient', () => {
    const params = { w: tensor1d([1, 2, 3]) };
    const gradients = { w: tensor1d([0.5, -4, 0]) };
    const optimizer = adam();
    const next = optimizer.update(gradients, optimizer.init(params), params, { step: 0, learningRate: 0.1 });
    const moments = namedParams(next.state);
    expect([...moments.keys()]).toEqual(['first.w', 'second.w']);
    const read = (t: Tensor | undefined) => Array.from(t!.dataSync());
    [0.9, 2.1, 3].forEach((value, i) => {
      expect(read(next.params.w)[i]).toBeCloseTo(value, 6);
    });
    [0.05, -0.4, 0].forEach((value, i) => {
      expect(read(moments.get('first.w'))[i]).toBeCloseTo(value, 6);
    });
    [0.0025, 0.16, 0].forEach((value, i) => {
      expect(read(moments.get('second.w'))[i]).toBeCloseTo(value, 6);
    });
    expect(read(params.w)).toEqual([1, 2, 3]);
  });

  test('a scale of 0 freezes to the bit', () => {
    const start = runOptimizer(adamW({ scale: () => 0, weightDecay: 0.1 }), 0, rate);
    expect(runOptimizer(adamW({ scale: () => 0, weightDecay: 0.1 }), 20, rate)).toEqual(start);
    expect(runOptimizer(sgd({ scale: () => 0 }), 20, rate)).toEqual(start);
  });
});

test.each(cases)('$name goes the same way on every backend', async ({ optimizer }) => {
  const trajectories = [];
  for (const backend of backends) {
    await useBackend(backend);
    trajectories.push(runOptimizer(optimizer, 50, rate));
  }
  expect(trajectories[0]).toEqual(trajectories[1]);
});

describe('the kernel SshnAdam', () => {
  beforeAll(() => useBackend('cpu'));

  /** Written from `OptimizerKernels` of @sshn/ops, as a backend would. */
  const kernel: KernelConfig = {
    kernelName: 'SshnAdam',
    backendName: 'cpu',
    kernelFunc: ({ inputs, attrs, backend }) => {
      const { values, make } = cpuTensors(backend);
      const { learningRate, beta1, beta2, epsilon, correction1, correction2, weightDecay } = attrs as Record<
        string,
        number
      >;
      const [p, m, v, g] = ['param', 'm', 'v', 'grad'].map((name) =>
        values((inputs as NamedTensorInfoMap)[name]!),
      );
      const first = m!.map((value, i) => beta1! * value + (1 - beta1!) * g![i]!);
      const second = v!.map((value, i) => beta2! * value + (1 - beta2!) * g![i]! ** 2);
      const moved = p!.map((value, i) => {
        const direction = first[i]! / correction1! / (Math.sqrt(second[i]! / correction2!) + epsilon!);
        return value - learningRate! * (direction + weightDecay! * value);
      });
      return [moved, first, second].map((array) => make(array, inputs.param!.shape));
    },
  };

  function cpuTensors(backend: unknown) {
    const cpu = backend as {
      data: { get(id: object): { values: Float32Array } };
      makeTensorInfo(shape: number[], dtype: 'float32', values: Float32Array): TensorInfo;
    };
    return {
      values: (info: TensorInfo) => cpu.data.get(info.dataId).values,
      make: (values: Float32Array, shape: number[]) => cpu.makeTensorInfo(shape, 'float32', values),
    };
  }

  test.each([
    { name: 'adam', optimizer: adam({ scale: slowHead }) },
    { name: 'adamW', optimizer: adamW({ weightDecay: 0.5 }) },
  ])('$name takes it where the backend has it, and goes the same way', async ({ optimizer }) => {
    const composed = runOptimizer(optimizer, 50, rate);
    let runs = 0;
    registerKernel({
      ...kernel,
      kernelFunc: (args) => {
        runs += 1;
        return kernel.kernelFunc(args);
      },
    });
    const native = await withoutLeak(() => runOptimizer(optimizer, 50, rate));
    unregisterKernel('SshnAdam', 'cpu');
    expect(runs).toBe(50 * 3);
    expectClose(native, composed);
  });

  test.each([true, false, undefined])('passes on whether it may overwrite: %s', (overwrite) => {
    const heard: unknown[] = [];
    registerKernel({
      ...kernel,
      kernelFunc: (args) => {
        heard.push(args.attrs?.overwrite);
        return kernel.kernelFunc(args);
      },
    });
    const params = { w: tensor1d([1, 2, 3]) };
    const optimizer = adam();
    const at = { step: 0, learningRate: 0.1, ...(overwrite === undefined ? {} : { overwrite }) };
    optimizer.update(params, optimizer.init(params), params, at);
    unregisterKernel('SshnAdam', 'cpu');
    expect(heard).toEqual([overwrite ?? false]);
  });
});

describe('optimizers refuse', () => {
  beforeAll(() => useBackend('cpu'));
  const params = (): ParamNode => ({ w: zeros([2]) });
  const at = { step: 0, learningRate: 0.1 };

  test('gradients and states that do not fit', () => {
    const optimizer = adam();
    const state = optimizer.init(params());
    expect(() => optimizer.update({ v: zeros([2]) }, state, params(), at)).toThrow(StructureError);
    expect(() => optimizer.update({ w: zeros([3]) }, state, params(), at)).toThrow(
      'w: got [3], expected [2]',
    );
    expect(() => optimizer.update(params(), {}, params(), at)).toThrow('first.w');
    expect(() => sgd().update(params(), state, params(), at)).toThrow('unexpected  first.w');
  });

  test('steps and learning rates that are none', () => {
    const update = (change: Partial<typeof at>) => () =>
      sgd().update(params(), {}, params(), { ...at, ...change });
    expect(update({ step: -1 })).toThrow(ValueError);
    expect(update({ step: 0.5 })).toThrow('update: step');
    expect(update({ learningRate: -1 })).toThrow('update: learningRate');
    expect(update({ learningRate: Number.NaN })).toThrow(ValueError);
  });

  test.each([
    () => adam({ beta1: 1 }),
    () => adam({ beta2: -0.1 }),
    () => adam({ epsilon: 0 }),
    () => adamW({ weightDecay: -1 }),
    () => sgd({ momentum: 1 }),
    () => sgd({ nesterov: true }),
  ])('options out of range %#', (make) => {
    expect(make).toThrow(ValueError);
  });

  test('nothing of what they were given is disposed', () => {
    const given = { params: params(), gradients: params() };
    const optimizer = sgd({ momentum: 0.5 });
    const state = optimizer.init(given.params);
    const next = optimizer.update(given.gradients, state, given.params, at);
    for (const tree of [given.params, given.gradients, state]) {
      for (const t of namedParams(tree).values()) expect(t.isDisposed).toBe(false);
    }
    expect(namedParams(next.params).get('w')).not.toBe(namedParams(given.params).get('w'));
    for (const tree of [next.params, next.state]) disposeParams(tree);
  });
});
