import { OptionError, setting } from '@sshn/core';
import { registerGradients, resizeLinear, resizeNearest } from '@sshn/ops';
import { backends, distinct, goldenCases, useBackend, withoutLeak } from '@sshn-internal/testing';
import { dispose, grads, mean, mul, slice, sum, type Tensor, tidy, zeros } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { downsample, upsample } from './resize.js';
import { asTensor, expectClose, type Values } from './testing/golden.js';

describe('resize', () => {
  const sizes = goldenCases<{ size: number; phi: number; sizes: number[] }>('sizes.json');

  describe.each(backends)('on %s', (backend) => {
    beforeAll(async () => {
      await useBackend(backend);
      registerGradients();
    });

    test.each([
      { factor: 1, to: [65, 9] },
      { factor: 0.5, to: [33, 5] },
      { factor: 0.1, to: [7, 1] },
      { factor: 0.001, to: [1, 1] },
      { factor: 0, to: [1, 1] },
    ])('φ = $factor: 65×9 becomes $to', ({ factor, to }) => {
      const x = distinct([2, 65, 9, 3]);
      const y = downsample({ step: 0 }).apply({}, x, setting(factor));
      expect(y.shape).toEqual([2, ...to, 3]);
      expect(y.dataSync()).toEqual(resizeLinear(x, to).dataSync());
    });

    test('volumes shrink along all three axes', () => {
      const y = downsample({ step: 0 }).apply({}, zeros([1, 6, 4, 3, 2]), setting(0.5));
      expect(y.shape).toEqual([1, 3, 2, 2, 2]);
    });

    test('φ → 0 looks at the center, in the end at one pixel', () => {
      const x = distinct([1, 4, 4, 1]);
      const y = downsample({ step: 0 }).apply({}, x, setting(0));
      const center = tidy(() => mean(slice(x, [0, 1, 1, 0], [1, 2, 2, 1])));
      expect(y.dataSync()[0]).toBeCloseTo(center.dataSync()[0]!, 5);
    });

    test('separate factors: each step takes its own', () => {
      const at = setting([0.5, 0.25]);
      expect(downsample({ step: 0 }).apply({}, zeros([1, 8, 8, 1]), at).shape).toEqual([1, 4, 4, 1]);
      expect(downsample({ step: 1 }).apply({}, zeros([1, 8, 8, 1]), at).shape).toEqual([1, 2, 2, 1]);
      expect(() => downsample({ step: 2 }).apply({}, zeros([1, 8, 8, 1]), at)).toThrow(
        'setting: step 2: got [0.5,0.25], expected one factor, or at least 3',
      );
    });

    test('upsampling goes to the given size, whatever the factor', () => {
      const x = distinct([1, 3, 2, 2]);
      for (const factor of [0, 0.5, 1]) {
        const y = upsample().apply({}, { x, size: [7, 4] }, setting(factor));
        expect(y.dataSync()).toEqual(resizeLinear(x, [7, 4]).dataSync());
      }
    });

    test('upsample by copies', () => {
      const x = distinct([1, 3, 2, 2]);
      const y = upsample({ method: 'nearest' }).apply({}, { x, size: [7, 4] }, setting(0.5));
      expect(y.dataSync()).toEqual(resizeNearest(x, [7, 4]).dataSync());
      const linear = upsample({ method: 'linear' }).apply({}, { x, size: [7, 4] }, setting(0.5));
      expect(linear.dataSync()).not.toEqual(y.dataSync());
    });

    test('down and up leave nothing behind', async () => {
      const x = distinct([1, 5, 3, 2]);
      await withoutLeak(() => {
        const small = downsample({ step: 0 }).apply({}, x, setting(0.3));
        const large = upsample().apply({}, { x: small, size: [5, 3] }, setting(0.3));
        expect(large.shape).toEqual(x.shape);
        dispose([small, large]);
      });
      x.dispose();
    });
  });

  test.skipIf(sizes === undefined)('golden sizes of five stages', async () => {
    await useBackend('cpu');
    const steps = [0, 1, 2, 3].map((step) => downsample({ step }));
    for (const { size, phi, sizes: want } of sizes!) {
      tidy(() => {
        const features = [zeros([1, size, 1, 1])];
        for (const step of steps) features.push(step.apply({}, features.at(-1)!, setting(phi)));
        const got = features.map((x) => x.shape[1]);
        expect(got, `size ${size}, φ = ${phi}`).toEqual(want);
      });
    }
  });

  test('refuses an unknown method', () => {
    expect(() => upsample({ method: 'bilinear' as never })).toThrow(OptionError);
  });

  test('refuses a step that is none', () => {
    expect(() => downsample({ step: -1 })).toThrow(
      'downsample: step: got -1, expected an integer of at least 0.',
    );
  });
});

describe('golden', () => {
  interface Case {
    readonly x: Values;
    readonly size: number[];
    readonly y: Values;
    readonly dy: Values;
    readonly dx: Values;
  }

  const files = ['resize2d.json', 'resize3d.json'].map((file) => goldenCases<Case>(file));
  const cases = files.includes(undefined) ? undefined : files.flatMap((file) => file!);

  describe.skipIf(cases === undefined).each(backends)('golden resizes on %s', (backend) => {
    beforeAll(async () => {
      await useBackend(backend);
      registerGradients();
    });

    test.each((cases ?? []).map((c) => [`[${c.x.shape}] to [${c.size}]`, c] as const))('%s', (_, c) => {
      const input = asTensor(c.x);
      expectClose(resizeLinear(input, c.size), c.y);
      const [gradient] = grads((x: Tensor) => sum(mul(resizeLinear(x, c.size), asTensor(c.dy))))([input]);
      expectClose(gradient!, c.dx);
    });
  });
});
