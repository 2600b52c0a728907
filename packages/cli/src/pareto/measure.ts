import { createHash } from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import type { Factor } from '@sshn/core';
import type { Dataset, Split } from '@sshn/data';
import type { FactorResult } from '@sshn/training';
import { evaluateRun, type Run } from '@sshn/training/node';
import { environment, machine } from '../process/environment.js';
import type { OpenedRun } from '../run/open-run.js';
import { SweepView } from '../terminal/sweep-view.js';
import type { Terminal } from '../terminal/terminal.js';
import { type KeptIn, KeptResults } from './kept-results.js';
import type { Measurements, ParetoReport } from './report-data.js';

/** What to measure, and where its results are kept. */
export interface MeasureOptions<At extends Factor> {
  /** In the order in which they are evaluated. */
  readonly factors: readonly At[];
  readonly split: Measurements['split'];
  /** How a result is read back. */
  readonly schema: KeptIn<At>['schema'];
  /** Folder of `evaluated.json`. */
  readonly output: string;
  /** How many results are evaluated before they are stored together. @default 1 */
  readonly batchSize?: number;
  /** Evaluates even what is known already. @default false */
  readonly fresh?: boolean;
  readonly backend: string;
  readonly terminal: Terminal;
  /** Aborting ends after the factor under way; what is done so far is kept. */
  readonly signal: AbortSignal;
}

/** What was measured. */
type MeasuredRun<At extends Factor> = Omit<Measurements, 'results'> & {
  /** In the order of `factors`. */
  readonly results: readonly FactorResult<At>[];
};

/** Evaluates the best model of a run at all factors that are not known yet; undefined if it was aborted. */
export async function measureRun<At extends Factor>(
  { run, dataset, digest }: OpenedRun,
  options: MeasureOptions<At>,
): Promise<MeasuredRun<At> | undefined> {
  const { factors, split, schema, output, batchSize = 1, fresh = false, backend, terminal, signal } = options;
  await mkdir(output, { recursive: true });
  const checkpoint = await identify(join(run.folder, 'best.safetensors'));
  const key = [run.modelDigest, digest, split, backend, machine()].join('\n');
  const keptIn = { path: join(output, 'evaluated.json'), key, schema };
  const kept = fresh ? KeptResults.empty(keptIn) : await KeptResults.open(keptIn);
  const known = factors.filter((factor) => kept.get(factor) !== undefined).length;
  const images = run.split(dataset)[split].length;
  terminal.line(
    `${run.folder}: ${factors.length} ${batchSize === 1 ? 'factors' : 'combinations of factors'} on ${images} ${split} images of ${dataset.name}, ${backend}`,
  );
  const view = new SweepView(terminal, factors.length, known);
  const results: FactorResult<At>[] = [];
  for (let start = 0; start < factors.length; start += batchSize) {
    const batch = factors.slice(start, start + batchSize);
    const fromBatch: FactorResult<At>[] = [];
    const done = await sweep(run, dataset, {
      factors: batch,
      split,
      known: (factor) => kept.get(factor),
      onResult: (result) => {
        fromBatch.push(result);
        view.show(result);
      },
      signal,
    });
    if (fromBatch.length > 0) await kept.keep(fromBatch);
    results.push(...done);
    if (done.length < batch.length) break;
  }
  terminal.clear();
  if (results.length < factors.length) return undefined;
  return { split, results, checkpoint, environment: environment(backend) };
}

/** What to evaluate. */
interface SweepOptions<At extends Factor> {
  readonly factors: readonly At[];
  readonly split: keyof Split;
  /** Also measures distances between surfaces; see `EvaluateOptions`. */
  readonly surface?: { readonly tolerance: number } | undefined;
  /** Of registration networks that take one; see `EvaluateOptions`. */
  readonly lambda?: number | undefined;
  /** Results that are known already. @default none */
  readonly known?: (factor: At) => FactorResult<At> | undefined;
  /** Called, and waited for, with each result that was not known. */
  readonly onResult: (result: FactorResult<At>) => Promise<void> | void;
  /** Aborting ends after the factor under way. */
  readonly signal: AbortSignal;
}

/**
 * Evaluates a run at several factors, one by one.
 *
 * @returns The results in the order of `factors`; fewer than those if it was aborted.
 */
export async function sweep<At extends Factor>(
  run: Run,
  dataset: Dataset,
  options: SweepOptions<At>,
): Promise<FactorResult<At>[]> {
  const { factors, split, surface, lambda, known = () => undefined, onResult, signal } = options;
  const what = {
    split,
    ...(surface === undefined ? {} : { surface }),
    ...(lambda === undefined ? {} : { lambda }),
  };
  const results: FactorResult<At>[] = [];
  for (const factor of factors) {
    const old = known(factor);
    if (old !== undefined) {
      results.push(old);
      continue;
    }
    await setImmediate(); // lets signals arrive
    if (signal.aborted) break;
    for (const result of await evaluateRun(run, dataset, { factors: [factor], ...what })) {
      await onResult(result);
      results.push(result);
    }
  }
  return results;
}

/** Name, size and digest of a file of weights. */
async function identify(path: string): Promise<ParetoReport['checkpoint']> {
  const bytes = await readFile(path);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  return { file: basename(path), sha256, bytes: bytes.length };
}
