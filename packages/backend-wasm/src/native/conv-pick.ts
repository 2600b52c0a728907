import { convDirect, convKernelGradientDirect } from './conv-direct.js';
import { convKernelGradientWinograd, convWinograd, tileCount } from './conv-winograd.js';
import { type ConvGeometry, pixelCount, tapCount } from './geometry.js';

/**
 * Costs in nanoseconds on one core of a Zen 4 at 3.5 GHz, fitted to timings of 90 shapes from 1×1 to 65×65 with 3 to 128
 * channels. Only their proportions matter.
 */
const COST = {
  /** One multiply-add in the direct kernels, and one of their taps at one pixel besides. */
  directProduct: 0.0345,
  directTap: 4,
  /** One multiply-add in the transformed domain. */
  tiledProduct: 0.0385,
  /** Transforming one channel of one tile. */
  tileChannel: 5.6,
  /** Transforming one pair of channels of the kernel, and of the gradient to it back. */
  kernelPair: 6,
  kernelPairBack: 24,
} as const;

/** The faster way to a convolution or its gradient to the input. */
export function pickForward(geometry: ConvGeometry): typeof convDirect {
  return tiledCost(geometry, COST.kernelPair) < directCost(geometry) ? convWinograd : convDirect;
}

/** The faster way to the gradient to the kernel. */
export function pickGradient(geometry: ConvGeometry): typeof convKernelGradientDirect {
  return tiledCost(geometry, COST.kernelPairBack) < directCost(geometry)
    ? convKernelGradientWinograd
    : convKernelGradientDirect;
}

function directCost(geometry: ConvGeometry): number {
  const pairs = geometry.inChannels * Math.ceil(geometry.outChannels / 8) * 8;
  return pixelCount(geometry) * tapCount(geometry) * (COST.directTap + pairs * COST.directProduct);
}

function tiledCost(geometry: ConvGeometry, pairCost: number): number {
  const { kernelHeight, kernelWidth, kernelDepth, inChannels, outChannels } = geometry;
  if (kernelHeight !== 3 || kernelWidth !== 3) return Number.POSITIVE_INFINITY;
  const rows = kernelDepth * inChannels;
  const pairs = rows * Math.ceil(outChannels / 8) * 8;
  const perTile = 36 * pairs * COST.tiledProduct + (rows + outChannels) * COST.tileChannel;
  return Math.ceil(tileCount(geometry) / 4) * 4 * perTile + pairs * pairCost;
}
