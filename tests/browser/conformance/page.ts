// Bundled and run in a page: starts an engine and runs all cases on it.
import { type Engine, start } from './engines.js';
import { type Outcome, runCases } from './run.js';

/** What a page reports. */
export interface Report {
  readonly engine: string;
  readonly outcomes: readonly Outcome[];
}

Object.assign(globalThis, {
  async runConformance(engine: Engine, skipped?: readonly string[]): Promise<Report | undefined> {
    const started = await start(engine, 'wasm/');
    return started === undefined ? undefined : { engine: started, outcomes: await runCases(skipped) };
  },
});
