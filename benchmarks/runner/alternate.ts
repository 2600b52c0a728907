/** One of those that take turns. */
export interface Contender {
  /** Computes so many times; mean milliseconds of one. */
  time(iterations: number): Promise<number>;
}

export interface AlternateOptions {
  /** Turns of each. */
  readonly repeats: number;
  /** How long a turn lasts at least, in milliseconds: what takes less is computed several times in it. */
  readonly turnMs: number;
  /** How long each computes before its first turn, in milliseconds: engines that compile while they run take their time. Two computations at least, 30 at most. */
  readonly warmUpMs: number;
  /** Pause before each turn, in milliseconds, for threads of the one before to go to sleep. */
  readonly pauseMs: number;
  /** About how long one contender may take in all, in milliseconds: a slower one misses turns, but for three. */
  readonly mostMs: number;
}

const FEWEST_WARM_UPS = 2;
const MOST_WARM_UPS = 30;
const MOST_ITERATIONS = 10_000;
const FEWEST_TURNS = 3;

/**
 * Times contenders in turn, A B C A B C …, so that whatever disturbs the machine disturbs all alike.
 *
 * @returns for each contender the mean milliseconds of a computation in each of its turns.
 */
export async function alternate(
  contenders: readonly Contender[],
  { repeats, turnMs, warmUpMs, pauseMs, mostMs }: AlternateOptions,
): Promise<number[][]> {
  const iterations: number[] = [];
  const turns: number[] = [];
  for (const contender of contenders) {
    let ms = Number.POSITIVE_INFINITY;
    let spent = 0;
    for (let i = 0; i < FEWEST_WARM_UPS || (i < MOST_WARM_UPS && spent < warmUpMs); i++) {
      const one = await contender.time(1);
      ms = Math.min(ms, one);
      spent += one;
    }
    iterations.push(iterationsFor(ms, turnMs));
    turns.push(turnsFor(ms, repeats, mostMs));
  }
  const timings = contenders.map((): number[] => []);
  for (let turn = 0; turn < repeats; turn++) {
    for (const [i, contender] of contenders.entries()) {
      if (turn % Math.floor(repeats / turns[i]!) !== 0) continue;
      await pause(pauseMs);
      timings[i]!.push(await contender.time(iterations[i]!));
    }
  }
  return timings;
}

/** How many computations of `ms` fill a turn. */
export function iterationsFor(ms: number, turnMs: number): number {
  return Math.min(MOST_ITERATIONS, Math.max(1, Math.ceil(turnMs / Math.max(ms, 1e-4))));
}

/** How many turns of `ms` a contender takes. */
export function turnsFor(ms: number, repeats: number, mostMs: number): number {
  return Math.min(repeats, Math.max(FEWEST_TURNS, Math.floor(mostMs / ms)));
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
