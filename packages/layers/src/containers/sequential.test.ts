import {
  currentScope,
  initialize,
  type Module,
  namedParams,
  namedSpecs,
  type ParamsOf,
  Rng,
  rescaling,
} from '@sshn/core';
import { backends, distinct, useBackend, withoutLeak } from '@sshn-internal/testing';
import { dispose, mul, type Tensor, tensor } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, expectTypeOf, test } from 'vitest';
import { leakyRelu } from '../activation/leaky-relu.js';
import { convolution } from '../convolution/convolution.js';
import { film } from '../film.js';
import { downsample } from '../resize/resize.js';
import { sequential } from './sequential.js';

const at = rescaling(0.5);
const conv = (inChannels: number, outChannels: number) =>
  convolution({ inChannels, outChannels, kernelSize: 1 });

describe('names', () => {
  test('are those of the record, dotted', () => {
    const { specs } = sequential({ first: conv(1, 2), act: leakyRelu(), second: conv(2, 1) });
    expect(namedSpecs(specs).map(([path]) => path)).toEqual([
      'first.bias',
      'first.kernel',
      'second.bias',
      'second.kernel',
    ]);
  });

  test('of a list are numbers, and nest', () => {
    const { specs } = sequential([leakyRelu(), sequential({ inner: film({ channels: 2 }) })]);
    expect(namedSpecs(specs).map(([path]) => path)).toEqual(['1.inner.beta', '1.inner.gamma']);
  });

  test('are known to the compiler', () => {
    const stage = sequential({ first: conv(1, 2), act: leakyRelu() });
    expectTypeOf<ParamsOf<typeof stage.specs>['first']['kernel']>().toEqualTypeOf<Tensor>();
    const list = sequential([conv(1, 2), film({ channels: 2 })]);
    expectTypeOf<ParamsOf<typeof list.specs>[1]['gamma']>().toEqualTypeOf<Tensor>();
    // @ts-expect-error there is no third layer
    expectTypeOf<ParamsOf<typeof list.specs>[2]>().not.toBeAny();
    expectTypeOf(list).toExtend<Module>();
  });

  test('are the scope of what runs inside', async () => {
    await useBackend('cpu');
    const seen: string[] = [];
    const spy: Module = {
      specs: {},
      apply(_, x) {
        seen.push(currentScope());
        return x;
      },
    };
    sequential({ outer: sequential([spy, spy]), last: spy }).apply(
      { outer: [{}, {}], last: {} },
      tensor([1]),
      at,
    );
    expect(seen).toEqual(['outer.0', 'outer.1', 'last']);
    expect(currentScope()).toBe('');
  });
});

describe.each(backends)('on %s', (backend) => {
  beforeAll(() => useBackend(backend));

  test('applies one after the other, in the order given', () => {
    const times = (factor: number): Module => ({ specs: {}, apply: (_, x) => mul(x, factor) });
    const shift = film({ channels: 1 });
    const y = sequential([times(3), shift, times(2)]).apply(
      [{}, { gamma: tensor([0]), beta: tensor([5]) }, {}],
      tensor([1, 2], [2, 1]),
      at,
    );
    expect([...y.dataSync()]).toEqual([16, 22]);
  });

  test('hands the rescaling on', () => {
    const y = sequential([downsample({ step: 0 }), downsample({ step: 1 })]).apply(
      [{}, {}],
      distinct([1, 8, 4, 1]),
      rescaling([0.5, 0.25]),
    );
    expect(y.shape).toEqual([1, 1, 1, 1]);
  });

  test('nothing in a row is the identity, in a tensor of its own', () => {
    const x = distinct([1, 2, 3, 1]);
    const y = sequential([]).apply([], x, at);
    expect(y.dataSync()).toEqual(x.dataSync());
    y.dispose();
    expect(x.isDisposed).toBe(false);
  });

  test('leaves nothing behind but its output', async () => {
    const stage = sequential({ first: conv(2, 3), second: conv(3, 1) });
    const params = initialize(stage.specs, Rng.fromSeed(1));
    const x = distinct([1, 4, 5, 2]);
    await withoutLeak(() => stage.apply(params, x, at).dispose());
    dispose([x, ...namedParams(params).values()]);
  });
});
