import { type Module, requireIntegers, scoped, ValueError } from '@sshn/core';
import { applyAdaptiveAverage, requireFeatures, resizeLinear } from '@sshn/ops';
import { concat, type Tensor, tidy } from '@tensorflow/tfjs-core';
import type { ActivationConfig } from '../activation/leaky-relu.js';
import { requireRank } from '../check.js';
import { type ConvolutionSpecs, convolution } from '../convolution/convolution.js';

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
