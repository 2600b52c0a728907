import { expect, test } from 'vitest';
import { latest } from './latest.js';

test('works on the first and the newest, and leaves out what was overtaken', async () => {
  const done: number[] = [];
  const work = latest(async (value: number) => {
    await new Promise((resolve) => setTimeout(resolve, 1));
    done.push(value);
  });
  await Promise.all([1, 2, 3, 4].map((value) => work(value)));
  expect(done).toEqual([1, 4]);
  await work(5);
  expect(done).toEqual([1, 4, 5]);
});

test('goes on after an error, which reaches whoever asked', async () => {
  const work = latest(async (value: number) => {
    if (value < 0) throw new Error('negative');
  });
  await expect(work(-1)).rejects.toThrow('negative');
  await expect(work(1)).resolves.toBeUndefined();
});
