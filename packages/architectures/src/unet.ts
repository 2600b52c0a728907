import { type Module, type Rescaling, requireIntegers, scoped, ValueError } from '@sshn/core';
import {
  type ConvolutionSpecs,
  convolution,
  downsample,
  type ModulatedConvolutionSpecs,
  modulatedConvolution,
  requireFeatures,
  sequential,
  upsample,
} from '@sshn/layers';
import { concat, type Tensor, tidy } from '@tensorflow/tfjs-core';

/** Options of a U-Net. */
export interface UNetConfig<Film extends boolean = boolean> {
  /** Spatial dimensions: 2 for images, 3 for volumes. @default 2 */
  readonly rank?: 2 | 3;
  /** Channels of the input image. */
  readonly inChannels: number;
  /** Channels of the output: one per label, the background included. */
  readonly outChannels: number;
  /** Features of every convolution: one number for all stages, or one per stage from full resolution down. @default 32 */
  readonly features?: number | readonly number[];
  /** Encoder stages, where `features` is one number; the decoder has one less. @default 5 */
  readonly stages?: number;
  /** @default 2 */
  readonly convolutionsPerStage?: number;
  /** Odd edge length of the kernels in pixels: one for all axes, or one per axis (depth first). @default 3 */
  readonly kernelSize?: number | readonly number[];
  /** Slope of the LeakyReLU for negative values, in [0, 1]. @default 0.01 */
  readonly slope?: number;
  /** Modulates every convolution of a stage by FiLM. @default false */
  readonly film?: Film;
}

/** Parameters of a stage: those of its convolutions, with γ and β where FiLM modulates them. */
export type StageSpecs<Film extends boolean> = ReadonlyArray<
  Film extends true ? ModulatedConvolutionSpecs : ConvolutionSpecs
>;

/** Parameters of a U-Net: `encoder.0.0.kernel` is the first kernel at full resolution. */
export type UNetSpecs<Film extends boolean = boolean> = {
  readonly encoder: ReadonlyArray<StageSpecs<Film>>;
  /** As the encoder, `decoder.0` is at full resolution. */
  readonly decoder: ReadonlyArray<StageSpecs<Film>>;
  readonly head: ConvolutionSpecs;
};

/**
 * The U-Net of the paper: an encoder that shrinks features by the rescaling factor before every stage but the first, a
 * decoder that brings them back to the size of the skip connection it joins, and a 1×1 convolution to the labels.
 *
 * Input `[batch, height, width, inChannels]` (rank 3: `[batch, depth, height, width, inChannels]`) of any size ≥ 1, output
 * logits of the same size with `outChannels`. No activation at the end. The rescaling has one factor, or one for each of
 * the `stages - 1` downsampling steps, each in [0, 1].
 *
 * @throws {ValueError} if a count is not a positive integer, `features` is empty or contradicts `stages`, or kernel size or
 * slope make no convolution; from `apply`, if the rescaling has another number of factors.
 * @throws {ShapeError} from `apply`, if the image's rank or channels do not fit.
 * @example
 * const network = unet({ inChannels: 3, outChannels: 3 });
 * const params = initialize(network.specs, Rng.fromSeed(1));
 * const logits = network.apply(params, image, rescaling(0.25));   // [1, 128, 96, 3] -> [1, 128, 96, 3]
 *
 * *Source*: the paper, sections 4.4 and A.1; Ronneberger et al., "U-Net" (2015).
 */
export function unet<const Film extends boolean = false>(
  config: UNetConfig<Film>,
): Module<UNetSpecs<Film>, Tensor, Tensor>;
export function unet(config: UNetConfig): Module<UNetSpecs, Tensor, Tensor> {
  const { rank = 2, inChannels, outChannels } = config;
  requireIntegers('unet', { inChannels, outChannels });
  const widths = featuresPerStage(config);
  const steps = widths.length - 1;

  const { modules, specs } = scoped({
    encoder: widths.map((width, level) => stage(widths[level - 1] ?? inChannels, width, config)),
    decoder: widths.slice(1).map((below, level) => stage(below + widths[level]!, widths[level]!, config)),
    head: convolution({ rank, inChannels: widths[0]!, outChannels, kernelSize: 1 }),
  });
  const { down, up } = scoped({
    down: Array.from({ length: steps }, (_, step) => downsample({ step })),
    up: upsample(),
  }).modules;

  return {
    specs,
    apply(params, image, at) {
      requireFeatures('unet', image, rank, inChannels);
      requireFactors(at, steps);
      return tidy(() => {
        let x = image;
        const skips = modules.encoder.map((block, level) => {
          x = tidy(() => block.apply(params.encoder[level]!, down[level - 1]?.apply({}, x, at) ?? x, at));
          return x;
        });
        for (const [level, block] of [...modules.decoder.entries()].reverse()) {
          const skip = skips[level]!;
          x = tidy(() => {
            const below = up.apply({}, { x, size: skip.shape.slice(1, -1) }, at);
            return block.apply(params.decoder[level]!, concat([below, skip], skip.rank - 1), at);
          });
        }
        return modules.head.apply(params.head, x, at);
      });
    },
  };
}

/** The convolutions of one resolution, each with LeakyReLU, and FiLM before it where asked for. */
function stage(
  inChannels: number,
  outChannels: number,
  config: UNetConfig,
): Module<StageSpecs<boolean>, Tensor, Tensor> {
  const { convolutionsPerStage = 2, rank = 2, kernelSize = 3, slope, film = false } = config;
  requireIntegers('unet', { convolutionsPerStage });
  const layer = film ? modulatedConvolution : convolution;
  return sequential(
    Array.from({ length: convolutionsPerStage }, (_, i) =>
      layer({
        rank,
        inChannels: i === 0 ? inChannels : outChannels,
        outChannels,
        kernelSize,
        activation: 'leakyRelu',
        ...(slope === undefined ? {} : { slope }),
      }),
    ),
  );
}

function featuresPerStage({ features = 32, stages }: UNetConfig): readonly number[] {
  if (stages !== undefined) requireIntegers('unet', { stages });
  const widths = typeof features === 'number' ? Array<number>(stages ?? 5).fill(features) : features;
  if (widths.length === 0 || widths.length !== (stages ?? widths.length)) {
    throw new ValueError({
      where: 'unet: features',
      got: features,
      expected: stages === undefined ? 'at least one stage' : `one number, or ${stages} as \`stages\` says`,
      hint: 'Leave `stages` out where `features` is a list.',
    });
  }
  requireIntegers('unet: features', Object.fromEntries(widths.map((width, i) => [`stage ${i}`, width])));
  return widths;
}

function requireFactors({ factors }: Rescaling, steps: number): void {
  if (factors.length === 1 || factors.length === steps) return;
  throw new ValueError({
    where: 'unet: rescaling',
    got: factors,
    expected: `one factor, or ${steps} (one per downsampling step)`,
  });
}
