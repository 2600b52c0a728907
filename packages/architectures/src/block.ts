import type { Module } from '@sshn/core';
import {
  type ActivationKind,
  activation,
  type ConvolutionConfig,
  type ConvolutionSpecs,
  convolution,
  dropout,
  type FilmSpecs,
  groupNormalization,
  instanceNormalization,
  modulatedConvolution,
  type NormalizationSpecs,
} from '@sshn/layers';
import { tidy } from '@tensorflow/tfjs-core';

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

/** Parameters of a block: γ and β where FiLM modulates it, else those of the normalization if there is one. */
export type BlockSpecs = ConvolutionSpecs &
  Partial<FilmSpecs> & { readonly normalization?: NormalizationSpecs };

/**
 * Convolution, normalization, FiLM, activation, dropout: the unit that all architectures are built of.
 *
 * FiLM's γ and β replace those of the normalization, which do the same. A convolution without normalization computes FiLM
 * and a (leaky) ReLU in its own pass.
 */
export function block({ dropout: rate, normalization, film, ...config }: BlockConfig): Module<BlockSpecs> {
  const layer = normalization === 'none' ? activated(film, config) : normalized(normalization, film, config);
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
): Module<BlockSpecs> {
  const linear = convolution(config);
  const normalization = kind === 'group' ? groupNormalization : instanceNormalization;
  const normalize = normalization({ rank: config.rank ?? 2, channels: config.outChannels });
  const withSlope = activationKind === 'leakyRelu' && slope !== undefined ? { slope } : {};
  const activate = activation({ kind: activationKind, ...withSlope });
  return {
    specs: { ...linear.specs, ...(film ? normalize.specs : { normalization: normalize.specs }) },
    apply(params, x, at) {
      const affine = film ? { gamma: params.gamma!, beta: params.beta! } : params.normalization!;
      return tidy(() => activate.apply({}, normalize.apply(affine, linear.apply(params, x, at), at), at));
    },
  };
}

function activated(film: boolean, { activation: kind, slope, ...config }: Bare): Module<BlockSpecs> {
  const layer: (config: ConvolutionConfig) => Module<BlockSpecs> = film ? modulatedConvolution : convolution;
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
    // Those of a convolution before a ReLU: the smooth activations need the same scale.
    specs: rectified.specs,
    apply: (params, x, at) => tidy(() => after.apply({}, linear.apply(params, x, at), at)),
  };
}
