import type { MemoryFlags } from '../../run/memory.js';
import { runCell, stateOf } from '../cells.js';
import type { Plan } from '../plan.js';
import type { Progress } from './progress.js';

/** What all engines need to know. */
export interface EngineOptions {
  /** Cells at a time on this machine. */
  readonly jobs: number;
  /** Of wasm, for each cell. */
  readonly threads: number;
  readonly keep: MemoryFlags;
  /** Of the code, which results are kept with; see `codeVersion`. */
  readonly version: string;
  readonly progress: Progress;
  readonly signal: AbortSignal;
  /** Whether whoever gives out the work knows that nobody else has these cells; see `CellOptions`. @default false */
  readonly isOurs?: boolean;
}

/** Runs cells, some at a time, in the order of the plan. */
export async function runLocally(
  plan: Pick<Plan, 'cells'>,
  { jobs, threads, keep, version, progress, signal, isOurs = false }: EngineOptions,
): Promise<void> {
  const waiting = [...plan.cells];
  const work = async (): Promise<void> => {
    for (let cell = waiting.shift(); cell !== undefined && !signal.aborted; cell = waiting.shift()) {
      const one = cell;
      const wasDone = (await stateOf(one)).kind === 'done';
      progress.started(one);
      const onEpoch = (epoch: number): void => progress.epoch(one, epoch);
      const end = await runCell(one, { threads, keep, version, signal, onEpoch, isOurs });
      await progress.ended(one, end, wasDone);
    }
  };
  await Promise.all(Array.from({ length: jobs }, work));
}
