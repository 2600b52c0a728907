import { createHash } from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import type { Factor } from '@sshn/core';
import type { Dataset, Split } from '@sshn/data';
import type { NamedSetting } from '@sshn/model';
import type { FactorResult } from '@sshn/training';
import { evaluateRun, type Run, timeRun } from '@sshn/training/node';
import type { RunningBackend } from '../process/backend.js';
import { environment, machine } from '../process/environment.js';
import { type OpenedRun, windowsOf } from '../run/open-run.js';
import { SweepView } from '../terminal/sweep-view.js';
import type { Terminal } from '../terminal/terminal.js';
import { movesKnobs } from './curve.js';
import { type KeptIn, KeptResults } from './kept-results.js';
import type { Measurements, ParetoReport } from './report-data.js';

/** What to measure, and where its results are kept. */
export interface MeasureOptions<At extends Factor> {
  /** In the order in which they are evaluated. */
  readonly places: ReadonlyArray<NamedSetting<At>>;
  readonly split: Measurements['split'];
  /** How a result is read back. */
  readonly schema: KeptIn<At>['schema'];
  /** Folder of `evaluated.json`. */
  readonly output: string;
  /** How many results are evaluated before they are stored together. @default 1 */
  readonly batchSize?: number;
  /** How often each setting has its turn when forward passes are timed. @default 5 */
  readonly turns?: number;
  /** Evaluates even what is known already. @default false */
  readonly fresh?: boolean;
  readonly backend: RunningBackend;
  readonly terminal: Terminal;
  /** Called with what a program that reads the output wants to know. @default nothing */
  readonly print?: (line: object) => void;
  /** Aborting ends after the setting under way; what is done so far is kept. */
  readonly signal: AbortSignal;
}

/** What was measured. */
type MeasuredRun<At extends Factor> = Omit<Measurements, 'results'> & {
  /** In the order of `places`. */
  readonly results: ReadonlyArray<FactorResult<At>>;
};

/** Evaluates the best model of a run at all settings that are not known yet, and times them; undefined if it was aborted. */
export async function measureRun<At extends Factor>(
  opened: OpenedRun,
  options: MeasureOptions<At>,
): Promise<MeasuredRun<At> | undefined> {
  const { run, dataset } = opened;
  const { places, split, batchSize = 1, turns = 5 } = options;
  const { backend, terminal, signal, print = () => {} } = options;
  const { kept, content } = await openKept(opened, 'evaluated.json', options);
  const known = places.filter((place) => kept.get(place) !== undefined).length;
  const what = batchSize === 1 ? nameOf(places) : 'combinations of factors';
  terminal.line(
    `${run.folder}: ${places.length} ${what} on ${run.split(dataset)[split].length} ${split} images of ${dataset.name}${windowsOf(run, dataset)}, ${backend.description}`,
  );
  const view = new SweepView(terminal, places.length, known, undefined, nameOf(places));
  const results = await evaluateKept(opened, kept, { places, split, batchSize, signal }, (result) => {
    view.show(result);
    print(accuracyLine(result));
  });
  terminal.clear();
  if (results.length < places.length) return undefined;
  const timed = await withTimes(run, dataset, results, { turns, terminal, signal });
  if (timed === undefined) return undefined;
  await kept.keep(timed);
  for (const result of timed) print({ kind: 'result', ...result });
  const checkpoint = await identify(join(run.folder, 'best.safetensors'));
  return { split, content, results: timed, checkpoint, environment: environment(backend.description) };
}

/** Settings that differ in their factors alone are called that. */
function nameOf(places: readonly NamedSetting[]): 'factors' | 'settings' {
  return movesKnobs(places) ? 'settings' : 'factors';
}

/** What a program reads of an accuracy as it comes. */
export function accuracyLine({ factor, width, resolution, dice, gflops }: FactorResult<Factor>): object {
  return { kind: 'accuracy', factor, width, resolution, dice, gflops };
}

/**
 * Opens results of these weights on these images in a file of the output folder: with a backend, whose times they have, those of it on this
 * machine; without one, of Dice alone, those of any.
 */
export async function openKept<At extends Factor>(
  { run, dataset, weights }: OpenedRun,
  file: string,
  {
    split,
    schema,
    output,
    fresh = false,
    backend,
  }: Pick<MeasureOptions<At>, 'split' | 'schema' | 'output' | 'fresh'> &
    Partial<Pick<MeasureOptions<At>, 'backend'>>,
): Promise<{ readonly kept: KeptResults<At>; readonly content: string }> {
  await mkdir(output, { recursive: true });
  // What results hold for: weights and images by their content, wherever they lie.
  const content = await digestOf(dataset, run.split(dataset)[split]);
  const timedOn = backend === undefined ? [] : [backend.name, machine()];
  const key = [weights, content, split, ...timedOn].join('\n');
  const keptIn = { path: join(output, file), key, schema };
  return { kept: fresh ? KeptResults.empty(keptIn) : await KeptResults.open(keptIn), content };
}

/**
 * Evaluates settings that are not known yet, and keeps what comes.
 *
 * @returns The results in the order of `places`; fewer than those if it was aborted.
 */
export async function evaluateKept<At extends Factor>(
  { run, dataset }: OpenedRun,
  kept: KeptResults<At>,
  {
    places,
    split,
    batchSize = 1,
    signal,
  }: Pick<MeasureOptions<At>, 'places' | 'split' | 'batchSize' | 'signal'>,
  onResult: (result: FactorResult<At>) => void,
): Promise<FactorResult<At>[]> {
  const results: FactorResult<At>[] = [];
  for (let start = 0; start < places.length; start += batchSize) {
    const batch = places.slice(start, start + batchSize);
    const fromBatch: FactorResult<At>[] = [];
    const done = await sweep(run, dataset, {
      places: batch,
      split,
      known: (place) => kept.get(place),
      onResult: (result) => {
        fromBatch.push(result);
        onResult(result);
      },
      signal,
    });
    if (fromBatch.length > 0) await kept.keep(fromBatch);
    results.push(...done);
    if (done.length < batch.length) break;
  }
  return results;
}

/**
 * Results with the times of forward passes; those of one call are measured in turns, so that they can be compared. If all are
 * known, they stay.
 *
 * @returns Undefined if it was aborted.
 */
export async function withTimes<At extends Factor>(
  run: Run,
  dataset: Dataset,
  results: readonly FactorResult<At>[],
  {
    turns = 5,
    lambda,
    terminal,
    signal,
  }: {
    readonly turns?: number;
    readonly lambda?: number | undefined;
    readonly terminal: Terminal;
    readonly signal: AbortSignal;
  },
): Promise<FactorResult<At>[] | undefined> {
  if (!results.some(({ milliseconds }) => Number.isNaN(milliseconds))) return [...results];
  const times = await timeRun(run, dataset, results, {
    turns,
    lambda,
    onTurn: (done, total) => terminal.live(`timing forward passes ${done}/${total}`),
    signal,
  });
  terminal.clear();
  if (times.length < results.length) return undefined;
  return results.map((result, i) => ({ ...result, ...times[i] }));
}

/** SHA-256 of images and labels as they are evaluated, with their names. */
async function digestOf(dataset: Dataset, ids: readonly string[]): Promise<string> {
  const hash = createHash('sha256');
  for (const id of ids) {
    const { image, labels } = await dataset.load(id);
    hash.update(`${id}\0${image.size.join('x')}x${image.channels}\0`);
    for (const { buffer, byteOffset, byteLength } of [image.values, labels.values]) {
      hash.update(new Uint8Array(buffer, byteOffset, byteLength));
    }
  }
  return hash.digest('hex');
}

/** What to evaluate. */
interface SweepOptions<At extends Factor> {
  readonly places: ReadonlyArray<NamedSetting<At>>;
  readonly split: keyof Split;
  /** Whose weights are used at all factors; see `EvaluateOptions`. */
  readonly weightsOf?: Factor | undefined;
  /** Also measures distances between surfaces; see `EvaluateOptions`. */
  readonly surface?: { readonly tolerance: number } | undefined;
  /** Of registration networks that take one; see `EvaluateOptions`. */
  readonly lambda?: number | undefined;
  /** Results that are known already. @default none */
  readonly known?: (place: NamedSetting<At>) => FactorResult<At> | undefined;
  /** Called, and waited for, with each result that was not known. */
  readonly onResult: (result: FactorResult<At>) => Promise<void> | void;
  /** Aborting ends after the setting under way. */
  readonly signal: AbortSignal;
}

/**
 * Evaluates a run at several settings, one by one.
 *
 * @returns The results in the order of `places`; fewer than those if it was aborted.
 */
export async function sweep<At extends Factor>(
  run: Run,
  dataset: Dataset,
  options: SweepOptions<At>,
): Promise<FactorResult<At>[]> {
  const { places, split, weightsOf, surface, lambda, known = () => undefined, onResult, signal } = options;
  const what = {
    split,
    lambda,
    ...(weightsOf === undefined ? {} : { weightsOf }),
    ...(surface === undefined ? {} : { surface }),
  };
  const results: FactorResult<At>[] = [];
  for (const place of places) {
    const old = known(place);
    if (old !== undefined) {
      results.push(old);
      continue;
    }
    await setImmediate(); // lets signals arrive
    if (signal.aborted) break;
    const { factor, ...knobs } = place;
    for (const result of await evaluateRun(run, dataset, {
      factors: [factor],
      ...knobs,
      isTimed: false,
      ...what,
    })) {
      await onResult(result);
      results.push(result);
    }
  }
  return results;
}

/** Name, size and digest of a file of weights. */
export async function identify(path: string): Promise<ParetoReport['checkpoint']> {
  const bytes = await readFile(path);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  return { file: basename(path), sha256, bytes: bytes.length };
}
