import {
  AvgPool,
  AvgPool3D,
  AvgPool3DGrad,
  AvgPoolGrad,
  engine,
  type GradConfig,
  MaxPool,
  MaxPool3D,
  MaxPool3DGrad,
  MaxPoolGrad,
  type NamedAttrMap,
  type Tensor,
} from '@tensorflow/tfjs-core';
import { entry } from './entry.js';

const run = (kernel: string, inputs: { [name: string]: Tensor }, attributes: NamedAttrMap): Tensor =>
  engine().runKernel(kernel, inputs, attributes);

const maximum = (kernel: string, gradient: string): GradConfig =>
  entry<NamedAttrMap>(kernel, {
    save: ['x'],
    saveOutput: true,
    gradients: (dy, [input, output], attributes) => ({
      x: () => run(gradient, { dy, input: input!, output: output! }, attributes),
    }),
  });

const average = (kernel: string, gradient: string): GradConfig =>
  entry<NamedAttrMap>(kernel, {
    save: ['x'],
    gradients: (dy, [input], attributes) => ({ x: () => run(gradient, { dy, input: input! }, attributes) }),
  });

/** Pooling, by the backend's own gradient kernels. */
export const pooling: readonly GradConfig[] = [
  maximum(MaxPool, MaxPoolGrad),
  maximum(MaxPool3D, MaxPool3DGrad),
  average(AvgPool, AvgPoolGrad),
  average(AvgPool3D, AvgPool3DGrad),
];
