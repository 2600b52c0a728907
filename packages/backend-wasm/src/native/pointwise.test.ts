import type { AdamSettings } from '@sshn/ops';
import {
  add,
  dispose,
  leakyRelu,
  matMul,
  mul,
  reshape,
  type Tensor,
  type Tensor2D,
  tensor,
  zeros,
} from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { adam } from './adam.js';
import { type NativeKernels, registerNativeKernels, unregisterNativeKernels } from './index.js';
import { convGradBias, convGradRectifier, leakyReluGrad, leakyReluSum } from './pointwise.js';
import { nativeForTests, noise, take } from './testing/native.js';
import { relativeError } from './testing/reference-conv.js';

let native: NativeKernels;
beforeAll(async () => {
  native = await nativeForTests();
});

const count = fc.integer({ min: 1, max: 70 });

describe('gradient of the leaky rectifier', () => {
  it('passes dy where y > 0 and a share of it elsewhere, at zero too', () => {
    fc.assert(
      fc.property(count, fc.constantFrom(0.01, 0.2, 1), (n, slope) => {
        const dy = tensor(noise(n, 1));
        const y = tensor(noise(n, 2).map((v, i) => (i % 5 === 0 ? 0 : v)));
        const expected = Array.from(dy.dataSync(), (g, i) => (y.dataSync()[i]! > 0 ? g : g * slope));
        expect(relativeError(take(leakyReluGrad(native, { dy, y }, { slope })), expected)).toBeLessThan(1e-7);
        dy.dispose();
        y.dispose();
      }),
    );
  });
});

it('a sum behind a leaky rectifier is that of the values, of more than a task has too', () => {
  const sizes = fc.oneof(count, fc.constantFrom(65_536, 140_001));
  fc.assert(
    fc.property(sizes, fc.constantFrom(0, 0.01, 0.2, 1), (n, slope) => {
      const values = [noise(n, 1), noise(n, 2)] as const;
      const [a, b] = values.map((each) => tensor(each));
      const expected = values[0].map((v, i) => {
        const sum = Math.fround(v + values[1][i]!);
        return sum < 0 ? Math.fround(sum * Math.fround(slope)) : sum;
      });
      expect(take(leakyReluSum(native, { a: a!, b: b! }, { slope }))).toEqual(expected);
      dispose([a!, b!]);
    }),
    { numRuns: 40 },
  );
});

describe('sums, products and rectifiers of tfjs', () => {
  beforeAll(() => registerNativeKernels(native));
  afterAll(unregisterNativeKernels);

  /** A shape, and one that repeats to it: as a whole, as the values of channels, of each image, or as one number. */
  const operands = fc
    .tuple(
      fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 4 }),
      fc.constantFrom(1, 3, 4, 25, 32),
    )
    .chain(([leading, channels]) => {
      const large = [...leading, channels];
      const ones = leading.slice(1).map(() => 1);
      const small = [
        large,
        [channels],
        [...ones, channels],
        [leading[0]!, ...ones, channels],
        [...leading, 1],
        [],
      ];
      return fc.tuple(fc.constant(large), fc.constantFrom(...small), fc.boolean());
    });

  it.each([
    ['sum', add, (x: number, y: number) => x + y],
    ['product', mul, (x: number, y: number) => x * y],
  ])('a %s is that of the values, however one operand repeats', (_, compute, exact) => {
    fc.assert(
      fc.property(operands, ([large, small, isSwapped]) => {
        const [a, b] = [large, small].map((shape, i) => tensor(noise(sizeOf(shape), i + 1), shape));
        const expected = mapped(a!, b!, exact);
        const y = isSwapped ? compute(b!, a!) : compute(a!, b!);
        expect(y.shape).toEqual(large);
        expect(y.dataSync()).toEqual(expected);
        dispose([a!, b!, y]);
      }),
    );
  });

  it('of more values than a task has, too', () => {
    const [a, b] = [tensor(noise(140_000, 1), [4, 1000, 35]), tensor(noise(35, 2))];
    const y = add(a, b);
    expect(y.dataSync()).toEqual(mapped(a, b, (x, z) => x + z));
    dispose([a, b, y]);
  });

  it('what they do not cover is left to tfjs: integers, and operands that both repeat', () => {
    const integers = add(tensor([1, 2, 3, 4], [4], 'int32'), tensor([1, 1, 1, 1], [4], 'int32'));
    expect(integers.dtype).toBe('int32');
    expect([...integers.dataSync()]).toEqual([2, 3, 4, 5]);
    const [column, row] = [tensor([1, 2], [2, 1]), tensor([10, 20, 30, 40], [1, 4])];
    const outer = mul(column, row);
    expect([...outer.dataSync()]).toEqual([10, 20, 30, 40, 20, 40, 60, 80]);
    const none = add(zeros([0, 4]), zeros([4]));
    expect(none.shape).toEqual([0, 4]);
    dispose([integers, column, row, outer, none]);
  });

  it('a leaky rectifier leaves what is positive and NaN, and scales the rest', () => {
    fc.assert(
      fc.property(count, fc.constantFrom(0, 0.01, 0.2, 1), (n, slope) => {
        const values = noise(n, 3);
        values[0] = Number.NaN;
        const x = tensor(values);
        const y = leakyRelu(x, slope);
        expect(y.dataSync()).toEqual(values.map((v) => (v < 0 ? v * Math.fround(slope) : v)));
        dispose([x, y]);
      }),
    );
  });

  const sizeOf = (shape: readonly number[]) => shape.reduce((product, n) => product * n, 1);

  /** A function of each value of a and that of b it meets, by tfjs' rule for shapes. */
  function mapped(a: Tensor, b: Tensor, f: (x: number, y: number) => number): Float32Array {
    const from = b.dataSync();
    const padded = [...a.shape.slice(b.rank).map(() => 1), ...b.shape];
    return (a.dataSync() as Float32Array).map((value, i) => {
      let [rest, at, stride] = [i, 0, 1];
      for (let axis = a.rank - 1; axis >= 0; axis--) {
        const position = rest % a.shape[axis]!;
        rest = (rest - position) / a.shape[axis]!;
        if (padded[axis]! > 1) at += position * stride;
        stride *= padded[axis]!;
      }
      return f(value, from[at]!);
    });
  }
});

describe('gradient before a rectifier and to the bias', () => {
  it('are those of the two kernels one after the other, to the bit', () => {
    const shapes = fc.tuple(fc.integer({ min: 1, max: 5000 }), fc.constantFrom(1, 3, 4, 25, 32, 33));
    fc.assert(
      fc.property(shapes, fc.constantFrom(0, 0.01, 0.2), ([pixels, channels], slope) => {
        const [dy, y] = [1, 2].map((seed) => tensor(noise(pixels * channels, seed), [pixels, channels]));
        const before = leakyReluGrad(native, { dy: dy!, y: y! }, { slope });
        const bias = take(convGradBias(native, before));
        const [dz, toBias] = convGradRectifier(native, { dy: dy!, y: y! }, { slope }).map(take);
        expect(dz).toEqual(take(before));
        expect(toBias).toEqual(bias);
        dispose([dy!, y!]);
      }),
      { numRuns: 50 },
    );
  });
});

/** One step in double precision, as the formula stands. */
function referenceAdam(values: readonly ArrayLike<number>[], at: AdamSettings): number[][] {
  const [param, m, v, grad] = values as [number[], number[], number[], number[]];
  const m1 = Array.from(m, (value, i) => at.beta1 * value + (1 - at.beta1) * grad[i]!);
  const v1 = Array.from(v, (value, i) => at.beta2 * value + (1 - at.beta2) * grad[i]! ** 2);
  const param1 = Array.from(
    param,
    (value, i) =>
      value * (1 - at.learningRate * at.weightDecay) -
      (at.learningRate * (m1[i]! / at.correction1)) / (Math.sqrt(v1[i]! / at.correction2) + at.epsilon),
  );
  return [param1, m1, v1];
}

describe('adam', () => {
  it('makes the step of the formula', () => {
    fc.assert(
      fc.property(count, fc.integer({ min: 1, max: 1000 }), (n, step) => {
        const settings: AdamSettings = {
          learningRate: 1e-2,
          beta1: 0.9,
          beta2: 0.99,
          epsilon: 1e-7,
          correction1: 1 - 0.9 ** step,
          correction2: 1 - 0.99 ** step,
          weightDecay: 0.01,
        };
        const values = [noise(n, 1), noise(n, 2), noise(n, 3).map(Math.abs), noise(n, 4)];
        const [param, m, v, grad] = values.map((value) => tensor(value));
        const got = adam(native, { param: param!, m: m!, v: v!, grad: grad! }, settings).map(take);
        referenceAdam(values, settings).forEach((expected, i) => {
          expect(relativeError(got[i]!, expected)).toBeLessThan(1e-6);
        });
        for (const t of [param, m, v, grad]) t!.dispose();
      }),
    );
  });

  it('overwrites where it may and nothing else holds the values, with the same bits', () => {
    const settings: AdamSettings = {
      learningRate: 1e-2,
      beta1: 0.9,
      beta2: 0.99,
      epsilon: 1e-7,
      correction1: 0.1,
      correction2: 0.01,
      weightDecay: 0.01,
    };
    const make = () => {
      const [param, m, v, grad] = [1, 2, 3, 4].map((seed) => tensor(noise(1001, seed).map(Math.abs)));
      return { param: param!, m: m!, v: v!, grad: grad! };
    };
    const fresh = make();
    const expected = adam(native, fresh, settings).map((info) => [...take(info)]);
    const old = make();
    const shared = reshape(old.m, [7, 143]);
    const before = [...shared.dataSync()];
    const [param, m, v] = adam(native, old, { ...settings, overwrite: true });
    expect(param!.dataId).toBe(old.param.dataId);
    expect(m!.dataId).not.toBe(old.m.dataId);
    expect(v!.dataId).toBe(old.v.dataId);
    expect([param!, m!, v!].map((info) => [...take(info)])).toEqual(expected);
    expect([...shared.dataSync()]).toEqual(before);
    dispose([...Object.values(fresh), ...Object.values(old), shared]);
  });

  it('lets products of tfjs see the values written over old ones', () => {
    const settings: AdamSettings = {
      learningRate: 0.5,
      beta1: 0.9,
      beta2: 0.99,
      epsilon: 1e-7,
      correction1: 0.1,
      correction2: 0.01,
      weightDecay: 0,
    };
    const x = tensor([1, 10, 100], [1, 3]) as Tensor2D;
    const [m, v, grad] = [zeros([3, 1]), zeros([3, 1]), tensor([1, -1, 1], [3, 1])];
    const param = tensor([1, 2, 3], [3, 1]) as Tensor2D;
    expect(matMul(x, param).dataSync()[0]).toBe(321); // XNNPACK packs the weights here.
    const [next] = adam(native, { param, m: m!, v: v!, grad: grad! }, { ...settings, overwrite: true });
    expect(next!.dataId).toBe(param.dataId);
    expect(matMul(x, param).dataSync()[0]).toBeCloseTo(0.5 + 25 + 250, 3);
  });
});
