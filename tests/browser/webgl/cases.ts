import { createNetwork } from '@sshn/architectures';
import { namedParams, setting } from '@sshn/core';
import { hypernetize } from '@sshn/hypernet';
import { applyAdaptiveAverage, applyConvolution, applyLeakyRelu, resizeLinear } from '@sshn/ops';
import { adamW, globalNorm } from '@sshn/optim';
import { type Interpolation, localNccLoss, type Padding, warp } from '@sshn/registration';
import { dispose, relu, type Tensor } from '@tensorflow/tfjs-core';
import { layerCase } from '../conformance/cases/layers.js';
import { type Case, probe, wave } from '../conformance/probe.js';

// Every kernel of @sshn/backend-webgl on sizes of 1, odd, unequal, and of several images: results and gradients.

const named = (name: string, run: Case['run']): Case => ({ name, run });

function sizeCases(
  name: string,
  f: (x: Tensor, size: readonly number[]) => Tensor,
  pairs: ReadonlyArray<readonly [shape: readonly number[], size: readonly number[]]>,
): Case[] {
  return pairs.map(([shape, size]) =>
    named(`${name} ${shape.join(' × ')} to ${size.join(' × ')}`, () =>
      probe({ x: shape }, ({ x }) => f(x!, size)),
    ),
  );
}

function warpCase(
  [image, field]: readonly [image: readonly number[], field: readonly number[]],
  interpolation: Interpolation,
  padding: Padding,
): Case {
  return named(`warp ${image.join(' × ')} by ${field.join(' × ')}, ${interpolation}, ${padding}`, () =>
    probe({ image, field }, (inputs) => warp(inputs.image!, inputs.field!, { interpolation, padding })),
  );
}

const plane = [
  [2, 7, 5, 3],
  [2, 7, 5, 2],
] as const;
const volume = [
  [2, 4, 1, 5, 2],
  [2, 4, 1, 5, 3],
] as const;

/** A step of Adam and the norm of the gradients, where tensors lie as they were written, and as tfjs' sums left them. */
function optimizerCase(shape: readonly number[]): Case {
  return named(`Adam and norm of ${shape.join(' × ')}`, () => {
    const optimizer = adamW({ weightDecay: 0.1 });
    const [plain, given, gradient] = [wave(shape, 1), wave(shape, 2), wave(shape, 3, 10)];
    const summed = relu(given);
    const params = { plain, summed };
    const gradients = { plain: gradient, summed: given };
    const state = optimizer.init(params);
    const next = optimizer.update(gradients, state, params, {
      step: 3,
      learningRate: 0.1,
      gradientScale: 0.7,
    });
    const norm = globalNorm(gradients);
    dispose([plain, given, gradient, summed, ...namedParams(state).values()]);
    return new Map<string, Tensor>([...namedParams(next.params), ...namedParams(next.state), ['norm', norm]]);
  });
}

export const cases: readonly Case[] = [
  ...sizeCases('resize', resizeLinear, [
    [
      [2, 7, 5, 3],
      [4, 9],
    ],
    [
      [1, 1, 6, 2],
      [5, 1],
    ],
    [
      [2, 3, 1, 4, 2],
      [5, 2, 3],
    ],
  ]),
  ...sizeCases('average', applyAdaptiveAverage, [
    [
      [2, 7, 5, 3],
      [3, 8],
    ],
    [
      [1, 3, 1, 5, 2],
      [2, 2, 3],
    ],
  ]),
  warpCase(plane, 'linear', 'border'),
  warpCase(plane, 'linear', 'reflect'),
  warpCase(plane, 'nearest', 'zeros'),
  warpCase(volume, 'linear', 'zeros'),
  ...[[1, 1, 1, 2] as const, [2, 5, 3, 1] as const].map((shape) =>
    named(`leaky rectifier ${shape.join(' × ')}`, () =>
      probe({ x: shape }, ({ x }) => applyLeakyRelu(x!, 0.2)),
    ),
  ),
  ...[0.1, 1].map((slope) =>
    named(`convolution, slope ${slope}`, () =>
      probe({ x: [2, 9, 11, 2], kernel: [3, 3, 2, 3], bias: [3] }, ({ x, kernel, bias }) =>
        applyConvolution(x!, kernel!, bias!, slope),
      ),
    ),
  ),
  named('local correlation 3D', () =>
    probe({ moved: [2, 3, 4, 1, 1], fixed: [2, 3, 4, 1, 1] }, ({ moved, fixed }) =>
      localNccLoss(moved!, fixed!, { window: 3 }),
    ),
  ),
  layerCase(
    'hypernetwork',
    hypernetize(
      createNetwork('unet', { inChannels: 1, outChannels: 1, features: [2, 3], convolutionsPerStage: 1 }),
      { predict: 'convolutions', hidden: [5, 7] },
    ),
    [1, 5, 3, 1],
    setting(0.5),
  ),
  optimizerCase([1]),
  optimizerCase([7, 31]),
  optimizerCase([3, 3, 2, 5]),
  optimizerCase([3, 1, 3, 2, 5]),
];
