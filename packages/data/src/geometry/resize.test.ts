import { Rng } from '@sshn/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Image } from '../dataset/types.js';
import { convertChannels, resizeImage, resizeLabels } from './resize.js';

const row = (...values: number[]): Image => ({
  values: Float32Array.from(values),
  size: [1, values.length],
  channels: 1,
});
const resizedRow = (to: number, values: number[], antialias = true): number[] =>
  [...resizeImage(row(...values), [1, to], { antialias }).values].map((v) => Math.round(v * 1e5) / 1e5);

describe('resizeImage', () => {
  it('has pixel centers at half coordinates when growing', () => {
    expect(resizedRow(4, [0, 1])).toEqual([0, 0.25, 0.75, 1]);
    expect(resizedRow(3, [0, 6])).toEqual([0, 3, 6]);
    expect(resizedRow(4, [0, 1], false)).toEqual([0, 0.25, 0.75, 1]);
  });

  it('averages under a triangle as wide as the scale when shrinking', () => {
    // Half as wide: s = 2, centers 0.5 and 2.5; weights of distances 0.5, 1.5 are 3/4, 1/4, cut at the border.
    const [first, last] = [(3 / 4) * 0 + (3 / 4) * 4 + (1 / 4) * 8, (1 / 4) * 4 + (3 / 4) * 8 + (3 / 4) * 20];
    expect(resizedRow(2, [0, 4, 8, 20])).toEqual(
      [first / 1.75, last / 1.75].map((v) => Math.round(v * 1e5) / 1e5),
    );
  });

  it('sees only the neighbors without antialiasing', () => {
    expect(resizedRow(2, [0, 4, 8, 20], false)).toEqual([2, 14]);
    expect(resizedRow(1, [1, 9, 5, 9, 1], false)).toEqual([5]);
    expect(resizedRow(1, [1, 9, 5, 9, 1])).not.toEqual([5]);
  });

  it('keeps a fine checkerboard grey when antialiased, and turns it into noise when not', () => {
    const size = [60, 60];
    const values = Float32Array.from({ length: 3600 }, (_, i) => (i + Math.floor(i / 60)) % 2);
    const spread = (antialias: boolean): number => {
      const { values: small } = resizeImage({ values, size, channels: 1 }, [26, 26], { antialias });
      return Math.max(...small) - Math.min(...small);
    };
    expect(spread(true)).toBeLessThan(0.15);
    expect(spread(false)).toBeGreaterThan(0.8);
  });

  it('resizes each axis and channel on its own, in 3D too', () => {
    const values = Float32Array.from({ length: 2 * 1 * 3 * 2 }, (_, i) => i);
    const {
      values: grown,
      size,
      channels,
    } = resizeImage({ values, size: [2, 1, 3], channels: 2 }, [2, 2, 1]);
    expect([size, channels]).toEqual([[2, 2, 1], 2]);
    expect([...grown]).toEqual([2, 3, 2, 3, 8, 9, 8, 9]);
  });

  it('keeps constants and, for a linear ramp inside the image, the ramp, at any size', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 40 }),
        fc.integer({ min: 1, max: 40 }),
        fc.boolean(),
        (n, m, antialias) => {
          const flat = resizeImage(row(...new Array<number>(n).fill(0.3)), [1, m], { antialias });
          for (const v of flat.values) expect(v).toBeCloseTo(0.3, 6);
          const ramp = resizeImage(row(...Array.from({ length: n }, (_, i) => i)), [1, m], { antialias });
          const reach = antialias ? Math.max(1, n / m) : 1;
          ramp.values.forEach((v, i) => {
            const center = ((i + 0.5) * n) / m - 0.5;
            const isInside = center - reach >= -1 && center + reach <= n;
            if (isInside && antialias) expect(v).toBeCloseTo(center, 0);
            if (isInside && reach === 1) expect(v).toBeCloseTo(center, 4);
          });
        },
      ),
      { seed: 1 },
    );
  });

  it('returns the image itself at its own size, and never changes its argument', () => {
    const image = row(1, 2, 3);
    expect(resizeImage(image, [1, 3])).toBe(image);
    resizeImage(image, [2, 5]);
    expect(image).toEqual(row(1, 2, 3));
  });

  it('refuses another number of axes and edges that are not positive', () => {
    expect(() => resizeImage(row(1, 2), [2, 2, 2])).toThrow(
      'resizeImage: got shape [2, 2, 2], expected 2 edges, as [1, 2] has.',
    );
    expect(() => resizeImage(row(1, 2), [1, 0])).toThrow(
      /size\[1\]: got 0, expected an integer of at least 1/,
    );
  });
});

describe('resizeLabels', () => {
  it('takes the pixel that the center lies in', () => {
    const labels = { values: Uint8Array.of(1, 2, 3, 4), size: [1, 4] };
    expect([...resizeLabels(labels, [1, 2]).values]).toEqual([2, 4]);
    expect([...resizeLabels(labels, [1, 3]).values]).toEqual([1, 3, 4]);
    expect([...resizeLabels(labels, [1, 8]).values]).toEqual([1, 1, 2, 2, 3, 3, 4, 4]);
    expect(resizeLabels(labels, [1, 4])).toBe(labels);
  });

  it('works along every axis of two and three', () => {
    const square = { values: Uint8Array.of(1, 2, 3, 4), size: [2, 2] };
    expect([...resizeLabels(square, [3, 4]).values]).toEqual([1, 1, 2, 2, 3, 3, 4, 4, 3, 3, 4, 4]);
    const cube = { values: Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8), size: [2, 2, 2] };
    expect([...resizeLabels(cube, [1, 2, 4]).values]).toEqual([5, 5, 6, 6, 7, 7, 8, 8]);
  });

  it('has the geometry of images: a half plane keeps its border to half a pixel', () => {
    const rng = Rng.fromSeed(1);
    for (let i = 0; i < 200; i++) {
      const [n, m] = [2 + rng.integer(60), 2 + rng.integer(60)];
      const border = 1 + rng.integer(n - 1);
      const labels = Uint8Array.from({ length: n }, (_, x) => Number(x >= border));
      const small = resizeLabels({ values: labels, size: [1, n] }, [1, m]).values;
      const found = m - small.reduce((sum, v) => sum + v, 0);
      expect(Math.abs(found - (border * m) / n)).toBeLessThanOrEqual(0.5);
      const soft = resizeImage(row(...labels), [1, m]).values;
      expect(Math.abs(m - soft.reduce((sum, v) => sum + v, 0) - (border * m) / n)).toBeLessThan(0.6);
    }
  });

  it('refuses another number of axes', () => {
    expect(() => resizeLabels({ values: new Uint8Array(4), size: [2, 2] }, [4])).toThrow(/expected 2 edges/);
  });
});

describe('convertChannels', () => {
  it('repeats grey and takes the luma of RGB', () => {
    const grey = row(0.25, 0.5);
    expect([...convertChannels(grey, 3).values]).toEqual([0.25, 0.25, 0.25, 0.5, 0.5, 0.5]);
    const color = {
      values: Float32Array.of(1, 0, 0, 0, 1, 0, 0, 0, 1, 0.5, 0.5, 0.5),
      size: [2, 2],
      channels: 3,
    };
    const [red, green, blue, middle] = convertChannels(color, 1).values;
    expect([red, green, blue]).toEqual([0.299, 0.587, 0.114].map(Math.fround));
    expect(middle).toBeCloseTo(0.5, 6);
    expect(convertChannels(grey, 1)).toBe(grey);
  });

  it('refuses what has no meaning', () => {
    const pair = { values: new Float32Array(4), size: [1, 2], channels: 2 };
    expect(() => convertChannels(pair, 3)).toThrow(/got shape \[1, 2, 2\], expected 3 channels/);
  });
});
