import { Rng } from '@sshn/core';
import { describe, expect, it } from 'vitest';
import type { Example } from '../dataset/types.js';
import { generatePhantoms } from '../phantoms/generate.js';
import { augment } from './augment.js';
import type { AugmentConfig } from './config.js';

const everything: AugmentConfig = {
  flip: ['height', 'width'],
  rotationDegrees: 30,
  scale: 0.3,
  elastic: { strength: 2, spacing: 8 },
  gamma: 0.5,
  noise: 0.05,
};

/** 0 1 2 / 3 4 5 in a first channel, ten more in a second; labels as the first. */
const small: Example = {
  id: 'small',
  image: {
    values: Float32Array.of(0, 10, 1, 11, 2, 12, 3, 13, 4, 14, 5, 15),
    size: [2, 3],
    channels: 2,
  },
  labels: { values: Uint8Array.of(0, 1, 2, 3, 4, 5), size: [2, 3] },
};

/** An image whose only channel is its label map: a disc, off center, on an odd and oblong grid. */
const disc = (size: readonly number[] = [41, 56]): Example => {
  const count = size.reduce((product, n) => product * n, 1);
  const labels = Uint8Array.from({ length: count }, (_, i) => {
    let rest = i;
    let squared = 0;
    for (let axis = size.length - 1; axis >= 0; axis--) {
      const n = size[axis]!;
      squared += ((rest % n) - 0.4 * n) ** 2;
      rest = Math.floor(rest / n);
    }
    return Number(squared < (0.3 * size[0]!) ** 2);
  });
  return {
    id: 'disc',
    image: { values: Float32Array.from(labels), size, channels: 1 },
    labels: { values: labels, size },
  };
};

/** The first seed from 0 whose result passes, so that a test can ask for a flip that really happens. */
const seedFor = (config: AugmentConfig, example: Example, passes: (result: Example) => boolean): number => {
  const seed = Array.from({ length: 50 }, (_, i) => i).find((i) =>
    passes(augment(config)(example, Rng.fromSeed(i))),
  );
  if (seed === undefined) throw new Error('no seed passes');
  return seed;
};

describe('augment', () => {
  it('is off by default, and at zero strength', () => {
    const zero = { flip: [], rotationDegrees: 0, scale: 0, gamma: 0, noise: 0 } as const;
    const example = disc();
    expect(augment({})(example, Rng.fromSeed(1))).toEqual(example);
    expect(augment({ ...zero, elastic: { strength: 0, spacing: 4 } })(example, Rng.fromSeed(1))).toEqual(
      example,
    );
  });

  it.each([
    ['width', [2, 1, 0, 5, 4, 3]],
    ['height', [3, 4, 5, 0, 1, 2]],
  ] as const)(
    'flips %s exactly, all channels and labels, half of the time; twice is the identity',
    (axis, expected) => {
      const flip = augment({ flip: [axis] });
      const seed = seedFor({ flip: [axis] }, small, ({ labels }) => labels.values[0] !== 0);
      const once = flip(small, Rng.fromSeed(seed));
      expect([...once.labels.values]).toEqual(expected);
      expect([...once.image.values]).toEqual(expected.flatMap((v) => [v, v + 10]));
      expect(flip(once, Rng.fromSeed(seed))).toEqual(small);
      const flipped = Array.from(
        { length: 400 },
        (_, i) => flip(small, Rng.fromSeed(i)).labels.values[0] !== 0,
      );
      expect(flipped.filter(Boolean).length).toBeGreaterThan(160);
      expect(flipped.filter(Boolean).length).toBeLessThan(240);
    },
  );

  it('flips depth in 3D', () => {
    const volume: Example = {
      id: 'volume',
      image: { values: Float32Array.of(1, 2, 3, 4), size: [2, 1, 2], channels: 1 },
      labels: { values: Uint8Array.of(1, 2, 3, 4), size: [2, 1, 2] },
    };
    const seed = seedFor({ flip: ['depth'] }, volume, ({ labels }) => labels.values[0] !== 1);
    const { image, labels } = augment({ flip: ['depth'] })(volume, Rng.fromSeed(seed));
    expect([...labels.values]).toEqual([3, 4, 1, 2]);
    expect([...image.values]).toEqual([3, 4, 1, 2]);
    expect(() => augment({ flip: ['depth'] })(small, Rng.fromSeed(1))).toThrow(
      /flip of 'small': got "depth", expected axes that the image has, height and width/,
    );
  });

  it.each([
    ['rotation', { rotationDegrees: 40 }],
    ['scale', { scale: 0.5 }],
    ['elastic', { elastic: { strength: 2, spacing: 9 } }],
    ['all of them', { ...everything, gamma: 0, noise: 0 }],
  ] as Array<[string, AugmentConfig]>)('%s moves the image and its labels alike', (_, config) => {
    const sizes = [
      [41, 56],
      [9, 20, 17],
    ];
    for (const example of sizes.map(disc)) {
      let moved = 0;
      for (let seed = 0; seed < 10; seed++) {
        const { image, labels } = augment(config)(example, Rng.fromSeed(seed));
        const at = [...labels.values.keys()];
        const clear = at.filter((i) => image.values[i]! < 1e-6 || image.values[i]! > 1 - 1e-6);
        const agree = (i: number): boolean => labels.values[i] === Math.round(image.values[i]!);
        // Away from the rim the image is 0 or 1; there no label may differ. At the rim few do, and none is between.
        expect(clear.every(agree)).toBe(true);
        expect(clear.length).toBeGreaterThan(0.6 * at.length);
        expect(at.filter(agree).length).toBeGreaterThan(0.97 * at.length);
        expect(labels.values.every((label) => label === 0 || label === 1)).toBe(true);
        moved += at.filter((i) => labels.values[i] !== example.labels.values[i]).length;
      }
      expect(moved).toBeGreaterThan(0.004 * 10 * example.labels.values.length);
    }
  });

  it('rotates by the angle: a mark on the right moves up or down by it', () => {
    const size = [81, 81];
    const values = new Uint8Array(81 * 81);
    for (let dy = -1; dy <= 1; dy++) for (let dx = -1; dx <= 1; dx++) values[(40 + dy) * 81 + 70 + dx] = 1;
    const mark: Example = {
      id: 'mark',
      image: { values: Float32Array.from(values), size, channels: 1 },
      labels: { values, size },
    };
    const angles = Array.from({ length: 60 }, (_, seed) => {
      const { image } = augment({ rotationDegrees: 20 })(mark, Rng.fromSeed(seed));
      let [x, y, total] = [0, 0, 0];
      image.values.forEach((v, i) => {
        x += v * ((i % 81) - 40);
        y += v * (Math.floor(i / 81) - 40);
        total += v;
      });
      expect(Math.hypot(x, y) / total).toBeCloseTo(30, 0);
      return (Math.atan2(y, x) * 180) / Math.PI;
    });
    expect(Math.max(...angles.map(Math.abs))).toBeLessThanOrEqual(20.1);
    expect(Math.max(...angles)).toBeGreaterThan(15);
    expect(Math.min(...angles)).toBeLessThan(-15);
  });

  it('scales areas by the square of a magnification within its bounds', () => {
    const example = disc([61, 61]);
    const area = (e: Example): number => e.image.values.reduce((sum, v) => sum + v, 0);
    const zooms = Array.from({ length: 60 }, (_, seed) =>
      Math.sqrt(area(augment({ scale: 0.25 })(example, Rng.fromSeed(seed))) / area(example)),
    );
    expect(Math.max(...zooms)).toBeLessThan(1.26);
    expect(Math.max(...zooms)).toBeGreaterThan(1.15);
    expect(Math.min(...zooms)).toBeGreaterThan(0.79);
    expect(Math.min(...zooms)).toBeLessThan(0.87);
  });

  it('reflects at the border, so that a constant stays constant', () => {
    const size = [12, 15];
    const constant: Example = {
      id: 'constant',
      image: { values: new Float32Array(180).fill(0.5), size, channels: 1 },
      labels: { values: new Uint8Array(180).fill(3), size },
    };
    const { image, labels } = augment({ ...everything, gamma: 0, noise: 0 })(constant, Rng.fromSeed(3));
    for (const v of image.values) expect(v).toBeCloseTo(0.5, 6);
    expect(labels.values).toEqual(constant.labels.values);
  });

  it('changes intensities by gamma between the extremes, which stay, and leaves the labels', () => {
    const exponents = Array.from({ length: 60 }, (_, seed) => {
      const { image, labels } = augment({ gamma: 1 })(small, Rng.fromSeed(seed));
      expect(labels).toEqual(small.labels);
      const [low, middle, high] = [image.values[0]!, image.values[6]!, image.values[11]!];
      expect([low, high]).toEqual([0, 15]);
      return Math.log(middle / 15) / Math.log(3 / 15);
    });
    expect(Math.max(...exponents)).toBeLessThanOrEqual(2);
    expect(Math.max(...exponents)).toBeGreaterThan(1.7);
    expect(Math.min(...exponents)).toBeGreaterThanOrEqual(0.5);
    expect(Math.min(...exponents)).toBeLessThan(0.6);
  });

  it('adds noise of up to the standard deviation, and leaves the labels', () => {
    const example = disc([64, 64]);
    const deviations = Array.from({ length: 30 }, (_, seed) => {
      const { image, labels } = augment({ noise: 0.1 })(example, Rng.fromSeed(seed));
      expect(labels).toEqual(example.labels);
      const difference = image.values.map((v, i) => v - example.image.values[i]!);
      const mean = difference.reduce((sum, d) => sum + d, 0) / difference.length;
      expect(Math.abs(mean)).toBeLessThan(0.01);
      return Math.sqrt(difference.reduce((sum, d) => sum + d * d, 0) / difference.length);
    });
    expect(Math.max(...deviations)).toBeLessThan(0.105);
    expect(Math.max(...deviations)).toBeGreaterThan(0.07);
    expect(Math.min(...deviations)).toBeLessThan(0.02);
  });

  it('is the same for the same generator, which it does not advance, and differs between generators', async () => {
    const dataset = generatePhantoms({ kind: 'cells', count: 1, size: [32, 40], seed: 1 });
    const example = await dataset.load(dataset.ids[0]!);
    const copy = structuredClone(example);
    const rng = Rng.fromSeed(9);
    const once = augment(everything)(example, rng);
    expect(augment(everything)(example, rng)).toEqual(once);
    expect(augment(everything)(example, Rng.fromSeed(10))).not.toEqual(once);
    expect(example).toEqual(copy);
  });

  it('draws each change on its own: turning one on leaves the others as they were', () => {
    const example = disc();
    const { rotationDegrees } = everything;
    const turned = augment({ rotationDegrees: rotationDegrees! })(example, Rng.fromSeed(4));
    const turnedAndNoisy = augment({ rotationDegrees: rotationDegrees!, noise: 0.1 })(
      example,
      Rng.fromSeed(4),
    );
    expect(turnedAndNoisy.labels).toEqual(turned.labels);
  });

  it('refuses configurations that make no sense', () => {
    expect(() => augment({ rotation: 3 } as never)).toThrow(/'augment option': got 'rotation'/);
    expect(() => augment({ flip: ['heigth' as never] })).toThrow(/Did you mean 'height'\?/);
    expect(() => augment({ rotationDegrees: 181 })).toThrow(/got 181, expected a number in \[0, 180\]/);
    expect(() => augment({ scale: -0.1 })).toThrow(/augment: scale: got -0.1, expected a number ≥ 0/);
    expect(() => augment({ gamma: Number.NaN })).toThrow(/augment: gamma: got NaN/);
    expect(() => augment({ noise: -1 })).toThrow(/augment: noise/);
    expect(() => augment({ elastic: { strength: 1, spacing: 0.5 } })).toThrow(/elastic.spacing: got 0.5/);
    expect(() => augment({ elastic: { strength: -1, spacing: 5 } })).toThrow(/elastic.strength: got -1/);
  });
});
