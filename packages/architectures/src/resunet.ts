import type { Module, Network } from '@sshn/core';
import { type ActivationLayerConfig, activation, residual } from '@sshn/layers';
import { tidy } from '@tensorflow/tfjs-core';
import type { BlockSpecs } from './block.js';
import { convolutions, type EncoderDecoderSpecs, encoderDecoder, type Stage } from './encoder-decoder.js';
import type { NetworkConfig } from './options.js';
import { type Plan, planOf } from './plan.js';

/** Options of a residual U-Net. */
export type ResUNetConfig = NetworkConfig;

/** Parameters of a stage with a residual connection; the projection is there where its channels differ. */
export type ResidualStageSpecs = { readonly body: readonly BlockSpecs[]; readonly projection?: BlockSpecs };

/** Parameters of a residual U-Net: `encoder.0.body.0.kernel` is the first kernel at full resolution. */
export type ResUNetSpecs = EncoderDecoderSpecs<ResidualStageSpecs>;

/**
 * The residual U-Net of the paper's ablation: a U-Net in whose every stage, at each resolution on both sides, the input is
 * added to what its convolutions make of it: y = a(x' + f(x)), where f ends without activation and x' is x, or its 1×1
 * projection where the channels differ.
 *
 * Shapes, settings and options are those of `unet`.
 *
 * @throws what `unet` throws.
 * @example
 * const network = resunet({ inChannels: 1, outChannels: 4, features: [16, 32, 64] });
 * const params = initialize(network.specs, Rng.fromSeed(1));
 * const logits = network.apply(params, image, setting(0.25));   // [1, 128, 96, 1] -> [1, 128, 96, 4]
 *
 * *Source*: the paper, section C.1 ("Residual UNet"); Drozdzal et al., "The importance of skip connections in biomedical
 * image segmentation" (2016); He et al., "Deep residual learning for image recognition" (2016), whose projection ours is.
 */
export function resunet(config: ResUNetConfig): Network<ResUNetSpecs> {
  const plan = planOf('resunet', config, { make: resunet });
  return encoderDecoder(plan, residualStage(plan), residualStage(plan), { readsJoined: true });
}

/** The convolutions of one resolution with a residual connection around them, and the activation behind it. */
function residualStage(plan: Plan): Stage<ResidualStageSpecs> {
  const body = convolutions(plan, { last: { activation: 'identity' } });
  return (inChannels, outChannels) => {
    const project = () =>
      plan.block(inChannels, outChannels, { kernelSize: 1, activation: 'identity', dropout: 0 });
    return activatedResidual(plan.activation, {
      body: body(inChannels, outChannels),
      ...(inChannels === outChannels ? {} : { projection: project() }),
    });
  };
}

/** A residual connection and the activation behind its sum. */
function activatedResidual(
  { kind, slope }: ActivationLayerConfig,
  layers: { readonly body: Module<readonly BlockSpecs[]>; readonly projection?: Module<BlockSpecs> },
): Module<ResidualStageSpecs> {
  if (kind === 'relu') return residual(layers, { activation: 'leakyRelu', slope: 0 });
  if (kind === 'leakyRelu')
    return residual(layers, { activation: kind, ...(slope === undefined ? {} : { slope }) });
  const sum: Module<ResidualStageSpecs> = residual(layers);
  const after = activation({ kind });
  return {
    specs: sum.specs,
    apply: (params, x, at) => tidy(() => after.apply({}, sum.apply(params, x, at), at)),
  };
}
