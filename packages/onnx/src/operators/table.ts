import type { GraphNode } from '@sshn/trace';
import { concatenate, pad, product, reduce, reshape, slice } from './arrangement.js';
import { channelsLast, keepingLayout, numbers, type Operator, UnsupportedKernelError } from './operator.js';
import { resize, warp } from './sampling.js';
import { adaptiveAverage, adaptiveMaximum, convolution, stridedConvolution, window } from './windows.js';

/** The ONNX operators for each kernel of a trace. */
const operators: Readonly<Record<string, Operator>> = {
  Add: elementwise('Add'),
  Sub: elementwise('Sub'),
  Multiply: elementwise('Mul'),
  RealDiv: elementwise('Div'),
  Maximum: elementwise('Max'),
  Minimum: elementwise('Min'),
  Relu: elementwise('Relu'),
  Sigmoid: elementwise('Sigmoid'),
  Tanh: elementwise('Tanh'),
  Exp: elementwise('Exp'),
  Log: elementwise('Log'),
  Sqrt: elementwise('Sqrt'),
  Neg: elementwise('Neg'),
  Abs: elementwise('Abs'),
  Erf: elementwise('Erf'),
  Softplus: elementwise('Softplus'),
  Elu: elementwise('Elu'),
  LeakyRelu: keepingLayout((to, [x], node) =>
    to.emit('LeakyRelu', [x!], { alpha: { float: Number(node.attributes.alpha) } }),
  ),
  Rsqrt: keepingLayout((to, [x]) => to.emit('Reciprocal', [to.emit('Sqrt', [x!])])),
  Square: keepingLayout((to, [x]) => to.emit('Mul', [x!, x!])),
  AddN: keepingLayout((to, inputs) => to.emit('Sum', inputs)),
  Prelu: elementwise('PRelu'),
  Softmax: channelsLast((to, [x]) => to.emit('Softmax', [x!], { axis: -1 })),
  Concat: concatenate,
  Reshape: reshape,
  Transpose: channelsLast((to, [x], node) =>
    to.emit('Transpose', [x!], { perm: numbers(node.attributes.perm) }),
  ),
  Slice: slice,
  PadV2: pad,
  Mean: reduce('ReduceMean'),
  Sum: reduce('ReduceSum'),
  Max: reduce('ReduceMax'),
  BatchMatMul: product,
  Conv2D: stridedConvolution,
  Conv3D: stridedConvolution,
  AvgPool: window('AveragePool'),
  MaxPool: window('MaxPool'),
  SshnConv: convolution,
  SshnResize: resize,
  SshnAveragePool: adaptiveAverage,
  SshnMaximumPool: adaptiveMaximum,
  SshnWarp: warp,
};

function elementwise(operator: string): Operator {
  return keepingLayout((to, inputs) => to.emit(operator, inputs));
}

/** What computes a node in ONNX. @throws {UnsupportedKernelError} if nothing here does. */
export function operatorOf({ kernel, scope }: GraphNode): Operator {
  const operator = Object.hasOwn(operators, kernel) ? operators[kernel] : undefined;
  if (operator !== undefined) return operator;
  throw new UnsupportedKernelError(
    kernel,
    scope,
    `one of: ${Object.keys(operators).sort().join(', ')}. Compose the layer of those, or add an operator for it to @sshn/onnx`,
  );
}
