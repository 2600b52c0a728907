import { expect, test } from 'vitest';
import { rowOf, rowsOf, type Timed } from './row.js';

const timed = (label: string, threads: number, median: number, isSingle = false): Timed => ({
  label,
  threads,
  isSingle,
  timing: { median, spread: [median - 1, median + 2] },
});

test("the ratio is the peer's time by ours: above 1, ours is faster", () => {
  const row = rowOf(
    { work: 'w', peer: 'p', threads: 2 },
    timed('p', 2, 30).timing,
    timed('ours', 2, 12).timing,
  );
  expect(row).toEqual({
    work: 'w',
    peer: 'p',
    threads: 2,
    peerMs: 30,
    oursMs: 12,
    ratio: 2.5,
    peerSpread: [29, 32],
    oursSpread: [11, 14],
  });
});

test('peers are compared on as many threads as ours, single ones on both, and ours with itself on one', () => {
  const rows = rowsOf('w', [
    timed('ours', 1, 20),
    timed('ours', 2, 10),
    timed('stock', 1, 60, true),
    timed('torch', 1, 30),
    timed('torch', 2, 16),
  ]);
  expect(rows.map(({ peer, threads, ratio }) => [peer, threads, ratio])).toEqual([
    ['stock', 1, 3],
    ['torch', 1, 1.5],
    ['ours, 1 thread', 2, 2],
    ['stock', 2, 6],
    ['torch', 2, 1.6],
  ]);
});

test('a peer that could not run on two threads is not compared on them', () => {
  const rows = rowsOf('w', [timed('ours', 2, 10), timed('torch', 1, 30)]);
  expect(rows).toMatchObject([{ peer: 'none', threads: 2, peerMs: null, ratio: null, oursMs: 10 }]);
});
