import { Rng } from '@sshn/core';
import { describe, expect, it } from 'vitest';
import { displacements } from './elastic.js';

const deviationOf = (values: ArrayLike<number>): number =>
  Math.sqrt(Array.from(values).reduce((sum, v) => sum + v * v, 0) / values.length);

describe('displacements', () => {
  it.each([[[300, 320]], [[40, 50, 60]]])(
    'of size %j have the standard deviation asked for on every axis',
    (size) => {
      const fields = displacements(size, { strength: 3, spacing: 4 }, Rng.fromSeed(1));
      expect(fields).toHaveLength(size.length);
      for (const field of fields) {
        expect(field).toHaveLength(size.reduce((product, n) => product * n, 1));
        expect(deviationOf(field)).toBeGreaterThan(2.7);
        expect(deviationOf(field)).toBeLessThan(3.3);
      }
      expect(fields[0]).not.toEqual(fields[1]);
    },
  );

  it('are smooth on the scale of the spacing: neighbors differ little, the less the wider it is', () => {
    const steepness = (spacing: number): number => {
      const [field] = displacements([64, 64], { strength: 1, spacing }, Rng.fromSeed(2)) as [Float32Array];
      const steps = field.slice(1).map((v, i) => ((i + 1) % 64 === 0 ? 0 : v - field[i]!));
      return deviationOf(steps);
    };
    expect(steepness(16)).toBeLessThan(0.1);
    expect(steepness(8)).toBeGreaterThan(1.5 * steepness(16));
  });

  it('works for images smaller than the spacing', () => {
    const [field] = displacements([3, 1], { strength: 1, spacing: 16 }, Rng.fromSeed(2)) as [Float32Array];
    expect(field.every(Number.isFinite)).toBe(true);
  });
});
