import { PROBE_BINARY } from './binary-probe.js';
import { hasRelaxedSimd, type NativeBuild } from './compile.js';

/** A build of the kernels, and in a few words why it and no other. */
export interface BuildChoice {
  readonly build: NativeBuild;
  readonly reason: string;
}

/** What `chooseBuild` has to know. */
export interface BuildWishes {
  /** Whether results must have the same bits on every machine. */
  readonly reproducible: boolean;
  /** Whether 256 bits at a time are wanted. */
  readonly wide: boolean;
  /** Has the engine know relaxed SIMD and merge pairs of operations, if it can be told to; a reason if it surely does not merge. */
  setFlags(): string | undefined;
}

/** The build `wide` must take less than this share of the time of `relaxed`: merged it takes 0.6, not merged more than 1. */
const LARGEST_SHARE = 0.8;

/** The fastest build of the kernels that gives right results here, by a short test where more than one comes into question. */
export function chooseBuild({ reproducible, wide, setFlags }: BuildWishes): BuildChoice {
  if (reproducible) return { build: 'fixed', reason: 'the same bits on every machine were asked for' };
  const problem = wide ? setFlags() : '256 bits were not asked for';
  if (!hasRelaxedSimd()) return { build: 'fixed', reason: 'the engine has no relaxed SIMD' };
  if (problem !== undefined) return { build: 'relaxed', reason: problem };
  try {
    return byProducts(compareProducts());
  } catch (error) {
    return { build: 'relaxed', reason: `256 bits could not be tried: ${messageOf(error)}` };
  }
}

/** What follows from a comparison of the products of both builds. */
export function byProducts({ isRight, share }: ProductComparison): BuildChoice {
  if (!isRight) return { build: 'relaxed', reason: 'a product of 256 bits has wrong results here' };
  const reason = `a product of 256 bits takes ${Math.round(100 * share)} % of the time of one of 128`;
  // Where the clock is too coarse to see a product, the share is 0 or NaN.
  return { build: share > 0 && share < LARGEST_SHARE ? 'wide' : 'relaxed', reason };
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** How the product kernel of `wide` compares with that of `relaxed`. */
interface ProductComparison {
  /** Whether both are right. */
  readonly isRight: boolean;
  /** The time of the one, divided by that of the other. */
  readonly share: number;
}

/** What the probe exports; addresses are bytes into its own memory. */
interface Probe {
  readonly memory: WebAssembly.Memory;
  wideProduct(x: number, weights: number, out: number, times: number): void;
  narrowProduct(x: number, weights: number, out: number, times: number): void;
}

const [ROWS, LENGTH, COLUMNS] = [12, 64, 16];

/** Where the probe's arrays begin, in bytes: behind one another, each on a page of the processor's. */
const AT = { x: 4096, weights: 8192, packed: 12_288, wide: 16_384, narrow: 20_480 } as const;

/** Products of one measurement, at least: some 0.1 ms of optimized code. */
const TIMES = 400;

/** Steps of the clock that a measurement takes at least: a page that is not isolated sees steps of 0.1 ms, others of 5 µs. */
const LEAST_STEPS = 20;

/** The code is compiled anew while it runs: minima count once they have not fallen for so many rounds. */
const QUIET_ROUNDS = 8;

/** A product takes less than this share of its first time once it is optimized: before, it says nothing of the builds. */
const OPTIMIZED_SHARE = 0.7;

/** On a busy machine V8 takes its time to optimize. */
const [LEAST_MS, MOST_MS] = [4, 150];

/** Runs the product kernels of the builds `wide` and `relaxed`. @throws {Error} if the engine refuses them. */
export function compareProducts(): ProductComparison {
  const bytes = Uint8Array.from(atob(PROBE_BINARY), (character) => character.charCodeAt(0));
  const instance = new WebAssembly.Instance(new WebAssembly.Module(bytes));
  const probe = instance.exports as unknown as Probe;
  const floats = new Float32Array(probe.memory.buffer);
  const view = (start: number, length: number) => floats.subarray(start / 4, start / 4 + length);
  const [x, weights] = [view(AT.x, ROWS * LENGTH), view(AT.weights, LENGTH * COLUMNS)];
  const packed = view(AT.packed, LENGTH * COLUMNS);
  for (let i = 0; i < x.length; i++) x[i] = Math.sin(i + 1);
  for (let i = 0; i < weights.length; i++) {
    const [k, column] = [Math.floor(i / COLUMNS), i % COLUMNS];
    weights[i] = Math.cos(3 * i);
    packed[Math.floor(column / 8) * LENGTH * 8 + k * 8 + (column % 8)] = weights[i]!;
  }
  const runs = [
    (times: number) => probe.wideProduct(AT.x, AT.weights, AT.wide, times),
    (times: number) => probe.narrowProduct(AT.x, AT.packed, AT.narrow, times),
  ];
  const first = runs.map((run) => msOf(run, TIMES) / TIMES);
  const times = timesFor(runs[1]!);
  const best = runs.map(() => Number.POSITIVE_INFINITY);
  const start = performance.now();
  const isOptimized = () => best.every((ms, i) => ms < OPTIMIZED_SHARE * times * first[i]!);
  for (let quiet = 0, spent = 0; spent < MOST_MS; quiet++) {
    if (quiet >= QUIET_ROUNDS && spent >= LEAST_MS && isOptimized()) break;
    runs.forEach((run, i) => {
      const took = msOf(run, times);
      if (took < 0.95 * best[i]!) quiet = 0;
      best[i] = Math.min(best[i]!, took);
    });
    spent = performance.now() - start;
  }
  return {
    isRight: [AT.wide, AT.narrow].every((at) => isProduct(view(at, ROWS * COLUMNS), x, weights)),
    share: best[0]! / best[1]!,
  };
}

/** How many products one measurement takes, so that it is long beside a step of the clock. */
function timesFor(run: (times: number) => void): number {
  const start = performance.now();
  let now = start;
  while (now === start) now = performance.now();
  const leastMs = LEAST_STEPS * (now - start);
  for (let times = TIMES; ; times *= 2) {
    if (msOf(run, times) >= leastMs || times >= 64 * TIMES) return times;
  }
}

function msOf(run: (times: number) => void, times: number): number {
  const before = performance.now();
  run(times);
  return performance.now() - before;
}

/** Whether `out` is the product of x and the weights, to rounding. */
function isProduct(out: Float32Array, x: Float32Array, weights: Float32Array): boolean {
  return out.every((value, i) => {
    let sum = 0;
    const [row, column] = [Math.floor(i / COLUMNS), i % COLUMNS];
    for (let k = 0; k < LENGTH; k++) sum += x[row * LENGTH + k]! * weights[k * COLUMNS + column]!;
    return Math.abs(value - sum) < 1e-4;
  });
}
