import { describe, expect, test } from 'vitest';
import type { CellState } from './cells.js';
import { timeLeftOf } from './time-left.js';

const done = (seconds: number, trainingSeconds?: number): CellState => ({
  kind: 'done',
  results: {
    ...{ hash: 'abc', version: '1', finished: '', seconds, results: [] },
    ...(trainingSeconds === undefined ? {} : { trainingSeconds }),
  },
});
const running = (secondsLeft?: number): CellState => ({
  ...{ kind: 'running', epoch: 3 },
  ...(secondsLeft === undefined ? {} : { secondsLeft }),
});
const failed: CellState = { kind: 'failed', message: 'no' };
const waiting: CellState = { kind: 'waiting' };

describe('the time left', () => {
  test.each<[string, CellState[], ReturnType<typeof timeLeftOf>]>([
    [
      'of running cells is what they say, the longest',
      [running(20), running(50)],
      { seconds: 50, atATime: 2 },
    ],
    [
      'of waiting cells is the mean of those that are done, shared by those at work',
      [done(100), done(50, 200), running(30), running(60), waiting, waiting, failed],
      { seconds: (30 + 60 + 150 + 150) / 2, atATime: 2 },
    ],
    [
      'is never less than that of a cell that waits',
      [done(90), running(0), running(0), waiting],
      { seconds: 90, atATime: 2 },
    ],
    [
      'where nothing runs is that of one at a time',
      [done(10), waiting, { kind: 'interrupted', epoch: 2, secondsLeft: 4 }],
      { seconds: 14, atATime: 1 },
    ],
    [
      'of a cell without an epoch is that of one that waits',
      [done(10), running()],
      { seconds: 10, atATime: 1 },
    ],
    ['is unknown before a cell is done', [running(10), waiting], { seconds: undefined, atATime: 1 }],
    ['is none where all have ended', [done(10), failed], undefined],
  ])('%s', (_, states, expected) => {
    expect(timeLeftOf(states)).toEqual(expected);
  });
});
