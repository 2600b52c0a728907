/** What the layers cost, counted by hand: 2 images of 6×8 pixels, 4 channels: 384 values. */
import { type Module, setting } from '@sshn/core';
import {
  activation,
  adaptiveAveragePool,
  averagePooling,
  dropout,
  globalAveragePool,
  groupNormalization,
  instanceNormalization,
  maximumPooling,
  prelu,
  pyramidPooling,
  squeezeExcitation,
  stridedConvolution,
  upsample,
} from '@sshn/layers';
import { expect, test } from 'vitest';
import { countModule } from './index.js';

const up = upsample({ method: 'nearest' });
const nearest: Module = { specs: {}, apply: (_, x, at) => up.apply({}, { x, size: [9, 5] }, at) };
/** Two passes of averages: 384 values to 6 rows, 48 of those to one. */
const mean = 384 + 48;

const cases = [
  { name: 'relu', layer: activation({ kind: 'relu' }), elementwise: 384 },
  { name: 'silu: σ, product', layer: activation({ kind: 'silu' }), elementwise: 2 * 384 },
  { name: 'mish: softplus, tanh, product', layer: activation({ kind: 'mish' }), elementwise: 3 * 384 },
  { name: 'gelu: scale, erf, + 1, half, product', layer: activation({ kind: 'gelu' }), elementwise: 5 * 384 },
  { name: 'prelu: max, min, product, sum', layer: prelu({ channels: 4 }), elementwise: 4 * 384 },
  {
    name: 'instance normalization: 2 means, difference, square, scale; ε and root',
    layer: instanceNormalization({ channels: 4, affine: false }),
    elementwise: 2 * mean + 3 * 384 + 2 * 8,
  },
  {
    name: 'group normalization: also means of groups (8 + 4), spread (8), 1 + γ (4), times root (8), β (384)',
    layer: groupNormalization({ channels: 4, groups: 2 }),
    elementwise: 2 * (mean + 12 + 8) + 3 * 384 + 2 * 8 + 4 + 8 + 384,
  },
  {
    name: 'squeeze-excitation: mean, 4 → 1 → 4 with biases, relu and σ, gate',
    layer: squeezeExcitation({ channels: 4 }),
    macs: 8 + 8,
    elementwise: mean + 2 + 2 + 8 + 8 + 384,
  },
  {
    name: 'spatial excitation: 1×1 convolution, bias, σ, gate',
    layer: squeezeExcitation({ channels: 4, kind: 'spatial' }),
    macs: 384,
    elementwise: 96 + 96 + 384,
  },
  { name: 'global average', layer: globalAveragePool(), elementwise: mean },
  {
    name: 'adaptive average: 8 pixels in 3 windows are 3 + 4 + 3',
    layer: adaptiveAveragePool({ size: [2, 3] }),
    elementwise: 2 * 6 * 10 * 4,
  },
  { name: 'maximum pooling, ½', layer: maximumPooling({ step: 0 }), elementwise: 384 },
  { name: 'average pooling, ½', layer: averagePooling({ step: 0 }), elementwise: 384 },
  {
    name: 'pyramid: averages of 1×1 and 2×2, 4 → 2 channels, bias, resize of 192 values each',
    layer: pyramidPooling({ inChannels: 4, bins: [1, 2] }),
    macs: 16 + 64,
    elementwise: 2 * 384 + 4 + 16 + 2 * 4 * 192,
  },
  { name: 'dropout is gone', layer: dropout({ rate: 0.5 }), elementwise: 0 },
  { name: 'copies of the nearest are free', layer: nearest, elementwise: 0 },
  {
    name: 'strided convolution: at a quarter of the pixels',
    layer: stridedConvolution({ step: 0, inChannels: 4, outChannels: 2 }),
    macs: 24 * 2 * 36,
    elementwise: 48,
  },
];

test.each(cases)('$name', ({ layer, macs = 0, elementwise }) => {
  const report = countModule(layer as unknown as Module, {
    inputShape: [2, 6, 8, 4],
    at: setting(0.5),
  });
  expect({ macs: report.macs, flops: report.flops }).toEqual({ macs, flops: 2 * macs + elementwise });
});
