import { type Module, requireOption, type SpecNode } from '@sshn/core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { type UNetConfig, unet } from './unet.js';

/** The networks by name, with their options. */
export interface Architectures {
  readonly unet: UNetConfig;
}

/** Names of the architectures. */
export const architectureNames = ['unet'] as const satisfies ReadonlyArray<keyof Architectures>;

/** A network from images to logits of the same size. */
export type ImageNetwork = Module<SpecNode, Tensor, Tensor>;

/**
 * A network by its name, as a model file or a configuration has it.
 *
 * @throws {OptionError} if there is no architecture of that name. @throws {ValueError} if its options make no network.
 * @example
 * const network = createNetwork('unet', { inChannels: 3, outChannels: 3 });
 */
export function createNetwork<Name extends keyof Architectures>(name: Name, config: Architectures[Name]): ImageNetwork {
  requireOption('architecture', name, architectureNames);
  return unet(config) as unknown as ImageNetwork;
}
