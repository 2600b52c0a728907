import { type Module, type Network, type SpecNode, scoped } from '@sshn/core';
import { activation, convolution, downsample, sequential, upsample } from '@sshn/layers';
import { add, concat, mul, type Tensor, tidy } from '@tensorflow/tfjs-core';

type Gate = Module<SpecNode, [skip: Tensor, below: Tensor], Tensor>;

/**
 * The attention U-Net of Oktay et al. (2018), made of layers alone: a U-Net whose every skip connection is weighed, pixel by
 * pixel, by how well it agrees with the coarser features below it.
 *
 * Input `[batch, height, width, inChannels]`, output logits `[batch, height, width, outChannels]`.
 *
 * @param features Per stage, from full resolution down.
 */
export function attentionUNet(inChannels: number, outChannels: number, features: readonly number[]) {
  const skips = features.slice(0, -1);
  const { modules, specs } = scoped({
    encoder: features.map((width, level) => stage(features[level - 1] ?? inChannels, width)),
    down: skips.map((_, step) => downsample({ step })),
    gate: skips.map((width, level) => attentionGate(width, features[level + 1]!)),
    decoder: skips.map((width, level) => stage(features[level + 1]! + width, width)),
    head: convolution({ inChannels: features[0]!, outChannels, kernelSize: 1 }),
  });
  const up = upsample();
  const network: Network<typeof specs> = {
    specs,
    rank: 2,
    inChannels,
    outChannels,
    steps: skips.length,
    apply: (params, image, at) =>
      tidy(() => {
        let x = image;
        const encoded = modules.encoder.map((block, level) => {
          if (level > 0) x = modules.down[level - 1]!.apply({}, x, at);
          x = block.apply(params.encoder[level]!, x, at);
          return x;
        });
        for (let level = skips.length - 1; level >= 0; level--) {
          const skip = encoded[level]!;
          const below = up.apply({}, { x, size: skip.shape.slice(1, -1) }, at);
          const kept = modules.gate[level]!.apply(params.gate[level]!, [skip, below], at);
          x = modules.decoder[level]!.apply(params.decoder[level]!, concat([below, kept], 3), at);
        }
        return modules.head.apply(params.head, x, at);
      }),
  };
  return network;
}

/** Two convolutions of one resolution. */
function stage(inChannels: number, outChannels: number): Module {
  return sequential([
    convolution({ inChannels, outChannels, activation: 'leakyRelu' }),
    convolution({ inChannels: outChannels, outChannels, activation: 'leakyRelu' }),
  ]);
}

/** The additive attention gate: skip · σ(ψ(relu(W·skip + V·below))), section 3.1 of the paper. */
function attentionGate(channels: number, channelsBelow: number): Gate {
  const outChannels = Math.max(1, Math.floor(channels / 2));
  const { modules, specs } = scoped({
    skip: convolution({ inChannels: channels, outChannels, kernelSize: 1 }),
    below: convolution({ inChannels: channelsBelow, outChannels, kernelSize: 1 }),
    psi: sequential([
      convolution({ inChannels: outChannels, outChannels: 1, kernelSize: 1 }),
      activation({ kind: 'sigmoid' }),
    ]),
  });
  const relu = activation({ kind: 'relu' });
  return {
    specs,
    apply(params, [skip, below], at) {
      const own = params as Readonly<Record<keyof typeof specs, never>>;
      const sum = add(modules.skip.apply(own.skip, skip, at), modules.below.apply(own.below, below, at));
      return mul(skip, modules.psi.apply(own.psi, relu.apply({}, sum, at), at));
    },
  };
}
