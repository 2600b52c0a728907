import { architectureNames, createNetwork, unet } from '@sshn/architectures';
import { setting } from '@sshn/core';
import { hypernetize } from '@sshn/hypernet';
import type { Case } from '../probe.js';
import { layerCase } from './layers.js';

const small = { inChannels: 1, outChannels: 2, features: [3, 4], convolutionsPerStage: 1 } as const;
const image = [1, 9, 7, 1];

export const networks: readonly Case[] = [
  ...architectureNames.map((name) => layerCase(`network ${name}`, createNetwork(name, small), image)),
  layerCase('network unet at φ = 0', unet(small), image, setting(0)),
  layerCase(
    'network unet with FiLM and normalization',
    unet({ ...small, film: true, normalization: 'instance' }),
    image,
  ),
  layerCase('network unet 3D', unet({ ...small, rank: 3 }), [1, 5, 4, 6, 1]),
  ...(['linear', 'circular'] as const).map((encoding) =>
    layerCase(
      `hypernetwork, ${encoding}`,
      hypernetize(unet(small), { predict: 'convolutions', hidden: [5, 20], encoding }),
      image,
    ),
  ),
];
