import type { Module, ParamNode } from '@sshn/core';
import {
  type ActivationKind,
  activation,
  type ConvolutionConfig,
  type ConvolutionSpecs,
  convolution,
  groupNormalization,
  instanceNormalization,
  type Layer,
  type ModulatedConvolutionSpecs,
  modulatedConvolution,
  type NormalizationSpecs,
} from '@sshn/layers';
import { type Tensor, tidy } from '@tensorflow/tfjs-core';

/** What may normalize features, image by image. */
export const normalizations = ['none', 'group', 'instance'] as const;

/** Options of a convolution and of what follows it. */
export interface BlockConfig extends Omit<ConvolutionConfig, 'activation' | 'slope'> {
  readonly normalization: (typeof normalizations)[number];
  readonly activation: ActivationKind;
  /** Of the LeakyReLU. */
  readonly slope?: number;
  /** Modulates it by FiLM. */
  readonly film: boolean;
}

/** Parameters of a block: γ and β where FiLM modulates it, and else those of the normalization if there is one. */
export type BlockSpecs<Film extends boolean = boolean> = Film extends true
  ? ModulatedConvolutionSpecs
  : ConvolutionSpecs & { readonly normalization?: NormalizationSpecs };

/** A convolution and what follows it. */
export type Block = Module<BlockSpecs, Tensor, Tensor>;

/**
 * Convolution, normalization, FiLM, activation: the unit that all architectures are built of.
 *
 * FiLM's γ and β take the place of the normalization's own, which do the same. Where nothing stands between, all that can
 * be is computed in the pass of the convolution.
 */
export function block(config: BlockConfig): Block;
export function block({ normalization, film, ...config }: BlockConfig): Layer {
  if (normalization === 'none') return activated(film ? modulatedConvolution : convolution, config);
  const { activation: kind, slope, ...bare } = config;
  const linear: Layer = convolution(bare);
  const normalize = normalization === 'group' ? groupNormalization : instanceNormalization;
  const normalized: Layer = normalize({ rank: config.rank ?? 2, channels: config.outChannels });
  const after = activation({ kind, ...(slope === undefined ? {} : { slope }) });
  return {
    specs: { ...linear.specs, ...(film ? normalized.specs : { normalization: normalized.specs }) },
    apply(params, x, at) {
      const affine = film ? params : (params as { readonly normalization: ParamNode }).normalization;
      return tidy(() => after.apply({}, normalized.apply(affine, linear.apply(params, x, at), at), at));
    },
  };
}

type Convolution = (config: ConvolutionConfig) => Layer;

function activated(
  layer: Convolution,
  { activation: kind, slope, ...config }: Omit<BlockConfig, 'normalization' | 'film'>,
): Layer {
  if (kind === 'identity') return layer({ ...config, activation: 'none' });
  const leak = kind === 'leakyRelu' ? slope : 0;
  const rectified = layer({
    ...config,
    activation: 'leakyRelu',
    ...(leak === undefined ? {} : { slope: leak }),
  });
  if (kind === 'leakyRelu' || kind === 'relu') return rectified;
  const linear = layer({ ...config, activation: 'none' });
  const after = activation({ kind });
  return {
    // Those of a convolution before a ReLU: the smooth activations ask for the same scale.
    specs: rectified.specs,
    apply: (params, x, at) => tidy(() => after.apply({}, linear.apply(params, x, at), at)),
  };
}
