import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { busyProcessors } from '../report/machine.js';
import type { Work } from '../work/work.js';
import type { AlternateOptions } from './alternate.js';
import { type Measurement, measure } from './measure.js';
import type { Outcome } from './outcome.js';
import type { Team } from './team.js';

/** For how long the machine is watched before anything is timed. */
const WATCHED_MS = 1000;

/**
 * Lets a team do pieces of work one after the other, and tells of each as soon as it is done.
 *
 * @param budgetMs No piece of work is begun later than that.
 */
export async function run(
  works: readonly Work[],
  team: Team,
  options: AlternateOptions,
  onMeasured: (work: Work, measurement: Measurement) => void = () => {},
  budgetMs = Number.POSITIVE_INFINITY,
): Promise<Outcome> {
  const began = performance.now();
  const folder = await mkdtemp(join(tmpdir(), 'sshn-benchmarks-'));
  const date = new Date();
  const busyBefore = await busyProcessors(WATCHED_MS);
  const results: Array<Outcome['results'][number]> = [];
  try {
    for (const work of works) {
      if (performance.now() - began > budgetMs) break;
      const measurement = await measure(work, team, folder, options);
      results.push({ work, measurement });
      onMeasured(work, measurement);
    }
  } finally {
    await rm(folder, { recursive: true });
  }
  const { versions, absent } = team;
  return { results, versions, absent, date, repeats: options.repeats, busyBefore };
}
