import { type Module, type SpecNode, scoped } from '@sshn/core';
import { type Layer, residual } from '@sshn/layers';
import { type Tensor, tidy } from '@tensorflow/tfjs-core';
import type { NetworkConfig } from './config/network-config.js';
import { type Plan, planOf } from './config/plan.js';
import type { BlockSpecs } from './parts/block.js';
import { convolutions, type StageSpecs } from './parts/convolutions.js';
import { decode } from './parts/decode.js';
import { downsampling } from './parts/downsampling.js';
import { encode } from './parts/encode.js';
import { type HeadSpecs, heads, withHeads } from './parts/heads.js';
import { type SegmentationNetwork, segmentationNetwork } from './segmentation-network.js';

/** Options of a residual U-Net. */
export type ResUNetConfig<Film extends boolean = boolean> = NetworkConfig<Film>;

/** Parameters of a stage with a residual connection; the projection is there where its channels differ. */
export type ResidualStageSpecs<Film extends boolean = boolean> = {
  readonly body: StageSpecs<Film>;
  readonly projection?: BlockSpecs<Film>;
};

/** Parameters of a residual U-Net: `encoder.0.body.0.kernel` is the first kernel at full resolution. */
export type ResUNetSpecs<Film extends boolean = boolean> = HeadSpecs & {
  readonly encoder: ReadonlyArray<ResidualStageSpecs<Film>>;
  readonly down: readonly SpecNode[];
  readonly decoder: ReadonlyArray<ResidualStageSpecs<Film>>;
};

/**
 * The residual U-Net of the paper's ablation: a U-Net in whose every stage, at each resolution on both sides, the input is
 * added to what its convolutions make of it: y = a(x' + f(x)), where f ends without activation and x' is x, or its 1×1
 * projection where the channels differ.
 *
 * Shapes and rescaling are those of `unet`, and so are the options.
 *
 * @throws what `unet` throws.
 * @example
 * const network = resunet({ inChannels: 1, outChannels: 4, features: [16, 32, 64] });
 * const params = initialize(network.specs, Rng.fromSeed(1));
 * const logits = network.apply(params, image, rescaling(0.25));   // [1, 128, 96, 1] -> [1, 128, 96, 4]
 *
 * *Source*: the paper, section C.1 ("Residual UNet"); Drozdzal et al., "The importance of skip connections in biomedical
 * image segmentation" (2016); He et al., "Deep residual learning for image recognition" (2016), whose projection ours is.
 */
export function resunet<const Film extends boolean = false>(
  config: ResUNetConfig<Film>,
): SegmentationNetwork<ResUNetSpecs<Film>>;
export function resunet(config: ResUNetConfig): SegmentationNetwork<ResUNetSpecs> {
  const plan = planOf('resunet', config, { checks: {} });
  const { inChannels, widths } = plan;

  const { modules, specs } = scoped({
    encoder: widths.map((width, level) => residualStage(plan, widths[level - 1] ?? inChannels, width)),
    down: downsampling(plan),
    decoder: widths
      .slice(1)
      .map((below, level) => residualStage(plan, below + widths[level]!, widths[level]!)),
    ...heads(plan),
  });

  return segmentationNetwork(
    plan,
    specs,
    withHeads(modules, (params, image, at) => {
      const skips = encode(modules, params, image, at);
      return decode(modules, params, skips, at);
    }),
  );
}

/** The convolutions of one resolution with a residual connection around them, and the activation behind it. */
function residualStage(
  plan: Plan,
  inChannels: number,
  outChannels: number,
): Module<ResidualStageSpecs, Tensor, Tensor>;
function residualStage(plan: Plan, inChannels: number, outChannels: number): Layer {
  const { block, activate } = plan;
  const sum: Layer = residual({
    body: convolutions(plan, inChannels, outChannels, { activation: 'identity' }),
    ...(inChannels === outChannels
      ? {}
      : {
          projection: block(inChannels, outChannels, { kernelSize: 1, activation: 'identity', dropout: 0 }),
        }),
  });
  return { specs: sum.specs, apply: (params, x, at) => tidy(() => activate(sum.apply(params, x, at), at)) };
}
