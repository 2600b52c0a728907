import { Rng } from '@sshn/core';
import { describe, expect, it } from 'vitest';
import { displacements } from './elastic.js';

const deviationOf = (values: ArrayLike<number>): number =>
  Math.sqrt(Array.from(values).reduce((sum, v) => sum + v * v, 0) / values.length);

/** The smallest area (volume) that steps to neighbors span, in all directions alike, written out apart from what is tested. */
function leastVolume(fields: readonly Float32Array[], size: readonly number[]): number {
  const [depth, height, width] = size.length === 2 ? [1, ...size] : size;
  const u = size.length === 2 ? [new Float32Array(fields[0]!.length), ...fields] : fields;
  const at = (z: number, y: number, x: number): number[] => {
    const i = (z * height! + y) * width! + x;
    return [z + u[0]![i]!, y + u[1]![i]!, x + u[2]![i]!];
  };
  const isInside = (z: number, y: number, x: number): boolean =>
    z >= 0 && z < depth! && y >= 0 && y < height! && x >= 0 && x < width!;
  const corners = [1, -1].flatMap((sz) =>
    [1, -1].flatMap((sy) => [1, -1].map((sx) => [sz, sy, sx] as const)),
  );
  let least = Number.POSITIVE_INFINITY;
  for (let z = 0; z < depth!; z++) {
    for (let y = 0; y < height!; y++) {
      for (let x = 0; x < width!; x++) {
        const o = at(z, y, x);
        for (const [sz, sy, sx] of corners) {
          const steps = [sz, sy, sx].map((sign, axis) => {
            const unit = [0, 1, 2].map((other) => Number(other === axis));
            if ([depth, height, width][axis] === 1) return unit; // Nothing folds along it.
            const [nz, ny, nx] = [z, y, x].map((v, i) => v + sign * unit[i]!) as [number, number, number];
            return isInside(nz, ny, nx) ? at(nz, ny, nx).map((v, i) => sign * (v - o[i]!)) : undefined;
          });
          const [a, b, c] = steps;
          if (a === undefined || b === undefined || c === undefined) continue;
          const cross = [
            b[1]! * c[2]! - b[2]! * c[1]!,
            b[2]! * c[0]! - b[0]! * c[2]!,
            b[0]! * c[1]! - b[1]! * c[0]!,
          ];
          least = Math.min(least, a[0]! * cross[0]! + a[1]! * cross[1]! + a[2]! * cross[2]!);
        }
      }
    }
  }
  return least;
}

describe('displacements', () => {
  it.each([[[300, 320]], [[60, 70, 80]]])(
    'of size %j have the standard deviation asked for on every axis',
    (size) => {
      const fields = displacements(size, { strength: 1, spacing: 6 }, Rng.fromSeed(1));
      expect(fields).toHaveLength(size.length);
      for (const field of fields) {
        expect(field).toHaveLength(size.reduce((product, n) => product * n, 1));
        expect(deviationOf(field)).toBeGreaterThan(0.9);
        expect(deviationOf(field)).toBeLessThan(1.1);
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

  it.each([
    [[35, 46], 1 / 3],
    [[35, 46], 1 / 4],
    [[35, 46], 1],
    [[40, 1], 1],
    [[11, 12, 13], 1 / 2],
    [[15, 1, 17], 1 / 2],
  ])('of size %j and strength %f of the spacing never fold, and would if they shrank less', (size, share) => {
    let shrunken = 0;
    for (let seed = 0; seed < 4; seed++) {
      const options = { strength: 8 * share, spacing: 8 };
      const fields = displacements(size, options, Rng.fromSeed(seed));
      expect(leastVolume(fields, size)).toBeGreaterThan(0);
      // The same draws at a strength that folds nowhere, brought to the strength asked for.
      const tiny = displacements(size, { ...options, strength: 1e-3 }, Rng.fromSeed(seed));
      const kept = deviationOf(fields[0]!) / deviationOf(tiny[0]!) / (1000 * options.strength);
      if (kept > 0.99) continue;
      shrunken++;
      const larger = fields.map((field) => field.map((v) => v / 0.9));
      expect(leastVolume(larger, size)).toBeLessThan(1e-4);
    }
    if (share >= 1 / 3 && !size.includes(1)) expect(shrunken).toBeGreaterThan(1);
  });

  it('shrink no more than they have to', () => {
    // Up to a sixth of the spacing few images fold; what is there is the strength asked for.
    const deviations = Array.from({ length: 20 }, (_, seed) =>
      deviationOf(displacements([64, 80], { strength: 1.2, spacing: 8 }, Rng.fromSeed(seed))[0]!),
    );
    expect(deviations.reduce((sum, v) => sum + v, 0) / 20).toBeGreaterThan(1.1);
  });

  it('works for images smaller than the spacing', () => {
    const [field] = displacements([3, 1], { strength: 1, spacing: 16 }, Rng.fromSeed(2)) as [Float32Array];
    expect(field.every(Number.isFinite)).toBe(true);
  });
});
