import type { Module, ParamNode } from '@sshn/core';
import {
  type ActivationKind,
  activation,
  type ConvolutionConfig,
  type ConvolutionSpecs,
  convolution,
  dropout,
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
  /** Share of the channels that a step of training drops. */
  readonly dropout: number;
}

/** Parameters of a block: γ and β where FiLM modulates it, and else those of the normalization if there is one. */
export type BlockSpecs<Film extends boolean = boolean> = Film extends true
  ? ModulatedConvolutionSpecs
  : ConvolutionSpecs & { readonly normalization?: NormalizationSpecs };

/** A convolution and what follows it. */
export type Block = Module<BlockSpecs, Tensor, Tensor>;

/**
 * Convolution, normalization, FiLM, activation, dropout: the unit that all architectures are built of.
 *
 * FiLM's γ and β take the place of the normalization's own, which do the same. Where nothing stands between, all that can
 * be is computed in the pass of the convolution.
 */
export function block(config: BlockConfig): Block;
export function block({ dropout: rate, normalization, film, ...config }: BlockConfig): Layer {
  const layer =
    normalization === 'none'
      ? activated(film ? modulatedConvolution : convolution, config)
      : normalized(normalization, film, config);
  if (rate === 0) return layer;
  const drop = dropout({ rate, kind: 'channel' });
  return {
    specs: layer.specs,
    apply: (params, x, at) => tidy(() => drop.apply({}, layer.apply(params, x, at), at)),
  };
}

type Bare = Omit<BlockConfig, 'normalization' | 'film' | 'dropout'>;

function normalized(
  kind: 'group' | 'instance',
  film: boolean,
  { activation: activationKind, slope, ...config }: Bare,
): Layer {
  const linear: Layer = convolution(config);
  const normalization = kind === 'group' ? groupNormalization : instanceNormalization;
  const normalize: Layer = normalization({ rank: config.rank ?? 2, channels: config.outChannels });
  const withSlope = activationKind === 'leakyRelu' && slope !== undefined ? { slope } : {};
  const activate = activation({ kind: activationKind, ...withSlope });
  return {
    specs: { ...linear.specs, ...(film ? normalize.specs : { normalization: normalize.specs }) },
    apply(params, x, at) {
      const affine = film ? params : (params as { readonly normalization: ParamNode }).normalization;
      return tidy(() => activate.apply({}, normalize.apply(affine, linear.apply(params, x, at), at), at));
    },
  };
}

function activated(
  layer: (config: ConvolutionConfig) => Layer,
  { activation: kind, slope, ...config }: Bare,
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
