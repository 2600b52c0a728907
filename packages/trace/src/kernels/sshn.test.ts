import { unet } from '@sshn/architectures';
import { initialize, Rng, setting } from '@sshn/core';
import { applyConvolution, applyLeakyRelu, dispatcher, type Kernels, resizeLinear } from '@sshn/ops';
import { warp } from '@sshn/registration';
import { backends, useBackend } from '@sshn-internal/testing';
import { grads, ones, type Tensor, tidy } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { trace } from '../index.js';

const dispatch = dispatcher<Kernels>();

/** A composition that a trace must not run. */
const composed = (): never => {
  throw new Error('composed');
};

/** The function's outputs on the current backend, and in a trace with its kernels. */
function compare(f: (...x: Tensor[]) => Tensor[], shapes: readonly number[][]) {
  const { outputs, graph } = trace((...x: Tensor[]) => f(...x), shapes.map((shape) => ({ shape })) as never);
  const computed = tidy(() => f(...shapes.map((shape) => ones(shape))).map(({ shape }) => shape));
  return {
    computed,
    traced: outputs.map(({ shape }) => shape),
    kernels: graph.nodes.map(({ kernel }) => kernel),
  };
}

describe.each(backends)('the kernels of @sshn have the shapes of their compositions on %s', (backend) => {
  beforeAll(() => useBackend(backend));

  test.each([
    { x: [2, 5, 6, 3], kernel: [3, 1, 3, 4] },
    { x: [1, 3, 4, 5, 2], kernel: [3, 3, 3, 2, 4] },
  ])('convolution of $x with $kernel and its gradients', ({ x, kernel }) => {
    const gradients = grads((a: Tensor, b: Tensor, c: Tensor) => applyConvolution(a, b, c, 0.1));
    const run = (a?: Tensor, b?: Tensor, c?: Tensor, dy?: Tensor) => [
      applyConvolution(a!, b!, c!),
      ...gradients([a!, b!, c!], dy),
    ];
    const { computed, traced, kernels } = compare(run, [x, kernel, [4], [...x.slice(0, -1), 4]]);
    expect(traced).toEqual(computed);
    expect(kernels).toEqual([
      'SshnConv',
      'SshnConv',
      'SshnConvGradRectifier',
      'SshnConvGradKernel',
      'SshnConvGradInput',
    ]);
  });

  test.each([
    { x: [2, 5, 6, 3], size: [3, 9] },
    { x: [1, 3, 4, 5, 2], size: [7, 1, 4] },
  ])('resize of $x to $size and its gradient', ({ x, size }) => {
    const gradient = grads((a: Tensor) => resizeLinear(a, size));
    const run = (a?: Tensor, dy?: Tensor) => [resizeLinear(a!, size), ...gradient([a!], dy)];
    const { computed, traced, kernels } = compare(run, [x, [x[0]!, ...size, x.at(-1)!]]);
    expect(traced).toEqual(computed);
    expect(kernels).toEqual(['SshnResize', 'SshnResize', 'SshnResizeGrad']);
  });

  test.each([[[2, 5, 6, 3]], [[1, 3, 4, 5, 2]]])('warp of %j and its gradients', (shape) => {
    const field = [...shape.slice(0, -1), shape.length - 2];
    const gradients = grads((a: Tensor, b: Tensor) => warp(a, b));
    const run = (a?: Tensor, b?: Tensor, dy?: Tensor) => [warp(a!, b!), ...gradients([a!, b!], dy)];
    const { computed, traced, kernels } = compare(run, [shape, field, shape]);
    expect(traced).toEqual(computed);
    expect(kernels.filter((kernel) => kernel.startsWith('Sshn'))).toEqual([
      'SshnWarp',
      'SshnWarp',
      'SshnWarpGradField',
      'SshnWarpGradImage',
    ]);
  });

  test('LeakyReLU and its gradient', () => {
    const gradient = grads((a: Tensor) => applyLeakyRelu(a));
    const { computed, traced, kernels } = compare(
      (a, dy) => gradient([a!], dy),
      [
        [2, 3],
        [2, 3],
      ],
    );
    expect(traced).toEqual(computed);
    expect(kernels).toEqual(['LeakyRelu', 'SshnLeakyReluGrad']);
  });
});

test.each(['SshnCrossEntropy', 'SshnSoftDice'] as const)('%s gives a scalar and a gradient', (kernel) => {
  const settings = { squaredDenominator: true, smooth: 1, includeBackground: false, perSample: true };
  const run = (logits: Tensor, labels: Tensor) => dispatch(kernel, { logits, labels }, settings, composed);
  const { outputs } = trace(run, [{ shape: [2, 5, 3] }, { shape: [2, 5], dtype: 'int32' }]);
  expect(outputs.map(({ shape }) => shape)).toEqual([[], [2, 5, 3]]);
});

test('a step of Adam is one node with three outputs', () => {
  const corrections = { correction1: 0.1, correction2: 0.01 };
  const adam = { learningRate: 0.1, beta1: 0.9, beta2: 0.99, epsilon: 1e-8, weightDecay: 0, ...corrections };
  const shapes = Array.from({ length: 4 }, () => ({ shape: [3, 2] }));
  const step = (param: Tensor, m: Tensor, v: Tensor, grad: Tensor) =>
    dispatch('SshnAdam', { param, m, v, grad }, adam, composed);
  const { graph, outputs } = trace((...x: Tensor[]) => step(x[0]!, x[1]!, x[2]!, x[3]!), shapes as never);
  expect(graph.nodes.map(({ kernel }) => kernel)).toEqual(['SshnAdam']);
  expect(outputs.map(({ shape }) => shape)).toEqual([
    [3, 2],
    [3, 2],
    [3, 2],
  ]);
});

test('the U-Net: one node per layer, in the scope of the layer, and the shape that it has on cpu', async () => {
  await useBackend('cpu');
  const network = unet({ inChannels: 1, outChannels: 3, features: 2, stages: 3 });
  const { graph, outputs } = trace(
    (params, image) => network.apply(params, image, setting(0.5)),
    [network.specs, { shape: [1, 9, 8, 1] }],
  );
  expect(outputs.shape).toEqual([1, 9, 8, 3]);
  expect(graph.nodes.map(({ kernel, scope, outputs: [y] }) => `${scope} ${kernel} ${y!.shape}`)).toEqual([
    'encoder.0.0 SshnConv 1,9,8,2',
    'encoder.0.1 SshnConv 1,9,8,2',
    'down.0 SshnResize 1,5,4,2',
    'encoder.1.0 SshnConv 1,5,4,2',
    'encoder.1.1 SshnConv 1,5,4,2',
    'down.1 SshnResize 1,3,2,2',
    'encoder.2.0 SshnConv 1,3,2,2',
    'encoder.2.1 SshnConv 1,3,2,2',
    'up SshnResize 1,5,4,2',
    ' Concat 1,5,4,4',
    'decoder.1.0 SshnConv 1,5,4,2',
    'decoder.1.1 SshnConv 1,5,4,2',
    'up SshnResize 1,9,8,2',
    ' Concat 1,9,8,4',
    'decoder.0.0 SshnConv 1,9,8,2',
    'decoder.0.1 SshnConv 1,9,8,2',
    'head SshnConv 1,9,8,3',
  ]);
  const computed = tidy(
    () => network.apply(initialize(network.specs, Rng.fromSeed(1)), ones([1, 9, 8, 1]), setting(0.5)).shape,
  );
  expect(computed).toEqual(outputs.shape);
});
