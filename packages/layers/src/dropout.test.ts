import { OptionError, Rng, setting } from '@sshn/core';
import { registerGradients } from '@sshn/ops';
import { backends, distinct, gradientError, useBackend, weighted, withoutLeak } from '@sshn-internal/testing';
import { dispose, grads, ones, type Tensor } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { sequential } from './containers.js';
import { dropout } from './dropout.js';

const at = setting(0.5);
const training = (seed: number) => setting({ factor: at.factors, rng: Rng.fromSeed(seed) });

describe.each(backends)('on %s', (backend) => {
  beforeAll(async () => {
    await useBackend(backend);
    registerGradients();
  });

  test.each([0.1, 0.5, 0.9])('rate %f: that share is zero, the rest grows to keep the mean', (rate) => {
    const y = dropout({ rate })
      .apply({}, ones([2, 20, 25, 10]), training(1))
      .dataSync();
    const zeros = y.filter((value) => value === 0).length;
    expect(Math.abs(zeros - rate * y.length)).toBeLessThan(4 * Math.sqrt(y.length * rate * (1 - rate)));
    for (const value of y) if (value !== 0) expect(value).toBeCloseTo(1 / (1 - rate), 5);
  });

  test('whole channels of an image', () => {
    for (const shape of [
      [3, 4, 5, 40],
      [3, 2, 4, 5, 40],
    ]) {
      const y = dropout({ rate: 0.5, kind: 'channel' }).apply({}, ones(shape), training(2));
      const values = y.dataSync();
      const positions = values.length / (3 * 40);
      const first = (i: number) => Math.floor(i / (positions * 40)) * positions * 40 + (i % 40);
      expect(values.every((value, i) => value === values[first(i)])).toBe(true);
      const masks = [0, 1, 2].map((b) => values.slice(b * positions * 40, b * positions * 40 + 40).join());
      expect(new Set(masks).size).toBe(3);
      expect(new Set(values)).toEqual(new Set([0, 2]));
    }
  });

  test('outside of training, and at rate 0, the identity in a tensor of its own', () => {
    const x = distinct([2, 3, 1, 2]);
    for (const y of [
      dropout({ rate: 0.9 }).apply({}, x, at),
      dropout({ rate: 0 }).apply({}, x, training(1)),
    ]) {
      expect(y.dataSync()).toEqual(x.dataSync());
      expect(y.id).not.toBe(x.id);
    }
  });

  test('the same step gives the same mask, another step or another name another one', () => {
    const x = ones([1, 8, 8, 4]);
    const layers = sequential({ first: dropout({ rate: 0.5 }), second: dropout({ rate: 0.5 }) });
    const mask = (names: string, seed: number) =>
      sequential({ [names]: dropout({ rate: 0.5 }) })
        .apply({ [names]: {} }, x, training(seed))
        .dataSync()
        .join();
    expect(mask('drop', 1)).toBe(mask('drop', 1));
    expect(mask('drop', 1)).not.toBe(mask('drop', 2));
    expect(mask('drop', 1)).not.toBe(mask('other', 1));
    // Were the masks the same, half would be left.
    const both = layers.apply({ first: {}, second: {} }, x, training(1)).dataSync();
    expect(both.filter((value) => value !== 0).length).toBeLessThan(0.4 * both.length);
  });

  test('does not advance the generator', () => {
    const step = training(3);
    const before = step.rng!.state();
    dropout({ rate: 0.5 }).apply({}, ones([1, 2, 2, 1]), step);
    expect(step.rng!.state()).toEqual(before);
  });

  test.each(['element', 'channel'] as const)('gradient, by %s', (kind) => {
    const f = (...[x]: Tensor[]) => weighted(dropout({ rate: 0.4, kind }).apply({}, x!, training(4)));
    expect(gradientError(f, [distinct([2, 3, 5, 2])], 0.1)).toBeLessThan(1e-3);
    expect(gradientError(f, [distinct([1, 2, 1, 3, 4])], 0.1)).toBeLessThan(1e-3);
  });

  test('leaves nothing behind, forward and backward', async () => {
    const x = distinct([2, 3, 1, 2]);
    const apply = (input: Tensor) => dropout({ rate: 0.5 }).apply({}, input, training(1));
    await withoutLeak(() => apply(x).dispose());
    await withoutLeak(() => dispose(grads((input: Tensor) => weighted(apply(input)))([x])));
    x.dispose();
  });
});

test('refuses rates and kinds that are none', () => {
  for (const rate of [-0.1, 1, Number.NaN]) {
    expect(() => dropout({ rate })).toThrow(`dropout: rate: got ${rate}, expected a number in [0, 1).`);
  }
  expect(() => dropout({ rate: 0.5, kind: 'pixel' as never })).toThrow(OptionError);
});
