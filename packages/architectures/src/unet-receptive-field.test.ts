import { initialize, Rng, setting } from '@sshn/core';
import { useBackend } from '@sshn-internal/testing';
import { slice, tensor, tidy } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { unet } from './unet.js';

describe('what a pixel of the output sees', () => {
  beforeAll(() => useBackend('wasm'));

  const network = unet({ inChannels: 1, outChannels: 1, features: 4, stages: 3 });
  const size = 40;

  /** Output for noise with one pixel changed, minus the output for the noise: how far is it from zero, and where? */
  function spread(row: number, column: number, factor: number): Array<[row: number, column: number]> {
    return tidy(() => {
      const params = initialize(network.specs, Rng.fromSeed(1));
      const noise = Rng.fromSeed(2);
      const before = Float32Array.from({ length: size * size }, () => noise.normal());
      const after = before.slice();
      after[row * size + column]! += 10;
      const [a, b] = [before, after].map((values) =>
        network.apply(params, tensor(values, [1, size, size, 1]), setting(factor)).dataSync(),
      );
      return [...a!].flatMap((value, i) =>
        value === b![i] ? [] : [[Math.floor(i / size), i % size] as [number, number]],
      );
    });
  }

  test('φ = 1: all within the ten 3×3 convolutions on its way, and as far as them', () => {
    const changed = spread(20, 19, 1);
    const distances = changed.map(([row, column]) => Math.max(Math.abs(row - 20), Math.abs(column - 19)));
    expect(Math.max(...distances)).toBe(10);
  });

  test('φ = 0.5: farther', () => {
    const distances = spread(20, 19, 0.5).map(([row]) => Math.abs(row - 20));
    expect(Math.max(...distances)).toBeGreaterThan(14);
  });

  test('φ = 0: its surroundings, and the center of the image', () => {
    const corner = spread(2, 2, 0);
    expect(Math.max(...corner.map(([row]) => row))).toBe(2 + 4);
    expect(spread(19, 20, 0)).toHaveLength(size * size);
  });

  test.each([
    { factor: 1, shift: 1 },
    { factor: 1, shift: 3 },
    { factor: 0.5, shift: 4 },
  ])('φ = $factor: moving the image by $shift pixels moves the output, inside', ({ factor, shift }) => {
    const noise = Rng.fromSeed(2);
    const margin = 32;
    const wide = 2 * margin + 16;
    const whole = tensor(
      Float32Array.from({ length: (wide + shift) * wide }, () => noise.normal()),
      [1, wide + shift, wide, 1],
    );
    const params = initialize(network.specs, Rng.fromSeed(1));
    const inside = (top: number, from: number) => {
      const crop = slice(whole, [0, top, 0, 0], [1, wide, wide, 1]);
      const logits = network.apply(params, crop, setting(factor));
      return slice(logits, [0, from, margin, 0], [1, 16 - shift, 16, 1]).dataSync();
    };
    const [still, moved] = [inside(0, margin + shift), inside(shift, margin)];
    still.forEach((value, i) => {
      expect(moved[i]).toBeCloseTo(value, 3);
    });
  });
});
