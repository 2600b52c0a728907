import { setting } from '@sshn/core';
import { countModule } from '@sshn/flops';
import type { TraceJob } from '../../work/job.js';
import { moduleOf } from '../../work/networks.js';
import type { Prepared } from '../program.js';

/** Makes a network, traces it and counts. */
export function prepareTrace({ network, factor }: TraceJob): Prepared {
  const { sizes, inChannels } = network;
  const inputShape = [1, ...sizes[0]!, inChannels];
  return {
    outputs: () => new Map(),
    run: () => void countModule(moduleOf(network), { inputShape, at: setting(factor) }),
    release() {},
  };
}
