import { type Module, requireIntegers, requireOption, requireRank, scoped, ValueError } from '@sshn/core';
import { applyGlobalAverage, channelMean, differentiable, requireFeatures } from '@sshn/ops';
import { add, mul, reshape, sum, type Tensor, type Tensor2D, tidy } from '@tensorflow/tfjs-core';
import { type ConvolutionSpecs, convolution } from './convolution.js';
import { type DenseSpecs, dense } from './dense.js';
import { applySigmoid } from './pointwise.js';

/** Which features are gated: channels, positions, or both. */
export type SqueezeExcitationKind = 'channel' | 'spatial' | 'concurrent';

/** Parameters of the channel gate. */
type ChannelSpecs = { readonly squeeze: DenseSpecs; readonly excite: DenseSpecs };

/** Parameters of the spatial gate. */
type SpatialSpecs = { readonly spatial: ConvolutionSpecs };

/** Parameters of squeeze-excitation. */
export type SqueezeExcitationSpecs<Kind extends SqueezeExcitationKind = SqueezeExcitationKind> =
  Kind extends 'channel' ? ChannelSpecs : Kind extends 'spatial' ? SpatialSpecs : ChannelSpecs & SpatialSpecs;

/** Options of squeeze-excitation. */
export interface SqueezeExcitationConfig<Kind extends SqueezeExcitationKind = SqueezeExcitationKind> {
  /** Spatial dimensions: 2 for images, 3 for volumes. @default 2 */
  readonly rank?: 2 | 3;
  readonly channels: number;
  /** Hidden units of the channel gate per channel, in (0, 1]: max(1, ⌊ratio·channels + ½⌋); not with 'spatial'. @default 0.125 */
  readonly ratio?: number;
  /** @default 'channel' */
  readonly kind?: Kind;
}

/**
 * Squeeze-excitation: features learn which of them matter, from the whole image.
 *
 * | kind | y |
 * |---|---|
 * | `channel` | x · s, s = σ(W₂·relu(W₁·mean(x) + b₁) + b₂) per channel (cSE) |
 * | `spatial` | x · q, q = σ(w·x + b) per position (sSE) |
 * | `concurrent` | x · s + x · q (scSE) |
 *
 * Input and output `[batch, ...spatial, channels]` of any size ≥ 1.
 *
 * @throws {ValueError} if the rank is not 2 or 3, `channels` not a positive integer, the ratio outside (0, 1] or without use;
 * from `apply`, if the input is not float32.
 * @throws {OptionError} for an unknown kind.
 * @throws {ShapeError} from `apply`, if the rank or the channels of the input do not fit.
 * @example
 * const block = residual({
 *   body: sequential({
 *     conv: convolution({ inChannels: 16, outChannels: 16 }),
 *     gate: squeezeExcitation({ channels: 16 }),
 *   }),
 * });                                              // parameters …, 'body.gate.squeeze.kernel', 'body.gate.excite.bias'
 *
 * *Source*: Hu et al., "Squeeze-and-excitation networks" (2018), section 3 (their reduction ratio 16 is ours 1/16); Roy et
 * al., "Concurrent spatial and channel squeeze & excitation in fully convolutional networks" (2018), section 2, where both
 * gates are added.
 */
export function squeezeExcitation<const Kind extends SqueezeExcitationKind = 'channel'>(
  config: SqueezeExcitationConfig<Kind>,
): Module<SqueezeExcitationSpecs<Kind>, Tensor, Tensor>;
export function squeezeExcitation(
  config: SqueezeExcitationConfig,
): Module<SqueezeExcitationSpecs, Tensor, Tensor> {
  const { rank = 2, channels, kind = 'channel' } = config;
  requireRank('squeezeExcitation', rank);
  requireIntegers('squeezeExcitation', { channels });
  requireOption('kind', kind, ['channel', 'spatial', 'concurrent']);
  const hidden = hiddenUnits(config);
  const channelGate = scoped({
    squeeze: dense({ inFeatures: channels, outFeatures: hidden, activation: 'leakyRelu', slope: 0 }),
    excite: dense({ inFeatures: hidden, outFeatures: channels }),
  });
  const spatialGate = scoped({
    spatial: convolution({ rank, inChannels: channels, outChannels: 1, kernelSize: 1 }),
  });
  const hasChannelGate = kind !== 'spatial';
  const hasSpatialGate = kind !== 'channel';

  return {
    specs: {
      ...(hasChannelGate ? channelGate.specs : {}),
      ...(hasSpatialGate ? spatialGate.specs : {}),
    } as SqueezeExcitationSpecs,
    apply(params, x, at) {
      requireFeatures('squeezeExcitation', x, rank, channels);
      const { squeeze, excite, spatial } = params as {
        readonly [name: string]: { readonly kernel: Tensor; readonly bias: Tensor };
      };
      return tidy(() => {
        const gated: Tensor[] = [];
        if (hasChannelGate) {
          const mean = applyGlobalAverage(x);
          const code = reshape(mean, [-1, channels]) as Tensor2D;
          const { modules } = channelGate;
          const logits = modules.excite.apply(excite!, modules.squeeze.apply(squeeze!, code, at), at);
          gated.push(applyGate(x, reshape(applySigmoid(logits), mean.shape)));
        }
        if (hasSpatialGate) {
          gated.push(applyGate(x, applySigmoid(spatialGate.modules.spatial.apply(spatial!, x, at))));
        }
        return gated.reduce((sum, part) => add(sum, part));
      });
    },
  };
}

function hiddenUnits({ kind, channels, ratio }: SqueezeExcitationConfig): number {
  if (kind === 'spatial' && ratio !== undefined) {
    throw new ValueError({
      where: "squeezeExcitation: ratio of 'spatial'",
      got: ratio,
      expected: 'no ratio: the gate of positions has no hidden units',
    });
  }
  const share = ratio ?? 0.125;
  if (!(share > 0 && share <= 1))
    throw new ValueError({ where: 'squeezeExcitation: ratio', got: share, expected: 'a number in (0, 1]' });
  return Math.max(1, Math.floor(share * channels + 0.5));
}

/**
 * Features times a gate that is the same for all positions, or for all channels: y = x · gate, broadcast.
 *
 * The gradient to the gate is a reduction along contiguous memory or an average pooling, where the one of `mul` would
 * transpose the features first.
 *
 * @param x `[batch, ...spatial, channels]`.
 * @param gate `[batch, 1, …, 1, channels]` or `[batch, ...spatial, 1]`.
 */
export function applyGate(x: Tensor, gate: Tensor): Tensor {
  return differentiable([x, gate], {
    forward: (features, weights) => ({ value: mul(features, weights), saved: [features, weights] }),
    backward: (dy, features, weights) => [
      mul(dy, weights),
      tidy(() => sumOver(mul(dy, features), gate.shape)),
    ],
  });
}

/** Sums to the shape of a gate. */
function sumOver(x: Tensor, shape: number[]): Tensor {
  if (shape.join() === x.shape.join()) return x;
  if (shape.at(-1) !== x.shape.at(-1)) return sum(x, -1, true);
  const positions = x.size / (shape[0]! * shape.at(-1)!);
  return reshape(mul(channelMean(x), positions), shape);
}
