import { describe, expect, it } from 'vitest';
import { blur } from './noise.js';

describe('blur', () => {
  it('spreads one pixel into a Gaussian of that sigma', () => {
    const values = new Float32Array(21 * 21);
    values[10 * 21 + 10] = 1;
    const result = blur(values, [21, 21], 1, 1.5);
    const at = (y: number, x: number): number => result[y * 21 + x]!;
    expect(at(10, 12) / at(10, 10)).toBeCloseTo(Math.exp(-0.5 * (2 / 1.5) ** 2), 5);
    expect(at(8, 12) / at(10, 10)).toBeCloseTo(Math.exp(-(2 ** 2) / 1.5 ** 2), 5);
    expect(result.reduce((sum, v) => sum + v, 0)).toBeCloseTo(1, 5);
  });

  it('leaves a constant as it is up to the edges, channel by channel, in 3D', () => {
    const values = Float32Array.from({ length: 3 * 2 * 4 * 2 }, (_, i) => (i % 2 === 0 ? 0.25 : 0.75));
    const result = blur(values, [3, 2, 4], 2, 0.8);
    result.forEach((v, i) => {
      expect(v).toBeCloseTo(values[i]!, 6);
    });
  });
});
