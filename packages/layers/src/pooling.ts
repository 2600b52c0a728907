import {
  factorAt,
  type Module,
  type NoSpecs,
  requireIntegers,
  requireRank,
  rescaledSize,
  scoped,
  ValueError,
} from '@sshn/core';
import {
  applyAdaptiveAverage,
  applyAdaptiveMaximum,
  applyGlobalAverage,
  requireFeatures,
  requireSize,
  resizeLinear,
} from '@sshn/ops';
import { concat, type Tensor, tidy } from '@tensorflow/tfjs-core';
import type { ActivationConfig } from './activation.js';
import { type ConvolutionSpecs, convolution } from './convolution.js';

/** Options of adaptive average pooling. */
export interface AdaptiveAveragePoolConfig {
  /** Spatial dimensions: 2 for images, 3 for volumes. @default 2 */
  readonly rank?: 2 | 3;
  /** The size of the output: one number for all axes, or `[height, width]` or `[depth, height, width]`, each ≥ 1. */
  readonly size: number | readonly number[];
}

/**
 * Adaptive average pooling as a layer: features of any size become `size`; see `applyAdaptiveAverage`.
 *
 * Input `[batch, ...spatial, channels]`, output `[batch, ...size, channels]`.
 *
 * @throws {ValueError} if the rank is not 2 or 3, or `size` has not one integer ≥ 1 per axis; from `apply`, if the input is not
 * float32.
 * @throws {ShapeError} from `apply`, if the rank of the input does not fit.
 * @example
 * const bins = adaptiveAveragePool({ size: 6 }).apply({}, x, setting(0.5));   // [1, 33, 17, 8] -> [1, 6, 6, 8]
 *
 * *Source*: as of `applyAdaptiveAverage`.
 */
export function adaptiveAveragePool(config: AdaptiveAveragePoolConfig): Module<NoSpecs, Tensor, Tensor> {
  const { rank = 2, size } = config;
  requireRank('adaptiveAveragePool', rank);
  const to = typeof size === 'number' ? Array<number>(rank).fill(size) : [...size];
  requireSize('adaptiveAveragePool', to, rank);
  return {
    specs: {},
    apply(_params, x) {
      requireFeatures('adaptiveAveragePool', x, rank);
      return applyAdaptiveAverage(x, to);
    },
  };
}

/**
 * Global average pooling: the mean over all positions.
 *
 * Input `[batch, ...spatial, channels]` of any size ≥ 1, 2D or 3D; output `[batch, 1, 1, channels]`, in 3D
 * `[batch, 1, 1, 1, channels]`.
 *
 * @throws {ShapeError} from `apply`, if the input is not a feature map. @throws {ValueError} if it is not float32.
 * @example
 * const y = globalAveragePool().apply({}, x, setting(0.5));   // [4, 17, 9, 32] -> [4, 1, 1, 32]
 *
 * *Source*: Lin et al., "Network in network" (2014), section 3.2.
 */
export function globalAveragePool(): Module<NoSpecs, Tensor, Tensor> {
  return {
    specs: {},
    apply(_params, x) {
      requireFeatures('globalAveragePool', x);
      return applyGlobalAverage(x);
    },
  };
}

/**
 * Variable downsampling by the greatest value of every window, in place of `downsample`: every spatial axis of n pixels
 * becomes m = max(1, ⌊φ·n + ½⌋), and output i sees inputs ⌊i·n/m⌋ … ⌈(i+1)·n/m⌉ − 1. For φ = ½ and even sizes this is ordinary
 * 2×2 pooling; windows overlap by a pixel where sizes do not divide.
 *
 * Input `[batch, ...spatial, channels]`, 2D or 3D. φ = 1 is the identity, φ = 0 leaves one pixel.
 *
 * @param config.step Which downsampling step of the network this is, from 0; selects the factor when they are separate.
 * @throws {ValueError} if `step` is not an integer ≥ 0; from `apply`, if the setting has separate factors but none for
 * this step.
 * @throws {ShapeError} from `apply`, if the input is not a feature map.
 * @example
 * const half = maximumPooling({ step: 0 }).apply({}, x, setting(0.5));   // [1, 65, 64, 8] -> [1, 33, 32, 8]
 *
 * *Source*: Ronneberger et al., "U-Net" (2015), for φ = ½; windows as in PyTorch's `AdaptiveMaxPool2d`.
 */
export function maximumPooling({ step }: { readonly step: number }): Module<NoSpecs, Tensor, Tensor> {
  return downsampling('maximumPooling', step, applyAdaptiveMaximum);
}

/**
 * Variable downsampling by the mean of every window, in place of `downsample`: sizes and windows are those of
 * `maximumPooling`. Unlike linear resizing, every pixel of the input counts, whatever the factor.
 *
 * @throws what `maximumPooling` throws.
 * @example
 * const half = averagePooling({ step: 0 }).apply({}, x, setting(0.5));   // [1, 65, 64, 8] -> [1, 33, 32, 8]
 *
 * *Source*: windows as in PyTorch's `AdaptiveAvgPool2d`.
 */
export function averagePooling({ step }: { readonly step: number }): Module<NoSpecs, Tensor, Tensor> {
  return downsampling('averagePooling', step, applyAdaptiveAverage);
}

function downsampling(
  where: string,
  step: number,
  pool: (x: Tensor, size: readonly number[]) => Tensor,
): Module<NoSpecs, Tensor, Tensor> {
  requireIntegers(where, { step }, 0);
  return {
    specs: {},
    apply(_params, x, at) {
      requireFeatures(where, x);
      return pool(x, rescaledSize(x.shape.slice(1, -1), factorAt(at, step)));
    },
  };
}

/** Options of pyramid pooling. */
export interface PyramidPoolingConfig extends ActivationConfig {
  /** Spatial dimensions: 2 for images, 3 for volumes. @default 2 */
  readonly rank?: 2 | 3;
  readonly inChannels: number;
  /** Windows along every axis, one level of the pyramid each; any integers ≥ 1. @default [1, 2, 3, 6] */
  readonly bins?: readonly number[];
  /** Channels that every level adds. @default max(1, ⌊inChannels / levels⌋) */
  readonly outChannelsPerBin?: number;
}

/** Parameters of pyramid pooling: `levels.0.kernel` belongs to the first bin. */
export type PyramidPoolingSpecs = {
  readonly levels: readonly ConvolutionSpecs[];
};

/** Pyramid pooling, and how many channels come out of it. */
export interface PyramidPooling extends Module<PyramidPoolingSpecs, Tensor, Tensor> {
  /** `inChannels`, and `outChannelsPerBin` for every bin. */
  readonly outChannels: number;
}

/**
 * Pyramid pooling: features are averaged over 1×1, 2×2, 3×3 and 6×6 windows, each average goes through a 1×1 convolution, is
 * resized back, and all are joined behind the features themselves, so that every pixel knows the whole image.
 *
 * Input `[batch, ...spatial, inChannels]` of any size ≥ 1 (windows repeat pixels where there are fewer than bins), output of
 * the same size with `outChannels` = inChannels + levels · outChannelsPerBin channels, the input's first.
 *
 * @throws {ValueError} if the rank is not 2 or 3, a count is not a positive integer, `bins` is empty, or the slope is without
 * use; from `apply`, if the input is not float32.
 * @throws {OptionError} for an unknown activation.
 * @throws {ShapeError} from `apply`, if the rank or the channels of the input do not fit.
 * @example
 * const context = pyramidPooling({ inChannels: 32, activation: 'leakyRelu' });
 * context.outChannels;                             // 64: [1, 17, 9, 32] -> [1, 17, 9, 64]
 *
 * *Source*: Zhao et al., "Pyramid scene parsing network" (2017), section 3.2; they put batch normalization and ReLU behind the
 * convolutions.
 */
export function pyramidPooling(config: PyramidPoolingConfig): PyramidPooling {
  const { rank = 2, inChannels, bins = [1, 2, 3, 6], activation, slope } = config;
  requireRank('pyramidPooling', rank);
  if (bins.length === 0)
    throw new ValueError({ where: 'pyramidPooling: bins', got: bins, expected: 'at least one' });
  requireIntegers('pyramidPooling', { inChannels });
  const { outChannelsPerBin = Math.max(1, Math.floor(inChannels / bins.length)) } = config;
  requireIntegers('pyramidPooling', { outChannelsPerBin });
  requireIntegers('pyramidPooling: bins', Object.fromEntries(bins.map((bin, i) => [`level ${i}`, bin])));
  const level = convolution({
    rank,
    inChannels,
    outChannels: outChannelsPerBin,
    kernelSize: 1,
    ...(activation === undefined ? {} : { activation }),
    ...(slope === undefined ? {} : { slope }),
  });
  const { modules, specs } = scoped({ levels: bins.map(() => level) });

  return {
    specs,
    outChannels: inChannels + bins.length * outChannelsPerBin,
    apply({ levels }, x, at) {
      requireFeatures('pyramidPooling', x, rank, inChannels);
      const size = x.shape.slice(1, -1);
      return tidy(() => {
        const context = bins.map((bin, i) => {
          const pooled = applyAdaptiveAverage(x, Array<number>(rank).fill(bin));
          return resizeLinear(modules.levels[i]!.apply(levels[i]!, pooled, at), size);
        });
        return concat([x, ...context], rank + 1);
      });
    },
  };
}
