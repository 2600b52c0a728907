import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Factor } from '@sshn/core';
import type { FactorResult } from '@sshn/training';
import { environment, machine } from '../process/diagnostics.js';
import type { OpenedRun } from '../run/open-run.js';
import { SweepView } from '../terminal/sweep-view.js';
import type { Terminal } from '../terminal/terminal.js';
import { identify } from './identify.js';
import { type KeptIn, KeptResults } from './kept-results.js';
import type { Measurements } from './make-report.js';
import { sweep } from './sweep.js';

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
export type MeasuredRun<At extends Factor> = Omit<Measurements, 'results'> & {
  /** In the order of `factors`. */
  readonly results: readonly FactorResult<At>[];
};

/** Evaluates the best model of a run at all factors that are not known yet; undefined if it was aborted. */
export async function measureRun<At extends Factor>(
  { run, dataset, data }: OpenedRun,
  options: MeasureOptions<At>,
): Promise<MeasuredRun<At> | undefined> {
  const { factors, split, schema, output, batchSize = 1, fresh = false, backend, terminal, signal } = options;
  await mkdir(output, { recursive: true });
  const checkpoint = await identify(join(run.folder, 'best.safetensors'));
  const key = [checkpoint.sha256, data.path, split, backend, machine()].join('\n');
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
