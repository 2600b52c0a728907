import { SshnError } from '@sshn/core';
import type { GraphNode } from '@sshn/trace';
import type { GraphDef } from './graph-def.js';

/** A kernel of a trace that graph models have no operator for: names it and where it ran. */
export class UnsupportedKernelError extends SshnError {
  override readonly name = 'UnsupportedKernelError';
  constructor(
    readonly kernel: string,
    readonly scope: string,
  ) {
    super(
      `Graph model: got kernel '${kernel}' in ${scope === '' ? 'the network' : `'${scope}'`}, expected one of: ` +
        `${Object.keys(operators).sort().join(', ')}. Compose the layer of those, or add an operator for it to @sshn/graph-model.`,
    );
  }
}

/** A node of the trace, and the same of a larger batch: what differs between them depends on the batch. */
export interface Traced {
  readonly node: GraphNode;
  readonly wide: GraphNode;
}

/** Appends what computes a node's output, and gives the output's name. */
type Operator = (to: GraphDef, traced: Traced) => string;

/** The operator of TensorFlow for each kernel of tfjs. */
export const operators: Readonly<Record<string, Operator>> = {
  Add: same('AddV2'),
  Sub: same('Sub'),
  Multiply: same('Mul'),
  RealDiv: same('RealDiv'),
  Maximum: same('Maximum'),
  Minimum: same('Minimum'),
  Greater: same('Greater'),
  GreaterEqual: same('GreaterEqual'),
  Less: same('Less'),
  LessEqual: same('LessEqual'),
  LogicalAnd: same('LogicalAnd'),
  Relu: same('Relu'),
  Sigmoid: same('Sigmoid'),
  Tanh: same('Tanh'),
  Exp: same('Exp'),
  Log: same('Log'),
  Sqrt: same('Sqrt'),
  Rsqrt: same('Rsqrt'),
  Square: same('Square'),
  Neg: same('Neg'),
  Abs: same('Abs'),
  Erf: same('Erf'),
  Floor: same('Floor'),
  Softplus: same('Softplus'),
  Elu: same('Elu'),
  Prelu: same('Prelu'),
  AddN: same('AddN'),
  Softmax: same('Softmax'),
  LeakyRelu: (to, { node }) =>
    to.emit(node, 'LeakyRelu', to.inputsOf(node), { alpha: { f: Number(node.attributes.alpha) } }),
  Cast: (to, { node }) => to.emit(node, 'Cast', to.inputsOf(node), { DstT: to.type(node.outputs[0]!.dtype) }),
  ClipByValue: (to, { node }) => {
    const { clipValueMin, clipValueMax } = node.attributes;
    const limits = [clipValueMin, clipValueMax].map((limit) => to.constant([Number(limit)], [], 'float32'));
    return to.emit(node, 'ClipByValue', [...to.inputsOf(node), ...limits]);
  },
  Concat: (to, { node }) => {
    const inputs = to.inputsOf(node);
    const axis = to.constant([Number(node.attributes.axis)], [], 'int32');
    return to.emit(node, 'ConcatV2', [...inputs, axis], { N: { i: inputs.length } });
  },
  Reshape: (to, { node, wide }) => {
    const sizes = to.sizes(node.outputs[0]!.shape, wide.outputs[0]!.shape);
    return to.emit(node, 'Reshape', [...to.inputsOf(node), to.integers(sizes)]);
  },
  Transpose: (to, { node }) =>
    to.emit(node, 'Transpose', [...to.inputsOf(node), to.integers(numbers(node.attributes.perm))]),
  Slice: (to, { node, wide }) => {
    const sizes = to.sizes(node.outputs[0]!.shape, wide.outputs[0]!.shape);
    const begin = to.integers(numbers(node.attributes.begin));
    return to.emit(node, 'Slice', [...to.inputsOf(node), begin, to.integers(sizes)]);
  },
  PadV2: (to, { node }) => {
    const { paddings, constantValue } = node.attributes as unknown as {
      readonly paddings: ReadonlyArray<readonly [number, number]>;
      readonly constantValue?: number;
    };
    const pairs = to.constant(paddings.flat(), [paddings.length, 2], 'int32');
    const value = to.constant([constantValue ?? 0], [], 'float32');
    return to.emit(node, 'PadV2', [...to.inputsOf(node), pairs, value]);
  },
  Mean: reduction('Mean'),
  Sum: reduction('Sum'),
  Max: reduction('Max'),
  BatchMatMul: (to, { node }) =>
    to.emit(node, 'BatchMatMulV2', to.inputsOf(node), {
      adj_x: { b: node.attributes.transposeA === true },
      adj_y: { b: node.attributes.transposeB === true },
    }),
  Conv2D: window('Conv2D'),
  Conv3D: window('Conv3D'),
  AvgPool: window('AvgPool'),
  MaxPool: window('MaxPool'),
  GatherV2: (to, { node }) => {
    const axis = to.constant([Number(node.attributes.axis)], [], 'int32');
    const batchDims = Number(node.attributes.batchDims ?? 0);
    return to.emit(node, 'GatherV2', [...to.inputsOf(node), axis], { batch_dims: { i: batchDims } });
  },
  /** Its values are known: a list that counts up. */
  Range: (to, { node }) => {
    const { start, stop, step, dtype } = node.attributes as unknown as Record<
      'start' | 'stop' | 'step',
      number
    > & {
      readonly dtype: 'float32' | 'int32';
    };
    const count = Math.max(0, Math.ceil((stop - start) / step));
    return to.constant(
      Array.from({ length: count }, (_, i) => start + i * step),
      [count],
      dtype,
    );
  },
};

function same(operator: string): Operator {
  return (to, { node }) => to.emit(node, operator, to.inputsOf(node));
}

function reduction(operator: string): Operator {
  return (to, { node }) => {
    const [input] = Object.values(node.inputs) as [GraphNode['outputs'][number]];
    const { axis = node.attributes.reductionIndices, keepDims } = node.attributes;
    const axes = axis == null ? input.shape.map((_, i) => i) : [axis].flat().map(Number);
    const keeps = keepDims === true || node.outputs[0]!.shape.length === input.shape.length;
    return to.emit(node, operator, [...to.inputsOf(node), to.integers(axes)], { keep_dims: { b: keeps } });
  };
}

/** Convolutions and pooling, of feature maps with channels last. */
function window(operator: string): Operator {
  return (to, { node }) => {
    const { strides, dilations, filterSize, pad } = node.attributes;
    if (pad !== 'valid' && pad !== 'same')
      throw new UnsupportedKernelError(`${node.kernel} with padding`, node.scope);
    const rank = node.outputs[0]!.shape.length - 2;
    const spread = (value: unknown) => {
      const each = typeof value === 'number' ? Array<number>(rank).fill(value) : numbers(value).slice(-rank);
      return { list: { i: [1, ...each, 1] } };
    };
    return to.emit(node, operator, to.inputsOf(node), {
      strides: spread(strides),
      padding: to.word(pad === 'valid' ? 'VALID' : 'SAME'),
      data_format: to.word(rank === 2 ? 'NHWC' : 'NDHWC'),
      ...(filterSize === undefined ? {} : { ksize: spread(filterSize) }),
      ...(dilations == null ? {} : { dilations: spread(dilations) }),
    });
  };
}

function numbers(value: unknown): number[] {
  return typeof value === 'number' ? [value] : [...(value as Iterable<number>)];
}
