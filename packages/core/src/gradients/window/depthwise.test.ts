import { describeGradients, distinct, type GradientCase, useBackend } from '@sshn-internal/testing';
import { depthwiseConv2d, grads, sum, type Tensor, type Tensor4D } from '@tensorflow/tfjs-core';
import { describe, expect, test } from 'vitest';
import { CapabilityError, ValueError } from '../../errors.js';
import { registerGradients } from '../register.js';

describeGradients(
  (['same', 'valid'] as const).flatMap((pad) =>
    [1, 2].map(
      (stride): GradientCase => [
        `depthwiseConv2d, stride ${stride}, pad ${pad}`,
        (x, kernel) => depthwiseConv2d(x as Tensor4D, kernel as Tensor4D, stride, pad),
        () => [distinct([2, 5, 4, 2]), distinct([3, 3, 2, 2])],
        // Stock wasm lacks the kernels; @sshn/backend-wasm brings and tests them.
        ['cpu'],
      ],
    ),
  ),
  registerGradients,
);

describe('refusals', () => {
  const gradientsOf = (dilation: number) => () =>
    grads((x: Tensor, kernel: Tensor) =>
      sum(depthwiseConv2d(x as Tensor4D, kernel as Tensor4D, 1, 'same', 'NHWC', dilation)),
    )([distinct([1, 5, 4, 2]), distinct([3, 3, 2, 1])]);

  test('a backend without the kernels is named with the way out', async () => {
    await useBackend('wasm');
    registerGradients();
    expect(gradientsOf(1)).toThrow(CapabilityError);
    expect(gradientsOf(1)).toThrow(
      "Backend 'wasm' lacks kernels:\n" +
        '  gradients of depthwise convolutions: DepthwiseConv2dNativeBackpropInput\n' +
        "Call useFastWasm() from '@sshn/backend-wasm'.",
    );
  });

  test('dilations, which the kernels would silently ignore', async () => {
    await useBackend('cpu');
    registerGradients();
    expect(gradientsOf(2)).toThrow(ValueError);
    expect(gradientsOf(2)).toThrow('gradient of depthwiseConv2d: dilations: got 2, expected 1.');
  });
});
