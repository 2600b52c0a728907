// What runs the same in Node and in a page.
import { type Engine, problemsOf, start } from './engines.js';
import { type Outcome, runCases } from './run.js';

/** What a page, or a program of its own, reports. */
export interface Report {
  readonly engine: string;
  readonly outcomes: readonly Outcome[];
  /** What the device has complained of. */
  readonly problems: readonly string[];
}

/** Starts an engine and runs the cases on it; undefined where it does not start. */
export async function report(
  engine: Engine,
  skipped: readonly string[] = [],
  wasmPaths?: string,
): Promise<Report | undefined> {
  const started = await start(engine, wasmPaths);
  if (started === undefined) return undefined;
  const outcomes = await runCases(skipped);
  return { engine: started, outcomes, problems: problemsOf(engine) };
}
