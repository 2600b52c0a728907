import { OptionError, requireOption } from '@sshn/core';
import type { Layer } from '@sshn/layers';
import { type UNetConfig, unet } from './unet.js';

/** The networks by name, with their options. */
export interface Architectures {
  readonly unet: UNetConfig;
}

/** Names of the architectures. */
export const architectureNames = ['unet'] as const satisfies ReadonlyArray<keyof Architectures>;

/** A network from images to logits of the same size, whatever its architecture. */
export type ImageNetwork = Layer;

/** The options of each architecture: data from a file may have any key, and a misspelled one must not be ignored. */
const optionNames: { readonly [Name in keyof Architectures]: Record<keyof Architectures[Name], true> } = {
  unet: {
    rank: true,
    inChannels: true,
    outChannels: true,
    features: true,
    stages: true,
    convolutionsPerStage: true,
    kernelSize: true,
    slope: true,
    film: true,
  },
};

/**
 * A network by its name, as a model file or a configuration has it.
 *
 * @param name One of `architectureNames`.
 * @param options Those of the architecture's own function; may be data from a file, as everything is checked.
 * @throws {OptionError} if there is no architecture or no option of that name. @throws {ValueError} if the options make no
 * network.
 * @example
 * const network = createNetwork('unet', { inChannels: 3, outChannels: 3 });
 */
export function createNetwork<Name extends keyof Architectures>(
  name: Name,
  options: Architectures[Name],
): ImageNetwork {
  requireOption('architecture', name, architectureNames);
  const allowed = Object.keys(optionNames[name]);
  for (const key of Object.keys(options))
    if (!allowed.includes(key)) throw new OptionError(`${name} option`, key, allowed);
  return unet(options);
}
