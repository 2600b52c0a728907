import { architectureNames, createNetwork, networkOptions } from '@sshn/architectures';
import { type OptionFault, option, SshnError } from '@sshn/core';

/**
 * A network architecture and its options: what every one has, and what only some have; the architecture itself says whether
 * they go together.
 */
export const architectureOptions = option.record(
  {
    name: option.choice(architectureNames, { default: 'unet', help: 'Network architecture' }),
    ...networkOptions,
  },
  {
    help: 'The network',
    check: ({ name, ...options }) =>
      faultOf(() => createNetwork(name, { ...options, inChannels: 1, outChannels: 2 })),
  },
);

/** What an owner of options says of them, as a fault of the whole record. */
export function faultOf(make: () => unknown): OptionFault[] {
  try {
    make();
    return [];
  } catch (error) {
    if (!(error instanceof SshnError)) throw error;
    return [{ path: [], message: error.message.replace(/\.$/, '') }];
  }
}
