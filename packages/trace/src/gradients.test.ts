/** Whole training steps in a trace: loss, and the gradient to every parameter. */
import { unet } from '@sshn/architectures';
import {
  initialize,
  type Module,
  namedParams,
  namedSpecs,
  type ParamsOf,
  Rng,
  type SpecNode,
  setting,
} from '@sshn/core';
import { hypernetize } from '@sshn/hypernet';
import { valueAndGradients } from '@sshn/ops';
import { useBackend, withoutLeak } from '@sshn-internal/testing';
import { mean, ones, type Scalar, square, sub, type Tensor, tidy } from '@tensorflow/tfjs-core';
import { beforeAll, expect, test } from 'vitest';
import { type Graph, type InputTree, trace } from './index.js';

beforeAll(() => useBackend('cpu'));

const network = unet({ inChannels: 1, outChannels: 2, features: 3, stages: 3 });
const [image, target] = [
  [2, 9, 8, 1],
  [2, 9, 8, 2],
];

/** The shapes of loss and gradients by name, traced and on cpu, and the graph. */
async function trainingStep<Specs extends SpecNode>(module: Module<Specs, Tensor, Tensor>) {
  const step = (params: ParamsOf<Specs>, x: Tensor, y: Tensor) => {
    const loss = (p: ParamsOf<Specs>) => mean(square(sub(module.apply(p, x, setting(0.5)), y))) as Scalar;
    const { value, gradients } = valueAndGradients(params, loss);
    return new Map([['loss', value as Tensor], ...namedParams(gradients)]);
  };
  const inputs: InputTree[] = [module.specs, { shape: image! }, { shape: target! }];
  const { graph, outputs } = await withoutLeak(() =>
    trace((params, x, y) => step(params as ParamsOf<Specs>, x as Tensor, y as Tensor), inputs),
  );
  const computed = tidy(() =>
    shapes(step(initialize(module.specs, Rng.fromSeed(1)), ones(image!), ones(target!))),
  );
  return { graph, traced: shapes(outputs), computed };
}

function shapes(tensors: ReadonlyMap<string, { readonly shape: readonly number[] }>) {
  return Object.fromEntries([...tensors].map(([name, { shape }]) => [name, [...shape]]));
}

function count(graph: Graph, kernel: string): number {
  return graph.nodes.filter((node) => node.kernel === kernel).length;
}

test('the U-Net, every convolution with its three gradients, none to the image', async () => {
  const { graph, traced, computed } = await trainingStep(network);
  expect(traced).toEqual(computed);
  expect(traced).toEqual({
    loss: [],
    ...Object.fromEntries(namedSpecs(network.specs).map(([name, { shape }]) => [name, [...shape]])),
  });
  const convolutions = 11;
  expect(count(graph, 'SshnConv')).toBe(convolutions);
  expect(count(graph, 'SshnConvGradKernel')).toBe(convolutions);
  expect(count(graph, 'SshnConvGradRectifier')).toBe(convolutions - 1);
  expect(count(graph, 'SshnConvGradBias')).toBe(1);
  expect(count(graph, 'SshnConvGradInput')).toBe(convolutions - 1);
});

test('the hypernetized U-Net, all heads at once in each direction', async () => {
  const model = hypernetize(network, { predict: 'convolutions' });
  const { graph, traced, computed } = await trainingStep(model);
  expect(traced).toEqual(computed);
  for (const kernel of ['SshnHeads', 'SshnHeadsGrad']) expect(count(graph, kernel)).toBe(1);
});
