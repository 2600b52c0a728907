/** Counts that others have published, of networks built here from ordinary tfjs ops. */
import { inScope } from '@sshn/core';
import {
  add,
  batchNorm,
  conv2d,
  matMul,
  maxPool,
  mean,
  relu,
  reshape,
  type Tensor1D,
  type Tensor2D,
  type Tensor4D,
} from '@tensorflow/tfjs-core';
import { expect, test } from 'vitest';
import { countFlops } from './index.js';

const weight = <const Shape extends readonly number[]>(...shape: Shape) =>
  ({ kind: 'param', shape }) as const;
const layer = (window: number, inChannels: number, outChannels: number) =>
  ({ kernel: weight(window, window, inChannels, outChannels), bias: weight(outChannels) }) as const;
type Layer = { readonly kernel: Tensor4D; readonly bias: Tensor1D };

const convolve = (
  x: Tensor4D,
  { kernel, bias }: Layer,
  stride = 1,
  pad: number | 'same' | 'valid' = 'same',
) =>
  add<Tensor4D>(
    conv2d(x, kernel, stride, pad, 'NHWC', 1, typeof pad === 'number' ? 'floor' : undefined),
    bias,
  );
const dense = (x: Tensor2D, { kernel, bias }: { readonly kernel: Tensor2D; readonly bias: Tensor1D }) =>
  add<Tensor2D>(matMul(x, kernel), bias);
const flatten = (x: Tensor4D) => reshape(x, [x.shape[0], -1]) as Tensor2D;

// ptflops, tests/common_test.py, `test_conv` and `test_fc`: a bias counts as a multiply-add per output there.
test("ptflops' own tests: 2 759 904 and 8", () => {
  const conv = countFlops(
    (w, x) => convolve(x, w, 1, 'valid'),
    [layer(3, 3, 2), { shape: [1, 224, 224, 3] }],
  );
  expect(conv.parameters).toBe(3 * 3 * 2 * 3 + 2);
  expect(conv.macs + (conv.flops - 2 * conv.macs)).toBe(2_759_904);
  const fc = countFlops(
    (w, x) => dense(x, w),
    [{ kernel: weight(3, 2), bias: weight(2) }, { shape: [1, 3] }],
  );
  expect(fc.macs + (fc.flops - 2 * fc.macs)).toBe(8);
});

// fvcore, docstring of `FlopCountAnalysis`; it counts multiply-adds of convolutions and matrix products only.
test("fvcore's example: 13 000, of which fc 10 000 and conv 3 000", () => {
  const { macs, byModule } = countFlops(
    (w, x) => {
      const features = inScope('conv', () => convolve(x, w.conv));
      const active = inScope('act', () => relu(features));
      return inScope('fc', () => dense(flatten(active), w.fc));
    },
    [
      { conv: layer(1, 3, 10), fc: { kernel: weight(1000, 10), bias: weight(10) } },
      { shape: [1, 10, 10, 3] },
    ],
  );
  expect(macs).toBe(13_000);
  expect(byModule.children.map((child) => [child.path, child.macs])).toEqual([
    ['conv', 3000],
    ['act', 0],
    ['fc', 10_000],
  ]);
});

// fvcore, docs/flop_count.md: the network of PyTorch's first tutorial on a grey image of 32².
test("fvcore's documentation: 274 656 by module", () => {
  const fc = (from: number, to: number) => ({ kernel: weight(from, to), bias: weight(to) }) as const;
  const { macs, byModule } = countFlops(
    (w, image) => {
      const stage = (name: 'conv1' | 'conv2', x: Tensor4D) =>
        maxPool(relu(inScope(name, () => convolve(x, w[name], 1, 'valid'))), 2, 2, 'valid');
      let x = flatten(stage('conv2', stage('conv1', image)));
      for (const name of ['fc1', 'fc2', 'fc3'] as const) x = inScope(name, () => dense(x, w[name]));
      return x;
    },
    [
      { conv1: layer(3, 1, 6), conv2: layer(3, 6, 16), fc1: fc(576, 120), fc2: fc(120, 84), fc3: fc(84, 10) },
      { shape: [1, 32, 32, 1] },
    ],
  );
  expect(macs).toBe(274_656);
  expect(Object.fromEntries(byModule.children.map((child) => [child.path, child.macs]))).toEqual({
    conv1: 48_600,
    conv2: 146_016,
    fc1: 69_120,
    fc2: 10_080,
    fc3: 840,
  });
});

// torchvision, metadata of VGG16_Weights: `_ops` 15.47 (multiply-adds), `num_params` 138357544. ptflops: 15.48 with biases.
test('VGG16 at 224²: 15.47 GMAC, 138 357 544 parameters', () => {
  const stages = [
    [64, 64],
    [128, 128],
    [256, 256, 256],
    [512, 512, 512],
    [512, 512, 512],
  ];
  const widths = [3, ...stages.flat()];
  const convs = widths.slice(1).map((width, i) => layer(3, widths[i]!, width));
  const fcs = [7 * 7 * 512, 4096, 4096].map((from, i) => {
    const to = [4096, 4096, 1000][i]!;
    return { kernel: weight(from, to), bias: weight(to) };
  });
  const { macs, flops, parameters, byKernel } = countFlops(
    (w, image) => {
      let x = image;
      let next = 0;
      for (const stage of stages) {
        for (const _ of stage) x = relu(convolve(x, w.convs[next++]!));
        x = maxPool(x, 2, 2, 'valid');
      }
      return w.fcs.reduce((y, fc) => dense(y, fc), flatten(x));
    },
    [{ convs, fcs }, { shape: [1, 224, 224, 3] }],
  );
  expect(parameters).toBe(138_357_544);
  expect(macs).toBe(15_470_264_320);
  const biases = byKernel.find(({ kernel }) => kernel === 'Add')!.flops;
  expect(((macs + biases) / 1e9).toFixed(2)).toBe('15.48');
  expect(flops).toBeGreaterThan(2 * macs + biases);
});

// torchvision, metadata of ResNet18_Weights: `_ops` 1.814 (multiply-adds), `num_params` 11689512.
test('ResNet-18 at 224²: 1.814 GMAC, 11 689 512 parameters', () => {
  const normed = (window: number, from: number, to: number) =>
    ({
      kernel: weight(window, window, from, to),
      scale: weight(to),
      offset: weight(to),
      mean: { shape: [to] },
    }) as const;
  const widths = [64, 64, 128, 128, 256, 256, 512, 512];
  const blocks = widths.map((width, i) => {
    const from = widths[i - 1] ?? 64;
    return {
      first: normed(3, from, width),
      second: normed(3, width, width),
      shortcut: from === width ? [] : [normed(1, from, width)],
    };
  });
  type Normed = { kernel: Tensor4D; scale: Tensor1D; offset: Tensor1D; mean: Tensor1D };
  const step = (x: Tensor4D, w: Normed, stride = 1, pad = 1) =>
    batchNorm(
      conv2d(x, w.kernel, stride, pad, 'NHWC', 1, 'floor'),
      w.mean,
      w.mean,
      w.offset,
      w.scale,
    ) as Tensor4D;

  const { macs, parameters, peakActivationBytes } = countFlops(
    (w, image) => {
      let x: Tensor4D = maxPool(relu(step(image, w.stem, 2, 3)), 3, 2, 1, 'floor');
      for (const block of w.blocks) {
        const stride = block.shortcut.length === 0 ? 1 : 2;
        const body = step(relu(step(x, block.first, stride)), block.second);
        x = relu(
          add<Tensor4D>(body, block.shortcut.length === 0 ? x : step(x, block.shortcut[0]!, stride, 0)),
        );
      }
      return dense(mean(x, [1, 2]) as Tensor2D, w.fc);
    },
    [
      { stem: normed(7, 3, 64), blocks, fc: { kernel: weight(512, 1000), bias: weight(1000) } },
      { shape: [1, 224, 224, 3] },
    ],
  );
  expect(parameters).toBe(11_689_512);
  expect(macs).toBe(1_814_073_344);
  // The stem's convolution and its normalization, 112² · 64 numbers each, are the most that live together; beside them
  // the means of all normalizations, 4800 numbers that came as inputs.
  expect(peakActivationBytes).toBe((2 * 112 * 112 * 64 + 4800) * 4);
});
