import type { MathBackendWebGL } from '@tensorflow/tfjs-backend-webgl';
import type { TensorInfo } from '@tensorflow/tfjs-core';
import { type FlatProgram, run } from './program.js';

const product: FlatProgram = {
  inputs: ['weight', 'hidden'],
  integers: ['width'],
  code: `
float valueAt(int index) {
  float total = 0.0;
  for (int k = 0; k < width; k++) total += getWeight(index * width + k) * getHidden(k);
  return total;
}`,
};

const outer: FlatProgram = {
  inputs: ['dy', 'hidden'],
  integers: ['width'],
  code: `
float valueAt(int index) {
  int row = index / width;
  return getDy(row) * getHidden(index - row * width);
}`,
};

/** weight `[outputs, width]` · hidden `[width]`. */
export function head(backend: MathBackendWebGL, weight: TensorInfo, hidden: TensorInfo): TensorInfo {
  const [outputs, width] = weight.shape as [number, number];
  return run(backend, product, { inputs: [weight, hidden], integers: [width], shape: [outputs] });
}

/** Gradient to the weight: the outer product of dy `[outputs]` and hidden `[width]`. */
export function headGradWeight(backend: MathBackendWebGL, dy: TensorInfo, hidden: TensorInfo): TensorInfo {
  const [outputs, width] = [dy.shape[0]!, hidden.shape[0]!];
  return run(backend, outer, { inputs: [dy, hidden], integers: [width], shape: [outputs, width] });
}
