import { type Module, type Network, type Options, requireOptions, ValueError } from '@sshn/core';
import type { ActivationLayerConfig } from '@sshn/layers';
import { type BlockConfig, type BlockSpecs, block } from './block.js';
import { commonOptions, type Downsampling, imageOptions, type NetworkConfig } from './options.js';

/** A configuration, checked, with all defaults filled in. */
export interface Plan {
  /** Of the architecture, for errors. */
  readonly name: string;
  readonly rank: 2 | 3;
  readonly inChannels: number;
  readonly outChannels: number;
  /** Features per stage, from full resolution down. */
  readonly widths: readonly number[];
  readonly convolutionsPerStage: number;
  readonly kernelSize: number | readonly number[];
  readonly downsampling: Downsampling;
  readonly deepSupervision: boolean;
  /** The same network with the first ⌈w·F⌉ features of every stage. */
  narrow(width: number): Network;
  /** A convolution with all that the configuration puts behind it; `more` is what differs. */
  block(inChannels: number, outChannels: number, more?: Partial<BlockConfig>): Module<BlockSpecs>;
  /** What the configuration puts behind convolutions. */
  readonly activation: ActivationLayerConfig;
}

/**
 * Checks a configuration and fills in the defaults.
 *
 * @param own.make Makes the architecture of another configuration: of fewer features.
 * @param own.options Those that only this architecture has.
 * @param own.deepSupervision Its default.
 * @throws {OptionError} for an unknown option or word. @throws {ValueError} if a value is of another type, out of bounds, or
 * contradicts another.
 */
export function planOf<Config extends NetworkConfig>(
  name: string,
  config: Config,
  own: {
    readonly make: (config: Config) => Network;
    readonly options?: Options;
    readonly deepSupervision?: boolean;
  },
): Plan {
  requireOptions(name, config, { ...imageOptions, ...commonOptions, ...own.options });
  const { rank = 2, inChannels, outChannels, convolutionsPerStage = 2, kernelSize = 3 } = config;
  const {
    activation: kind = 'leakyRelu',
    slope,
    normalization = 'none',
    dropout = 0,
    downsampling = 'linear',
    film = false,
    deepSupervision = own.deepSupervision ?? false,
  } = config;
  const widths = featuresPerStage(name, config);
  if (slope !== undefined && kind !== 'leakyRelu') {
    throw new ValueError({
      where: `${name}: slope`,
      got: slope,
      expected: `none with the activation '${kind}'`,
      hint: "Only 'leakyRelu' has one.",
    });
  }
  const withSlope = slope === undefined ? {} : { slope };
  const activated = { activation: kind, ...withSlope };
  return {
    name,
    rank,
    inChannels,
    outChannels,
    widths,
    convolutionsPerStage,
    kernelSize,
    downsampling,
    deepSupervision,
    narrow: (width) => own.make({ ...config, features: widths.map((count) => shareOf(count, width)) }),
    block: (inChannels, outChannels, more) =>
      block({
        rank,
        inChannels,
        outChannels,
        kernelSize,
        film,
        normalization,
        dropout,
        ...activated,
        ...more,
      }),
    activation: { kind, ...withSlope },
  };
}

/** ⌈w·F⌉, with room for a product that is not exact. */
export function shareOf(features: number, width: number): number {
  return Math.max(1, Math.ceil(width * features - 1e-6));
}

function featuresPerStage(name: string, { features = 32, stages }: NetworkConfig): readonly number[] {
  if (typeof features === 'number') return Array<number>(stages ?? 5).fill(features);
  if (stages === undefined || stages === features.length) return features;
  throw new ValueError({
    where: `${name}: features`,
    got: features,
    expected: `one number, or ${stages} as \`stages\` says`,
    hint: 'Leave `stages` out where `features` is a list.',
  });
}
