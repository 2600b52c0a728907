import type { Module } from '@sshn/core';
import {
  type ActivationKind,
  activation,
  type ConvolutionConfig,
  type ConvolutionSpecs,
  convolution,
  type Layer,
  type ModulatedConvolutionSpecs,
  modulatedConvolution,
} from '@sshn/layers';
import { type Tensor, tidy } from '@tensorflow/tfjs-core';

/** Options of a convolution and of what follows it. */
export interface BlockConfig extends Omit<ConvolutionConfig, 'activation' | 'slope'> {
  readonly activation: ActivationKind;
  /** Of the LeakyReLU. */
  readonly slope?: number;
  /** Modulates it by FiLM. */
  readonly film: boolean;
}

/** Parameters of a block: with γ and β where FiLM modulates it. */
export type BlockSpecs<Film extends boolean = boolean> = Film extends true
  ? ModulatedConvolutionSpecs
  : ConvolutionSpecs;

/** A convolution and what follows it. */
export type Block = Module<BlockSpecs, Tensor, Tensor>;

/** Convolution, FiLM, activation: the unit that all architectures are built of. */
export function block(config: BlockConfig): Block;
export function block({ film, activation: kind, slope, ...config }: BlockConfig): Layer {
  const layer = film ? modulatedConvolution : convolution;
  if (kind === 'identity') return layer({ ...config, activation: 'none' });
  const leak = kind === 'leakyRelu' ? slope : 0;
  const rectified = layer({
    ...config,
    activation: 'leakyRelu',
    ...(leak === undefined ? {} : { slope: leak }),
  });
  if (kind === 'leakyRelu' || kind === 'relu') return rectified;
  const linear: Layer = layer({ ...config, activation: 'none' });
  const after = activation({ kind });
  return {
    // Those of a convolution before a ReLU: the smooth activations ask for the same scale.
    specs: rectified.specs,
    apply: (params, x, at) => tidy(() => after.apply({}, linear.apply(params, x, at), at)),
  };
}
