import { heldNow, leftSince } from '../../testing/src/leaks.js';
import { layers } from './cases/layers.js';
import { losses } from './cases/losses.js';
import { networks } from './cases/networks.js';
import { registration } from './cases/registration.js';
import { training } from './cases/training.js';
import { units } from './cases/units.js';
import type { Case } from './probe.js';

export const cases: readonly Case[] = [
  ...layers,
  ...networks,
  ...losses,
  ...registration,
  ...training,
  ...units,
];

/** What a backend made of one case: numbers, or an error. */
export interface Outcome {
  readonly name: string;
  readonly values: Readonly<Record<string, readonly number[]>>;
  /** What was left over, in words: tensors, their data, data of the backend. */
  readonly leaked?: string;
  readonly error?: string;
  readonly milliseconds: number;
}

/**
 * The cases on the current backend, one after the other. An error in one leaves the others alone.
 *
 * @param skipped Names of those that are left out.
 * @param of All cases. @default those of the conformance suite
 */
export async function runCases(skipped: readonly string[] = [], of = cases): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  for (const { name, run } of of.filter((each) => !skipped.includes(each.name))) {
    const [before, began] = [heldNow(), performance.now()];
    const values: Record<string, number[]> = {};
    let error: string | undefined;
    try {
      for (const [key, tensor] of run()) {
        values[key] = [...(await tensor.data())];
        tensor.dispose();
      }
    } catch (cause) {
      error = cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause);
    }
    const leaked = leftSince(before);
    outcomes.push({
      name,
      values,
      ...(leaked === undefined ? {} : { leaked }),
      milliseconds: performance.now() - began,
      ...(error === undefined ? {} : { error }),
    });
  }
  return outcomes;
}
