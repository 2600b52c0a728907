import {
  applyAdaptiveAverage,
  applyAdaptiveMaximum,
  dispatcher,
  type Kernels,
  resizeLinear,
} from '@sshn/ops';
import { localNccLoss } from '@sshn/registration';
import { mul, round, type Tensor, tensor } from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { describe, test } from 'vitest';
import { expectSame, hasWebgpu, noise, withGradients } from './compare.js';

const dispatch = dispatcher<Kernels>();

/** From and to sizes of every kind: 1, odd, oblong, larger and smaller, 2D and 3D. */
const resizes = fc.integer({ min: 2, max: 3 }).chain((rank) => {
  const size = fc.array(fc.integer({ min: 1, max: rank === 2 ? 17 : 6 }), {
    minLength: rank,
    maxLength: rank,
  });
  return fc.record({
    batch: fc.integer({ min: 1, max: 3 }),
    channels: fc.constantFrom(1, 2, 3, 4, 7),
    from: size,
    to: size,
  });
});
type Resize = typeof resizes extends fc.Arbitrary<infer Case> ? Case : never;

const collapsing: Resize[] = [
  { batch: 2, channels: 3, from: [1, 1], to: [40, 33] },
  { batch: 1, channels: 2, from: [37, 41], to: [1, 1] },
  { batch: 1, channels: 2, from: [9, 8, 10], to: [1, 8, 3] },
  { batch: 1, channels: 1, from: [2, 3, 1], to: [9, 3, 11] },
];
const cases = [...fc.sample(resizes, 25), ...collapsing];
const input = ({ batch, from, channels }: Resize): Tensor => noise('x', [batch, ...from, channels]);

/** Sums over windows by their definition, one axis after the other; on the cpu backend. */
function naiveSums(x: Tensor, reach: number): Tensor {
  let values = x.dataSync() as Float32Array;
  for (let axis = 1; axis < x.rank - 1; axis++) {
    const stride = x.shape.slice(axis + 1).reduce((product, n) => product * n, 1);
    const length = x.shape[axis]!;
    const from = values;
    values = from.map((_, at) => {
      const place = Math.floor(at / stride) % length;
      let sum = 0;
      for (let i = Math.max(0, place - reach); i <= Math.min(length - 1, place + reach); i++)
        sum += from[at + (i - place) * stride]!;
      return sum;
    });
  }
  return tensor(values, x.shape);
}

describe.skipIf(!hasWebgpu)('kernels that read along axes', { timeout: 180_000 }, () => {
  test('linear resize and its gradient', async () => {
    await expectSame(cases, (c) => withGradients((x) => resizeLinear(x, c.to), [input(c)]), 2e-6);
  });

  test('adaptive average pooling and its gradient', async () => {
    await expectSame(cases, (c) => withGradients((x) => applyAdaptiveAverage(x, c.to), [input(c)]), 2e-6);
  });

  test('adaptive maximum pooling and its gradient, ties among values too', async () => {
    const shrinking = cases.map((c) => ({ ...c, to: c.to.map((n, k) => Math.min(n, c.from[k]!)) }));
    await expectSame(
      shrinking.flatMap((c) => [
        { ...c, isCoarse: false },
        { ...c, isCoarse: true },
      ]),
      (c) => {
        const x = c.isCoarse ? round(mul(input(c), 2)) : input(c);
        return withGradients((value) => applyAdaptiveMaximum(value, c.to), [x]);
      },
      2e-6,
    );
  });

  test('local correlations, which sum over windows', async () => {
    const windows = cases
      .slice(0, 10)
      .flatMap((c, i) =>
        [true, false].map((squared) => ({ ...c, squared, window: [1, 3, 5, 9, 41][i % 5]! })),
      );
    await expectSame(
      windows,
      (c) => {
        const fixed = noise('fixed', [c.batch, ...c.from, c.channels]);
        const correlate = (a: Tensor, b: Tensor): Tensor =>
          localNccLoss(a, b, { window: c.window, squared: c.squared, epsilon: 0.1 });
        return withGradients(correlate as never, [input(c), fixed]);
      },
      1e-4,
    );
  });

  test('sums over windows', async () => {
    await expectSame(
      cases.map((c, i) => ({ ...c, window: [1, 3, 5, 9, 41][i % 5]! })),
      ({ window, ...c }) => {
        const x = input(c);
        return [dispatch('SshnBoxSum', { x }, { window }, () => naiveSums(x, (window - 1) / 2))];
      },
      2e-6,
    );
  });
});
