import { describe, expect, it } from 'vitest';
import { mapLimited } from './source-file.js';

const tick = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));

describe('mapLimited', () => {
  it('keeps the order and the limit', async () => {
    let [running, most] = [0, 0];
    const results = await mapLimited([5, 1, 4, 0, 2], 2, async (n) => {
      most = Math.max(most, ++running);
      await tick(n);
      running--;
      return n * 10;
    });
    expect(results).toEqual([50, 10, 40, 0, 20]);
    expect(most).toBe(2);
    expect(await mapLimited([], 2, async () => 1)).toEqual([]);
  });

  it('throws the first error in order, not in time', async () => {
    const work = async (n: number): Promise<never> => {
      await tick(n);
      throw new Error(`${n}`);
    };
    await expect(mapLimited([20, 1, 5], 3, work)).rejects.toThrow('20');
  });
});
