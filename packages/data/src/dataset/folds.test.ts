import { Rng } from '@sshn/core';
import { describe, expect, it } from 'vitest';
import { folds } from './split.js';

const ids = Array.from({ length: 23 }, (_, i) => `p${i % 7}-${i}`);

describe('folds', () => {
  it('tests every id exactly once and trains on the others', () => {
    const rounds = folds(ids, Rng.fromSeed(2), { count: 5 });
    expect(rounds.map(({ test }) => test.length).sort()).toEqual([4, 4, 5, 5, 5]);
    expect(rounds.flatMap(({ test }) => test).sort()).toEqual([...ids].sort());
    for (const { train, test } of rounds) {
      expect([...train, ...test].sort()).toEqual([...ids].sort());
    }
  });

  it('is seeded', () => {
    expect(folds(ids, Rng.fromSeed(2), { count: 3 })).toEqual(folds(ids, Rng.fromSeed(2), { count: 3 }));
    expect(folds(ids, Rng.fromSeed(2), { count: 3 })).not.toEqual(folds(ids, Rng.fromSeed(3), { count: 3 }));
  });

  it('keeps groups together', () => {
    const patient = (id: string): string => id.split('-')[0]!;
    for (const { train, test } of folds(ids, Rng.fromSeed(2), { count: 3, groupOf: patient })) {
      const tested = new Set(test.map(patient));
      expect(train.some((id) => tested.has(patient(id)))).toBe(false);
      expect(test.length).toBeGreaterThanOrEqual(6);
    }
  });

  it('refuses more folds than groups, one fold, and ids that occur twice', () => {
    const groupOf = (id: string): string => id.slice(0, 2);
    expect(() => folds(ids, Rng.fromSeed(2), { count: 8, groupOf })).toThrow(/got 8, expected at most 7/);
    expect(() => folds(ids, Rng.fromSeed(2), { count: 1 })).toThrow(/an integer of at least 2/);
    expect(() => folds(['a', 'a'], Rng.fromSeed(2), { count: 2 })).toThrow(/every id once/);
  });
});
