import type { CellState } from './cells.js';

/** How long an experiment still takes. */
export interface TimeLeft {
  /** Undefined where nothing tells how long a cell takes. */
  readonly seconds: number | undefined;
  /** How many cells are trained at a time. */
  readonly atATime: number;
}

/**
 * How long it takes until every cell has ended, if as many are trained at a time as now, or one where none is: what running and
 * interrupted cells say themselves, and for each that waits the mean time of those that are done. Failed cells count for nothing.
 *
 * @returns Undefined if no cell is to be trained.
 */
export function timeLeftOf(states: readonly CellState[]): TimeLeft | undefined {
  const took = states.flatMap((state) => (state.kind === 'done' ? [secondsOf(state)] : []));
  const mean = took.length === 0 ? undefined : took.reduce((sum, one) => sum + one, 0) / took.length;
  const running = states.filter(({ kind }) => kind === 'running').length;
  const lefts = states.flatMap((state) => {
    if (state.kind === 'done' || state.kind === 'failed') return [];
    return [('secondsLeft' in state ? state.secondsLeft : undefined) ?? mean];
  });
  if (lefts.length === 0) return undefined;
  const known = lefts.filter((left) => left !== undefined);
  const atATime = Math.max(1, running);
  const together = known.reduce((sum, one) => sum + one, 0) / atATime;
  // However many are trained at a time, the longest takes its time.
  const seconds = known.length < lefts.length ? undefined : Math.max(together, ...known);
  return { seconds, atATime };
}

/** A cell that was gone on with says the seconds of its last process alone, but those of all its training. */
function secondsOf({ results: { seconds, trainingSeconds = 0 } }: CellState & { kind: 'done' }): number {
  return Math.max(seconds, trainingSeconds);
}
