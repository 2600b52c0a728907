import type { Rescaling } from '@sshn/core';
import type { Dataset } from '@sshn/data';
import { countModule } from '@sshn/flops';
import type { SegmentationModel } from '../methods/describe-network.js';

/** FLOPs of one forward pass of the plain network on one image of a dataset, in units of 10⁹. */
export function gflopsAt(
  model: Pick<SegmentationModel, 'network'>,
  { size, channels }: Pick<Dataset, 'size' | 'channels'>,
  at: Rescaling,
): number {
  return countModule(model.network, { inputShape: [1, ...size, channels], rescaling: at }).flops / 1e9;
}
