import { type Module, requireIntegers, scoped, ValueError } from '@sshn/core';
import { convolution, downsample, film, type Layer, leakyRelu, sequential, upsample } from '@sshn/layers';
import { concat, type Tensor, tidy } from '@tensorflow/tfjs-core';

/** Options of a U-Net. */
export interface UNetConfig {
  /** Spatial dimensions: 2 for images, 3 for volumes. @default 2 */
  readonly rank?: 2 | 3;
  /** Channels of the input image. */
  readonly inChannels: number;
  /** Channels of the output: one per label, the background included. */
  readonly outChannels: number;
  /** Features of every convolution: one number for all stages, or one per stage from full resolution down. @default 32 */
  readonly features?: number | readonly number[];
  /** Encoder stages; the decoder has one less. Ignored where `features` is a list. @default 5 */
  readonly stages?: number;
  /** @default 2 */
  readonly convolutionsPerStage?: number;
  /** Odd edge length of the kernels in pixels. @default 3 */
  readonly kernelSize?: number;
  /** Slope of the LeakyReLU, in (0, 1]. @default 0.01 */
  readonly slope?: number;
  /** Puts a FiLM layer behind every convolution of a stage. @default false */
  readonly film?: boolean;
}

/**
 * The U-Net of the paper: an encoder that shrinks features by the rescaling factor before every stage but the first, a
 * decoder that brings them back to the size of the skip connection it joins, and a 1×1 convolution to the labels.
 *
 * Input `[batch, height, width, inChannels]` (rank 3: with depth first) of any size ≥ 1, output logits
 * `[batch, height, width, outChannels]`. No activation at the end.
 *
 * @throws {ValueError} if a count is not a positive integer or `features` is an empty list.
 * @throws {ShapeError} from `apply`, if the image does not have `inChannels`.
 * @example
 * const network = unet({ inChannels: 3, outChannels: 3 });
 * const logits = network.apply(params, image, rescaling(0.25));   // [1, 128, 128, 3] -> [1, 128, 128, 3]
 *
 * *Source*: the paper, sections 4.4 and A.1; Ronneberger et al., "U-Net" (2015).
 */
export function unet(config: UNetConfig) {
  const { rank = 2, inChannels, outChannels, stages = 5, features = 32 } = config;
  requireIntegers('unet', { inChannels, outChannels, stages });
  const widths = typeof features === 'number' ? Array<number>(stages).fill(features) : [...features];
  if (widths.length === 0)
    throw new ValueError({ where: 'unet: features', got: features, expected: 'at least one stage' });
  requireIntegers('unet: features', Object.fromEntries(widths.map((width, i) => [`stage ${i}`, width])));

  const { modules, specs } = scoped({
    encoder: widths.map((width, i) => stage(widths[i - 1] ?? inChannels, width, config)),
    decoder: widths.slice(1).map((below, i) => stage(widths[i]! + below, widths[i]!, config)),
    head: convolution({ rank, inChannels: widths[0]!, outChannels, kernelSize: 1 }),
    down: widths.slice(1).map((_, step) => downsample({ step })),
    up: upsample(),
  });

  const network: Module<typeof specs, Tensor, Tensor> = {
    specs,
    apply: (params, image, at) =>
      tidy(() => {
        let x = image;
        const skips: Tensor[] = [];
        for (const [level, block] of modules.encoder.entries()) {
          if (level > 0) x = modules.down[level - 1]!.apply({}, x, at);
          x = block.apply(params.encoder[level]!, x, at);
          skips.push(x);
        }
        for (const [level, block] of [...modules.decoder.entries()].reverse()) {
          const skip = skips[level]!;
          x = modules.up.apply({}, { x, size: skip.shape.slice(1, -1) }, at);
          x = block.apply(params.decoder[level]!, concat([x, skip], x.rank - 1), at);
        }
        return modules.head.apply(params.head, x, at);
      }),
  };
  return network;
}

/** The convolutions of one resolution, each with LeakyReLU, and with FiLM in between where asked for. */
function stage(inChannels: number, width: number, config: UNetConfig): Layer {
  const { rank = 2, convolutionsPerStage = 2, kernelSize = 3, slope, film: conditioned = false } = config;
  requireIntegers('unet', { convolutionsPerStage });
  const common = { rank, outChannels: width, kernelSize, ...(slope === undefined ? {} : { slope }) };
  return sequential(
    Array.from({ length: convolutionsPerStage }, (_, i) => {
      const channels = i === 0 ? inChannels : width;
      if (!conditioned) return convolution({ ...common, inChannels: channels, activation: 'leakyRelu' });
      return sequential({
        convolution: convolution({ ...common, inChannels: channels }),
        film: film({ channels: width }),
        activation: leakyRelu(slope === undefined ? {} : { slope }),
      });
    }),
  );
}
