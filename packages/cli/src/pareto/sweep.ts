import { setImmediate } from 'node:timers/promises';
import type { Factor } from '@sshn/core';
import type { Dataset, Split } from '@sshn/data';
import type { FactorResult } from '@sshn/training';
import { evaluateRun, type Run } from '@sshn/training/node';

/** What to evaluate. */
export interface SweepOptions<At extends Factor> {
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
