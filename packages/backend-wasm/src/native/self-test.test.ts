import { describe, expect, it } from 'vitest';
import { byProducts, chooseBuild, compareProducts } from './self-test.js';
import { enableRelaxedSimd } from './testing/relaxed.js';

const hasRelaxed = enableRelaxedSimd();
const refuse = (): never => {
  throw new Error('asked for nothing');
};

describe('the choice of a build', () => {
  it('leaves the engine alone where 256 bits are out of question', () => {
    const wishes = { reproducible: false, wide: true, setFlags: refuse };
    expect(chooseBuild({ ...wishes, reproducible: true })).toEqual({
      build: 'fixed',
      reason: 'the same bits on every machine were asked for',
    });
    expect(chooseBuild({ ...wishes, wide: false })).toEqual(
      hasRelaxed
        ? { build: 'relaxed', reason: '256 bits were not asked for' }
        : { build: 'fixed', reason: 'the engine has no relaxed SIMD' },
    );
  });

  it.skipIf(!hasRelaxed)('is relaxed where the engine merges no pairs', () => {
    const wishes = { reproducible: false, wide: true, setFlags: () => 'no merging' };
    expect(chooseBuild(wishes)).toEqual({ build: 'relaxed', reason: 'no merging' });
  });

  it('needs right results in clearly less time', () => {
    expect(byProducts({ isRight: true, share: 0.6 })).toEqual({
      build: 'wide',
      reason: 'a product of 256 bits takes 60 % of the time of one of 128',
    });
    expect(byProducts({ isRight: true, share: 0.95 }).build).toBe('relaxed');
    for (const share of [0, Number.NaN]) expect(byProducts({ isRight: true, share }).build).toBe('relaxed');
    expect(byProducts({ isRight: false, share: 0.6 })).toEqual({
      build: 'relaxed',
      reason: 'a product of 256 bits has wrong results here',
    });
  });

  it.skipIf(!hasRelaxed)('compares products that are right, in little time', () => {
    const start = performance.now();
    const { isRight, share } = compareProducts();
    expect(isRight).toBe(true);
    expect(share).toBeGreaterThan(0);
    expect(performance.now() - start).toBeLessThan(2000);
  });
});
