import {
  type Module,
  type Network,
  requireOption,
  rescaledSize,
  type SpecNode,
  scoped,
  ValueError,
  zeros,
} from '@sshn/core';
import { type ConvolutionSpecs, convolution } from '@sshn/layers';
import { requireFeatures, resizeLinear } from '@sshn/ops';
import { concat, type Tensor, tidy } from '@tensorflow/tfjs-core';

import { spatialOf } from '../check.js';
import { integrateVelocity } from '../fields/integrate.js';
import { rescaleField } from '../fields/rescale.js';
import { checkPair } from '../similarity/inputs.js';

/** Grids that a flow may live on: the images' own, or one of half as many voxels along every axis. */
export const flowResolutions = ['full', 'half'] as const;

/** A word for the grid of a flow. */
export type FlowResolution = (typeof flowResolutions)[number];

/** Options of a registration network. */
export interface RegistrationNetworkConfig {
  /** Maps a pair of images, whose channels are its `inChannels`, to features of the same size: any architecture. */
  readonly backbone: Network;
  /** At 'half' the network sees images of half the size, at a quarter or an eighth of the cost. @default 'full' */
  readonly resolution?: FlowResolution;
}

/** Parameters of a registration network. */
export type RegistrationNetworkSpecs = { readonly backbone: SpecNode; readonly flow: ConvolutionSpecs };

/**
 * A network f(moving, fixed) → flow on any architecture: pairs `[batch, ...spatial, 2 · channels]` of any size, moving image
 * first (`pairImages`), to `[batch, ...spatial, rank]`, a displacement or a velocity field in voxels, at half resolution
 * of half the size.
 *
 * The last convolution starts at zero, so that training starts at the identity.
 *
 * @throws {ValueError} if the backbone has an odd number of channels. @throws {OptionError} if there is no such resolution.
 * @throws {ShapeError} from `apply`, if pairs have another rank or other channels.
 * @example
 * const network = registrationNetwork({ backbone: unet({ inChannels: 2, outChannels: 16, features: 16 }) });
 * const flow = network.apply(params, pairImages(moving, fixed), setting(0.25));
 * const moved = warp(moving, fieldOf(flow, [160, 192], { integrationSteps: 7 }));
 *
 * *Source*: the paper, section 4.1; Balakrishnan et al., "VoxelMorph" (2019); Dalca et al. (2019) for velocities.
 */
export function registrationNetwork(config: RegistrationNetworkConfig): Network<RegistrationNetworkSpecs> {
  const { backbone, resolution = 'full' } = config;
  const { rank, inChannels, outChannels, steps, narrow } = backbone;
  if (inChannels % 2 !== 0) {
    throw new ValueError({
      where: 'registrationNetwork: inChannels of the backbone',
      got: inChannels,
      expected: 'an even number: it sees two images',
    });
  }
  requireOption('resolution', resolution, flowResolutions);
  const { modules, specs } = scoped({ backbone, flow: flowLayer(rank, outChannels) });
  return {
    specs,
    rank,
    inChannels,
    outChannels: rank,
    steps,
    ...(narrow === undefined
      ? {}
      : { narrow: (width: number) => registrationNetwork({ ...config, backbone: narrow(width) }) }),
    apply(params, pair, at) {
      requireFeatures('registrationNetwork', pair, rank, inChannels);
      return tidy(() => {
        const seen =
          resolution === 'full' ? pair : resizeLinear(pair, rescaledSize(pair.shape.slice(1, -1), 0.5));
        return modules.flow.apply(params.flow, modules.backbone.apply(params.backbone, seen, at), at);
      });
    },
  };
}

/**
 * The displacement field `[batch, ...size, rank]` in voxels of the images that a network's flow stands for: integrated
 * where it is a velocity, resized to the images' size where it is coarser. Differentiable.
 *
 * @param size Spatial size of the images.
 * @param options.integrationSteps Steps of scaling and squaring from a velocity to a displacement without folds; 0 if the
 *   flow is a displacement.
 * @throws {ShapeError} if the flow is no field.
 */
export function fieldOf(
  flow: Tensor,
  size: readonly number[],
  { integrationSteps }: { readonly integrationSteps: number },
): Tensor {
  return tidy(() => {
    const field = integrateVelocity(flow, { integrationSteps });
    return size.join() === spatialOf(flow).join() ? field : rescaleField(field, size);
  });
}

/**
 * A moving and a fixed image `[batch, ...spatial, channels]` as the network takes them: `[batch, ...spatial, 2 · channels]`.
 *
 * @throws {ShapeError} if the shapes differ.
 * @example
 * const flow = network.apply(params, pairImages(moving, fixed), setting(0.25));
 */
export function pairImages(moving: Tensor, fixed: Tensor): Tensor {
  checkPair('pairImages', moving, fixed);
  return concat([moving, fixed], moving.rank - 1);
}

/** A 3×3 convolution that starts at zero. */
function flowLayer(rank: 2 | 3, features: number): Module<ConvolutionSpecs, Tensor, Tensor> {
  const layer = convolution({ rank, inChannels: features, outChannels: rank });
  return { ...layer, specs: { ...layer.specs, kernel: { ...layer.specs.kernel, init: zeros } } };
}
