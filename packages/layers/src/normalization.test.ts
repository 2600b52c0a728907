import { namedSpecs, type ParamsOf, setting } from '@sshn/core';
import { registerGradients } from '@sshn/ops';
import { backends, distinct, gradientError, useBackend, weighted } from '@sshn-internal/testing';
import { add, fill, grads, slice, type Tensor, tensor, zeros } from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { beforeAll, describe, expect, expectTypeOf, test } from 'vitest';
import { groupNormalization, instanceNormalization } from './normalization.js';
import { expectNothingLeft } from './testing/leaves-nothing.js';

const at = setting(0.5);

/** By its definition, in double precision. */
function reference(x: Tensor, groups: number, epsilon: number): number[] {
  const [batch, channels] = [x.shape[0]!, x.shape.at(-1)!];
  const values = x.dataSync();
  const groupOf = (i: number) =>
    Math.floor((i * batch) / values.length) * groups + Math.floor(((i % channels) * groups) / channels);
  const members = Array.from({ length: batch * groups }, (): number[] => []);
  values.forEach((value, i) => {
    members[groupOf(i)]!.push(value);
  });
  const statistics = members.map((all) => {
    const mean = all.reduce((sum, value) => sum + value, 0) / all.length;
    const variance = all.reduce((sum, value) => sum + (value - mean) ** 2, 0) / all.length;
    return { mean, variance };
  });
  return Array.from(values, (value, i) => {
    const { mean, variance } = statistics[groupOf(i)]!;
    return (value - mean) / Math.sqrt(variance + epsilon);
  });
}

function expectClose(y: Tensor, want: readonly number[], within = 2e-5): void {
  y.dataSync().forEach((value, i) => {
    expect(Math.abs(value - want[i]!)).toBeLessThan(within);
  });
}

const plain = (rank: 2 | 3, channels: number, groups: number) =>
  groupNormalization({ rank, channels, groups, affine: false });

test('parameters, and their types', () => {
  const layer = groupNormalization({ channels: 6 });
  expect(namedSpecs(layer.specs).map(([path, { role, shape }]) => [path, role, shape])).toEqual([
    ['beta', 'shift', [6]],
    ['gamma', 'scale', [6]],
  ]);
  expectTypeOf<ParamsOf<typeof layer.specs>['gamma']>().toEqualTypeOf<Tensor>();
  const bare = instanceNormalization({ channels: 6, affine: false });
  expect(namedSpecs(bare.specs)).toEqual([]);
  expectTypeOf(bare.apply).parameter(0).toEqualTypeOf<ParamsOf<{ readonly [name: string]: never }>>();
});

describe.each(backends)('on %s', (backend) => {
  beforeAll(async () => {
    await useBackend(backend);
    registerGradients();
  });

  test('by hand: 0 and 4 are 2 ± 2', () => {
    const x = tensor([0, 10, 4, 30], [1, 1, 2, 2]);
    const y = instanceNormalization({ channels: 2, affine: false, epsilon: 1e-9 }).apply({}, x, at);
    expectClose(y, [-1, -1, 1, 1]);
    const params = { gamma: tensor([1, 2]), beta: tensor([0, 5]) };
    expectClose(instanceNormalization({ channels: 2, epsilon: 1e-9 }).apply(params, x, at), [-2, 2, 2, 8]);
  });

  test('ε is heard: deviations of 2 with ε = 5 are divided by 3', () => {
    const x = tensor([0, 4], [1, 1, 2, 1]);
    const y = instanceNormalization({ channels: 1, affine: false, epsilon: 5 }).apply({}, x, at);
    expectClose(y, [-2 / 3, 2 / 3]);
  });

  test('random shapes and groups: as by definition', () => {
    const shapes = fc.record({
      rank: fc.constantFrom(2 as const, 3 as const),
      sizes: fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 3, maxLength: 3 }),
      batch: fc.integer({ min: 1, max: 3 }),
      groups: fc.integer({ min: 1, max: 3 }),
      perGroup: fc.integer({ min: 1, max: 3 }),
    });
    fc.assert(
      fc.property(shapes, ({ rank, sizes, batch, groups, perGroup }) => {
        const channels = groups * perGroup;
        const x = distinct([batch, ...sizes.slice(0, rank), channels], { offset: 1 });
        expectClose(plain(rank, channels, groups).apply({}, x, at), reference(x, groups, 1e-5));
        x.dispose();
      }),
      { numRuns: 40 },
    );
  });

  test('by default at most eight groups, and a divisor', () => {
    for (const [channels, groups] of [
      [32, 8],
      [12, 6],
      [7, 7],
      [11, 1],
    ] as const) {
      const x = distinct([1, 3, 2, channels]);
      const y = groupNormalization({ channels, affine: false }).apply({}, x, at);
      expect(y.dataSync()).toEqual(plain(2, channels, groups).apply({}, x, at).dataSync());
    }
  });

  test('a large mean does not drown the differences', () => {
    const x = add(distinct([1, 16, 16, 2], { gap: 0.01 }), 1000);
    expectClose(plain(2, 2, 2).apply({}, x, at), reference(x, 2, 1e-5), 2e-3);
  });

  test('one pixel: finite, forward and backward', () => {
    for (const groups of [1, 2, 4]) {
      const x = distinct([2, 1, 1, 4]);
      const y = plain(2, 4, groups).apply({}, x, at);
      expectClose(y, reference(x, groups, 1e-5));
      const [dx] = grads((a: Tensor) => weighted(plain(2, 4, groups).apply({}, a, at)))([x]);
      expect([...dx!.dataSync()].every(Number.isFinite)).toBe(true);
    }
    const params = { gamma: zeros([4]), beta: tensor([1, 2, 3, 4]) };
    const y = instanceNormalization({ channels: 4 }).apply(params, fill([1, 1, 1, 4], 7), at);
    expect([...y.dataSync()]).toEqual([1, 2, 3, 4]);
  });

  test('images of a batch do not mix', () => {
    const x = distinct([2, 3, 5, 4]);
    const both = plain(2, 4, 2).apply({}, x, at);
    const alone = plain(2, 4, 2).apply({}, slice(x, [1, 0, 0, 0], [1, 3, 5, 4]), at);
    expectClose(alone, [...both.dataSync()].slice(60), 1e-6);
  });

  test.each([
    { shape: [2, 3, 5, 4], groups: 2 },
    { shape: [1, 4, 4, 3], groups: 1 },
    { shape: [3, 1, 7, 2], groups: 2 },
    { shape: [1, 1, 1, 4], groups: 1 },
    { shape: [2, 3, 1, 2, 4], groups: 2 },
    { shape: [1, 2, 3, 2, 3], groups: 3 },
  ])('gradients of $shape in $groups groups', ({ shape, groups }) => {
    const [rank, channels] = [(shape.length - 2) as 2 | 3, shape.at(-1)!];
    const layer = groupNormalization({ rank, channels, groups, epsilon: 0.01 });
    const f = (...[x, gamma, beta]: Tensor[]) =>
      weighted(layer.apply({ gamma: gamma!, beta: beta! }, x!, at));
    const affine = [distinct([channels], { gap: 0.3 }), distinct([channels], { gap: 0.2 })];
    expect(gradientError(f, [distinct(shape), ...affine], 0.01)).toBeLessThan(3e-3);
    const bare = (...[x]: Tensor[]) => weighted(plain(rank, channels, groups).apply({}, x!, at));
    expect(gradientError(bare, [distinct(shape, { gap: 0.3 })], 0.03)).toBeLessThan(3e-3);
  });

  test('the gradient does not move what normalization removes: mean and scale', () => {
    const x = distinct([1, 5, 4, 2]);
    const [dx] = grads((a: Tensor) => weighted(plain(2, 2, 1).apply({}, a, at)))([x]);
    const values = [...dx!.dataSync()];
    const total = values.reduce((sum, value) => sum + value, 0);
    const xs = x.dataSync();
    const along = values.reduce((sum, value, i) => sum + value * xs[i]!, 0);
    expect(Math.abs(total)).toBeLessThan(1e-4);
    expect(Math.abs(along)).toBeLessThan(1e-3);
  });

  test('leaves nothing behind, forward and backward', async () => {
    await expectNothingLeft(groupNormalization({ channels: 4, groups: 2 }), [2, 3, 1, 4], at);
  });

  test('refuses other channels and ranks', () => {
    const params = { gamma: zeros([4]), beta: zeros([4]) };
    const layer = groupNormalization({ channels: 4 });
    expect(() => layer.apply(params, zeros([1, 2, 2, 3]), at)).toThrow(
      'groupNormalization: got shape [1, 2, 2, 3], expected [batch, height, width, 4].',
    );
    expect(() => layer.apply(params, zeros([1, 2, 2, 2, 4]), at)).toThrow('got shape [1, 2, 2, 2, 4]');
  });
});

test('refuses options that make no layer', () => {
  expect(() => groupNormalization({ channels: 6, groups: 4 })).toThrow(
    'groupNormalization: groups: got 4, expected a divisor of 6, the number of channels.',
  );
  expect(() => groupNormalization({ channels: 0 })).toThrow('groupNormalization: channels: got 0');
  expect(() => groupNormalization({ channels: 4, groups: 0 })).toThrow('groupNormalization: groups: got 0');
  expect(() => groupNormalization({ channels: 4, rank: 4 as never })).toThrow(
    'groupNormalization: rank: got 4',
  );
  expect(() => instanceNormalization({ channels: 4, epsilon: 0 })).toThrow(
    'instanceNormalization: epsilon: got 0, expected a number above 0.',
  );
  expect(() => instanceNormalization({ channels: 1.5 })).toThrow('instanceNormalization: channels: got 1.5');
});
