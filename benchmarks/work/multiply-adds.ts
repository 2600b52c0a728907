import { setting } from '@sshn/core';
import { countModule } from '@sshn/flops';
import type { Job } from './job.js';
import { moduleOf } from './networks.js';

/** Multiply-adds of a job by definition, padding included; undefined where they say little about its cost. */
export function multiplyAdds(job: Job): number | undefined {
  switch (job.kind) {
    case 'convolution': {
      const [batch, height, width] = job.x as [number, number, number];
      return batch * height * width * job.kernel.reduce((product, n) => product * n, 1);
    }
    case 'inference': {
      const { sizes, inChannels } = job.network;
      return countModule(moduleOf(job.network), {
        inputShape: [1, ...sizes[0]!, inChannels],
        at: setting(job.factor),
      }).macs;
    }
    default:
      return undefined;
  }
}
