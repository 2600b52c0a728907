import { Rng } from '@sshn/core';
import { describe, expect, it } from 'vitest';
import { splitGroups, splitIds } from './split.js';

const ids = (count: number): string[] => Array.from({ length: count }, (_, i) => `${i}`.padStart(3, '0'));
const partOf = ({ train, validation, test }: ReturnType<typeof splitIds>): Map<string, string> =>
  new Map([
    ...train.map((id) => [id, 'train'] as const),
    ...validation.map((id) => [id, 'validation'] as const),
    ...test.map((id) => [id, 'test'] as const),
  ]);

describe('splitIds', () => {
  it("gives the paper's 256 / 64 / 80 of 400 ids, each in one part, in their order", () => {
    const split = splitIds(ids(400), Rng.fromSeed(7));
    expect([split.train.length, split.validation.length, split.test.length]).toEqual([256, 64, 80]);
    expect(partOf(split).size).toBe(400);
    for (const part of [split.train, split.validation, split.test]) expect(part).toEqual([...part].sort());
  });

  it('is the same for the same seed, whatever the order of the ids, and another for another seed', () => {
    const split = splitIds(ids(50), Rng.fromSeed(7));
    expect(splitIds(ids(50), Rng.fromSeed(7))).toEqual(split);
    expect(partOf(splitIds(ids(50).reverse(), Rng.fromSeed(7)))).toEqual(
      new Map([...partOf(split)].reverse()),
    );
    expect(splitIds(ids(50), Rng.fromSeed(8)).test).not.toEqual(split.test);
  });

  it('does not advance the generator', () => {
    const rng = Rng.fromSeed(7);
    expect(splitIds(ids(50), rng)).toEqual(splitIds(ids(50), rng));
  });

  it('moves at most one old id across each boundary when a file is added', () => {
    for (let count = 20; count < 60; count++) {
      const before = partOf(splitIds(ids(count), Rng.fromSeed(3)));
      const after = partOf(splitIds(ids(count + 1), Rng.fromSeed(3)));
      expect([...before].filter(([id, part]) => after.get(id) !== part).length).toBeLessThanOrEqual(2);
    }
  });

  it('takes other fractions, down to nothing', () => {
    const split = splitIds(ids(10), Rng.fromSeed(1), [0.5, 0.5, 0]);
    expect([split.train.length, split.validation.length, split.test.length]).toEqual([5, 5, 0]);
    expect(splitIds([], Rng.fromSeed(1))).toEqual({ train: [], validation: [], test: [] });
  });

  it('refuses fractions that do not add up, and ids that occur twice', () => {
    expect(() => splitIds(ids(3), Rng.fromSeed(1), [0.5, 0.5, 0.5])).toThrow(/got \[0.5,0.5,0.5\].*sum 1/);
    expect(() => splitIds(ids(3), Rng.fromSeed(1), [1.2, -0.2, 0])).toThrow(/none negative/);
    expect(() => splitIds(['a', 'b', 'a'], Rng.fromSeed(1))).toThrow(/got "a", expected every id once/);
  });
});

describe('splitGroups', () => {
  const patientOf = (id: string): string => id.split('-')[0]!;

  it('never divides a group and comes within half the largest group of each share', () => {
    const sizes = [1, 2, 3, 4, 5, 6, 7, 8, 9, 5];
    const images = sizes.flatMap((size, p) => Array.from({ length: size }, (_, i) => `p${p}-${i}`));
    for (let seed = 0; seed < 20; seed++) {
      const split = splitGroups(images, patientOf, Rng.fromSeed(seed));
      const part = partOf(split);
      expect(part.size).toBe(images.length);
      for (const id of images) expect(part.get(id)).toBe(part.get(`${patientOf(id)}-0`));
      expect(Math.abs(split.test.length - 10)).toBeLessThanOrEqual(4.5);
      expect(Math.abs(split.validation.length - 8)).toBeLessThanOrEqual(4.5);
    }
  });
});
