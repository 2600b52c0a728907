import { setting } from '@sshn/core';
import { countModule } from '@sshn/flops';
import type { Outcome } from '../runner/outcome.js';
import type { ArchitectureJob } from '../work/job.js';
import { architectureOf } from '../work/networks.js';

/** What each architecture takes, as counted from its trace. Head and lines of a table. */
export function architectureTable({ results }: Pick<Outcome, 'results'>): {
  readonly head: readonly string[];
  readonly lines: ReadonlyArray<readonly string[]>;
} {
  const lines = results.flatMap(({ work }) => {
    if (work.job.kind !== 'architecture') return [];
    const { flops, parameters, peakActivationBytes } = costOf(work.job);
    return [
      [
        work.title,
        (flops / 1e9).toFixed(2),
        parameters.toLocaleString('en-US'),
        (peakActivationBytes / 2 ** 20).toFixed(1),
      ],
    ];
  });
  const head = ['architecture', 'GFLOPs', 'parameters', 'activations, MiB'];
  return { head, lines };
}

function costOf(job: ArchitectureJob) {
  return countModule(architectureOf(job), {
    inputShape: [1, ...job.size, job.inChannels],
    at: setting(job.factor),
  });
}
