import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** What a training had reached at one factor of validation. */
export interface LearningPoint {
  readonly epochs: number;
  /** Of the steps of training so far. */
  readonly minutes: number;
  readonly factor: number;
  /** On the validation images. */
  readonly dice: number;
}

/** What the log of a training, metrics.jsonl of its run folder, says of it. */
export interface TrainingLog {
  /** How many are done. */
  readonly epochs: number;
  /** Of the steps of all epochs. */
  readonly seconds: number;
  /** When the last epoch ended; absent before the first. */
  readonly secondsLeft?: number;
  /** Of the best epoch, in the mean over the factors of validation; absent where no validation has a Dice. */
  readonly validationDice?: number;
  /** Of validations at a common factor, epoch by epoch. */
  readonly learning: readonly LearningPoint[];
}

/** A line of the log, as far as it is read here; JSON has null for a Dice that is not a number. */
interface Line {
  readonly epoch: number;
  readonly seconds?: number;
  readonly secondsLeft?: number;
  readonly validation?: ReadonlyArray<{ readonly factor: unknown; readonly dice: number | null }>;
}

/** Reads the log of a run folder, empty where there is none. A line that a killed process has cut off counts for nothing. */
export async function readTrainingLog(run: string): Promise<TrainingLog> {
  const text = await readFile(join(run, 'metrics.jsonl'), 'utf8').catch(() => '');
  const lines = text
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as Line);
  let seconds = 0;
  let best = Number.NEGATIVE_INFINITY;
  const learning: LearningPoint[] = [];
  for (const { epoch, seconds: own = 0, validation = [] } of lines) {
    seconds += own;
    const mean = validation.reduce((sum, { dice }) => sum + (dice ?? Number.NaN), 0) / validation.length;
    if (mean > best) best = mean;
    for (const { factor, dice } of validation) {
      if (typeof factor === 'number' && dice !== null)
        learning.push({ epochs: epoch + 1, minutes: seconds / 60, factor, dice });
    }
  }
  const secondsLeft = lines.at(-1)?.secondsLeft;
  return {
    epochs: lines.length,
    seconds,
    learning,
    ...(secondsLeft === undefined ? {} : { secondsLeft }),
    ...(Number.isFinite(best) ? { validationDice: best } : {}),
  };
}
