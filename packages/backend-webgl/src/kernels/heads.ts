import type { MathBackendWebGL } from '@tensorflow/tfjs-backend-webgl';
import {
  Concat,
  getBackend,
  getKernel,
  type NamedTensorInfoMap,
  type TensorInfo,
  util,
} from '@tensorflow/tfjs-core';
import { type FlatProgram, run } from './program.js';
import { weightedSums } from './sums.js';

const product: FlatProgram = {
  inputs: ['weight', 'base', 'gates', 'hidden'],
  integers: ['width', 'head'],
  floats: ['baseScale'],
  code: `
float valueAt(int index) {
  float total = 0.0;
  float gate = getGates(head);
  for (int k = 0; k < width; k++) total += getWeight(index * width + k) * (gate * getHidden(k));
  return total + baseScale * getBase(index);
}`,
};

const outer: FlatProgram = {
  inputs: ['dy', 'gates', 'hidden'],
  integers: ['width', 'head'],
  code: `
float valueAt(int index) {
  int row = index / width;
  return getDy(row) * (getGates(head) * getHidden(index - row * width));
}`,
};

/** Each row times hidden. */
const toGates: FlatProgram = {
  inputs: ['rows', 'hidden'],
  integers: ['width'],
  code: `
float valueAt(int index) {
  float total = 0.0;
  for (int k = 0; k < width; k++) total += getRows(index * width + k) * getHidden(k);
  return total;
}`,
};

type Inputs = Readonly<Record<string, TensorInfo>>;

/** Of each head weight · (gate · hidden) + scale · base. */
export function heads(
  backend: MathBackendWebGL,
  inputs: Inputs,
  baseScales: readonly number[],
): TensorInfo[] {
  const { gates, hidden } = inputs as { gates: TensorInfo; hidden: TensorInfo };
  return baseScales.map((baseScale, i) => {
    const [weight, base] = [inputs[`weight${i}`]!, inputs[`base${i}`]!];
    return run(backend, product, {
      inputs: [weight, base, gates, hidden],
      integers: [util.sizeFromShape(hidden.shape), i],
      floats: [baseScale],
      shape: base.shape,
    });
  });
}

/** The gradients to gates, to hidden, and to each weight. */
export function headsGradient(backend: MathBackendWebGL, inputs: Inputs): TensorInfo[] {
  const { gates, hidden } = inputs as { gates: TensorInfo; hidden: TensorInfo };
  const width = util.sizeFromShape(hidden.shape);
  const all = Array.from({ length: util.sizeFromShape(gates.shape) }, (_, i) => ({
    weight: inputs[`weight${i}`]!,
    dy: inputs[`dy${i}`]!,
  }));
  const each = all.map(
    ({ weight, dy }): TensorInfo => ({
      ...weightedSums(backend, weight, dy),
      shape: [1, width],
    }),
  );
  const { kernelFunc } = getKernel(Concat, getBackend())!;
  const rows = kernelFunc({
    inputs: each as unknown as NamedTensorInfoMap,
    backend,
    attrs: { axis: 0 },
  }) as TensorInfo;
  const toWeights = all.map(({ weight, dy }, i) =>
    run(backend, outer, { inputs: [dy, gates, hidden], integers: [width, i], shape: weight.shape }),
  );
  const gradients = [
    run(backend, toGates, { inputs: [rows, hidden], integers: [width], shape: gates.shape }),
    { ...weightedSums(backend, rows, gates), shape: hidden.shape },
  ];
  for (const scratch of [...each, rows]) backend.disposeIntermediateTensorInfo(scratch);
  return [...gradients, ...toWeights];
}
