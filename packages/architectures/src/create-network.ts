import { type Network, requireOption } from '@sshn/core';
import { type FpnConfig, fpn, fpnOptions } from './fpn.js';
import { commonOptions, type NetworkConfig } from './options.js';
import { shareOf } from './plan.js';
import { type PSPNetConfig, pspnet, pspnetOptions } from './pspnet.js';
import { type ResUNetConfig, resunet } from './resunet.js';
import { type SENetConfig, senet, senetOptions } from './senet.js';
import { type UNetConfig, unet } from './unet.js';

/** The networks by name, with their options. */
export interface Architectures {
  readonly unet: UNetConfig;
  readonly resunet: ResUNetConfig;
  readonly fpn: FpnConfig;
  readonly pspnet: PSPNetConfig;
  readonly senet: SENetConfig;
}

const makers: { readonly [Name in keyof Architectures]: (options: Architectures[Name]) => Network } = {
  unet,
  resunet,
  fpn,
  pspnet,
  senet,
};

/** What may be chosen of an architecture, beside what the images decide: for configurations, flags and tables. */
export const networkOptions = /* @__PURE__ */ (() => ({
  ...commonOptions,
  ...fpnOptions,
  ...pspnetOptions,
  ...senetOptions,
}))();

/**
 * The options of the network with the first ⌈w·F⌉ features of every stage: of the one that `narrow` of a network gives.
 *
 * @param width In (0, 1].
 */
export function narrowOptions<Config extends Pick<NetworkConfig, 'features'>>(
  options: Config,
  width: number,
): Config {
  if (width === 1) return options;
  const { features = 32 } = options;
  const share = (count: number) => shareOf(count, width);
  return { ...options, features: typeof features === 'number' ? share(features) : features.map(share) };
}

/** Names of the architectures. */
export const architectureNames = [
  'unet',
  'resunet',
  'fpn',
  'pspnet',
  'senet',
] as const satisfies ReadonlyArray<keyof Architectures>;

/**
 * A network by its name, as a model file or a configuration has it.
 *
 * @param name One of `architectureNames`.
 * @param options Those of the architecture's own function. They may be data from a file: names, types and bounds are
 * checked before anything is made of them.
 * @throws {OptionError} if there is no architecture, option or word of that name. @throws {ValueError} if the options make no
 * network.
 * @example
 * const network = createNetwork('unet', { inChannels: 3, outChannels: 3 });
 */
export function createNetwork<Name extends keyof Architectures>(
  name: Name,
  options: Architectures[Name],
): Network {
  requireOption('architecture', name, architectureNames);
  const make: (options: Architectures[Name]) => Network = makers[name];
  return make(options);
}
