import { expect, test } from 'vitest';
import { alternate, iterationsFor, turnsFor } from './alternate.js';

/** Contenders that take a fixed time by their own account, and the order in which they were asked. */
function contenders(times: Readonly<Record<string, number>>) {
  const asked: string[] = [];
  const list = Object.entries(times).map(([name, ms]) => ({
    time: async (iterations: number) => {
      asked.push(`${name}${iterations}`);
      return ms;
    },
  }));
  return { asked, list };
}

test('contenders take turns after warming up one by one, the quick ones several times in a turn', async () => {
  const { asked, list } = contenders({ a: 10, b: 50 });
  const timings = await alternate(list, { repeats: 3, turnMs: 20, warmUpMs: 30, pauseMs: 0, mostMs: 1000 });
  expect(asked).toEqual(['a1', 'a1', 'a1', 'b1', 'b1', 'a2', 'b1', 'a2', 'b1', 'a2', 'b1']);
  expect(timings).toEqual([
    [10, 10, 10],
    [50, 50, 50],
  ]);
});

test('what takes next to no time is warmed up thirty times', async () => {
  const { asked, list } = contenders({ instant: 0 });
  await alternate(list, { repeats: 1, turnMs: 0, warmUpMs: 1000, pauseMs: 0, mostMs: 1000 });
  expect(asked).toHaveLength(31);
});

test('a contender that is very slow misses turns', async () => {
  const { list } = contenders({ quick: 1, slow: 1000 });
  const [quick, slow] = await alternate(list, {
    repeats: 12,
    turnMs: 1,
    warmUpMs: 10,
    pauseMs: 0,
    mostMs: 4000,
  });
  expect(quick).toHaveLength(12);
  expect(slow).toHaveLength(4);
});

test.each([
  { ms: 0.1, repeats: 15, turns: 15 },
  { ms: 1000, repeats: 15, turns: 12 },
  { ms: 60_000, repeats: 15, turns: 3 },
  { ms: 60_000, repeats: 2, turns: 2 },
])('at $ms ms there are $turns turns of $repeats', ({ ms, repeats, turns }) => {
  expect(turnsFor(ms, repeats, 12_000)).toBe(turns);
});

test.each([
  { ms: 0.5, iterations: 40 },
  { ms: 19, iterations: 2 },
  { ms: 21, iterations: 1 },
  { ms: 0, iterations: 10_000 },
])('$ms ms fill a turn of 20 ms $iterations times', ({ ms, iterations }) => {
  expect(iterationsFor(ms, 20)).toBe(iterations);
});
