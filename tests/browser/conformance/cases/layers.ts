import { type Module, type ParamNode, type Setting, type SpecNode, setting } from '@sshn/core';
import {
  activation,
  activationKinds,
  convolution,
  globalAveragePool,
  groupNormalization,
  instanceNormalization,
  modulatedConvolution,
  prelu,
  pyramidPooling,
  squeezeExcitation,
  stridedConvolution,
} from '@sshn/layers';
import { applyAdaptiveAverage, applyAdaptiveMaximum, resizeLinear, resizeNearest } from '@sshn/ops';
import type { Tensor } from '@tensorflow/tfjs-core';
import { type Case, probe, probeTree, specOf } from '../probe.js';

const plane = [2, 7, 5, 3];
const volume = [1, 4, 5, 3, 2];

/** A layer: its output, and the gradients to its input and to every parameter. */
export function layerCase(
  name: string,
  layer: Module,
  shape: readonly number[],
  at: Setting = setting(0.5),
): Case {
  const specs: SpecNode = { layer: layer.specs, x: specOf(shape) };
  return {
    name,
    run: () =>
      probeTree(specs, (params) => {
        const { layer: weights, x } = params as { readonly layer: ParamNode; readonly x: Tensor };
        return layer.apply(weights, x, at);
      }),
  };
}

/** A function that resizes: its output and its gradient. */
function resizeCases(
  name: string,
  resize: (x: Tensor, size: readonly number[]) => Tensor,
  sizes: ReadonlyArray<readonly number[]>,
): Case[] {
  return sizes.map((size) => ({
    name: `${name} to ${size.join(' × ')}`,
    run: () => probe({ x: size.length === 2 ? plane : volume }, ({ x }) => resize(x!, size)),
  }));
}

export const layers: readonly Case[] = [
  layerCase('convolution', convolution({ inChannels: 3, outChannels: 4 }), plane),
  layerCase('convolution 1 × 1', convolution({ inChannels: 3, outChannels: 4, kernelSize: 1 }), plane),
  layerCase('convolution 3D', convolution({ rank: 3, inChannels: 2, outChannels: 3 }), volume),
  layerCase('modulated convolution', modulatedConvolution({ inChannels: 3, outChannels: 4 }), plane),
  layerCase('strided convolution', stridedConvolution({ inChannels: 3, outChannels: 4, step: 0 }), plane),
  layerCase(
    'strided convolution 3D',
    stridedConvolution({ rank: 3, inChannels: 2, outChannels: 2, step: 0 }),
    volume,
  ),
  layerCase(
    'modulated convolution 3D',
    modulatedConvolution({ rank: 3, inChannels: 2, outChannels: 2 }),
    volume,
  ),
  // Half as many: every second pixel; by 0.7: pixels at unequal distances.
  layerCase(
    'strided convolution, uneven',
    stridedConvolution({ inChannels: 3, outChannels: 4, step: 0 }),
    plane,
    setting(0.7),
  ),
  layerCase('instance normalization', instanceNormalization({ channels: 3 }), plane),
  layerCase('instance normalization 3D', instanceNormalization({ rank: 3, channels: 2 }), volume),
  layerCase('group normalization 3D', groupNormalization({ rank: 3, channels: 2, groups: 1 }), volume),
  layerCase('group normalization', groupNormalization({ channels: 6, groups: 3 }), [2, 3, 5, 6]),
  layerCase('PReLU', prelu({ channels: 3 }), plane),
  ...activationKinds.map((kind) => layerCase(`activation ${kind}`, activation({ kind }), plane)),
  layerCase('squeeze and excitation', squeezeExcitation({ channels: 3, kind: 'concurrent' }), plane),
  layerCase(
    'squeeze and excitation 3D',
    squeezeExcitation({ rank: 3, channels: 2, kind: 'concurrent' }),
    volume,
  ),
  layerCase('global average', globalAveragePool(), plane),
  layerCase('global average 3D', globalAveragePool(), volume),
  layerCase('pyramid pooling', pyramidPooling({ inChannels: 3, bins: [1, 2, 3] }), plane),
  ...resizeCases('linear resize', resizeLinear, [
    [1, 1],
    [4, 3],
    [13, 6],
    [2, 2, 2],
    [5, 9, 4],
  ]),
  ...resizeCases('nearest resize', resizeNearest, [
    [4, 3],
    [13, 6],
    [5, 9, 4],
  ]),
  ...resizeCases('adaptive average', applyAdaptiveAverage, [
    [3, 2],
    [2, 3, 2],
  ]),
  ...resizeCases('adaptive maximum', applyAdaptiveMaximum, [
    [3, 2],
    [2, 3, 2],
  ]),
];
