import { SshnError } from '@sshn/core';
import type { GraphNode, GraphTensor } from '@sshn/trace';
import { type Converter, type Layout, toLayout } from './converter.js';

/** A kernel of a trace that has no counterpart here: names it and where it ran. */
export class UnsupportedKernelError extends SshnError {
  override readonly name = 'UnsupportedKernelError';
  constructor(
    readonly kernel: string,
    readonly scope: string,
    detail = '',
  ) {
    super(
      `ONNX export: got kernel '${kernel}' in ${scope === '' ? 'the network' : `'${scope}'`}${detail}, expected one of: ` +
        `${Object.keys(operators).sort().join(', ')}. Compose the layer of those, or add an operator for it to @sshn/onnx.`,
    );
  }
}

/** Appends what computes a node's output. */
type Operator = (to: Converter, node: GraphNode) => void;

/** The ONNX operators for each kernel of a trace. */
export const operators: Readonly<Record<string, Operator>> = {
  Add: binary('Add'),
  Sub: binary('Sub'),
  Multiply: binary('Mul'),
  RealDiv: binary('Div'),
  Maximum: binary('Max'),
  Minimum: binary('Min'),
  Relu: unary('Relu'),
  Sigmoid: unary('Sigmoid'),
  Tanh: unary('Tanh'),
  Exp: unary('Exp'),
  Log: unary('Log'),
  Sqrt: unary('Sqrt'),
  Neg: unary('Neg'),
  Abs: unary('Abs'),
  Erf: unary('Erf'),
  Softplus: unary('Softplus'),
  Elu: unary('Elu'),
  LeakyRelu: keepingLayout((to, [x], node) =>
    to.emit('LeakyRelu', [x!], { alpha: { float: Number(node.attributes.alpha) } }),
  ),
  Rsqrt: keepingLayout((to, [x]) => to.emit('Reciprocal', [to.emit('Sqrt', [x!])])),
  Square: keepingLayout((to, [x]) => to.emit('Mul', [x!, x!])),
  AddN: keepingLayout((to, inputs) => to.emit('Sum', inputs)),
  Prelu: binary('PRelu'),
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

function numbers(value: unknown): number[] {
  return [...(value as ArrayLike<number> & Iterable<number>)];
}

function inputsOf(node: GraphNode): GraphTensor[] {
  return Object.values(node.inputs);
}

/** Computes in the layout in which all feature maps among the inputs are. */
function keepingLayout(compute: (to: Converter, inputs: string[], node: GraphNode) => string): Operator {
  return (to, node) => {
    const inputs = inputsOf(node);
    const output = node.outputs[0]!;
    const sameShape = inputs.every(
      ({ shape }) => shape.join() === output.shape.join() || shape.every((size) => size === 1),
    );
    const maps = inputs.filter(({ shape }) => shape.length >= 4);
    const layout: Layout =
      sameShape && maps.length > 0 && maps.every((map) => to.has(map, 'first')) ? 'first' : 'last';
    to.set(
      output,
      layout,
      compute(
        to,
        inputs.map((input) => to.get(input, layout)),
        node,
      ),
    );
  };
}

function channelsLast(compute: (to: Converter, inputs: string[], node: GraphNode) => string): Operator {
  return (to, node) =>
    to.set(
      node.outputs[0]!,
      'last',
      compute(
        to,
        inputsOf(node).map((input) => to.get(input, 'last')),
        node,
      ),
    );
}

function unary(operator: string): Operator {
  return keepingLayout((to, inputs) => to.emit(operator, inputs));
}

function binary(operator: string): Operator {
  return keepingLayout((to, inputs) => to.emit(operator, inputs));
}

function concatenate(to: Converter, node: GraphNode): void {
  const inputs = inputsOf(node);
  const [output] = node.outputs as [GraphTensor];
  const axis = Number(node.attributes.axis);
  const layout: Layout =
    inputs.every((input) => to.has(input, 'first')) && output.shape.length >= 4 ? 'first' : 'last';
  const moved = layout === 'first' ? toLayout('first', output.shape.length).indexOf(axis) : axis;
  to.set(
    output,
    layout,
    to.emit(
      'Concat',
      inputs.map((input) => to.get(input, layout)),
      { axis: moved },
    ),
  );
}

/** Sizes that depend on the batch are left to the runtime. */
function reshape(to: Converter, node: GraphNode): void {
  const [input] = inputsOf(node) as [GraphTensor];
  const [output] = node.outputs as [GraphTensor];
  const wide = to.wide.nodes[node.index]!;
  const [wideInput, wideOutput] = [inputsOf(wide)[0]!, wide.outputs[0]!];
  const sizes = output.shape.map((size, axis) => {
    if (size === wideOutput.shape[axis]) return size;
    const isCopied = size === input.shape[axis] && wideOutput.shape[axis] === wideInput.shape[axis];
    return isCopied ? 0 : -1;
  });
  if (sizes.filter((size) => size === -1).length > 1)
    throw new UnsupportedKernelError(node.kernel, node.scope, ' with two sizes that depend on the batch');
  to.set(output, 'last', to.emit('Reshape', [to.get(input, 'last'), to.integers(sizes)]));
}

function slice(to: Converter, node: GraphNode): void {
  const [input] = inputsOf(node) as [GraphTensor];
  const [output] = node.outputs as [GraphTensor];
  const begin = numbers(node.attributes.begin);
  const axes = output.shape.flatMap((size, axis) => (size === input.shape[axis] ? [] : [axis]));
  const starts = axes.map((axis) => begin[axis]!);
  const ends = axes.map((axis, i) => starts[i]! + output.shape[axis]!);
  const name = to.get(input, 'last');
  to.set(
    output,
    'last',
    axes.length === 0
      ? to.emit('Identity', [name])
      : to.emit('Slice', [name, to.integers(starts), to.integers(ends), to.integers(axes)]),
  );
}

function pad(to: Converter, node: GraphNode): void {
  const [input] = inputsOf(node) as [GraphTensor];
  const [output] = node.outputs as [GraphTensor];
  const paddings = node.attributes.paddings as unknown as ReadonlyArray<readonly [number, number]>;
  const layout: Layout = to.has(input, 'first') && input.shape.length >= 4 ? 'first' : 'last';
  const order =
    layout === 'first' ? toLayout('first', input.shape.length) : input.shape.map((_, axis) => axis);
  const pads = [0, 1].flatMap((side) => order.map((axis) => paddings[axis]![side as 0 | 1]));
  const value = to.floats([Number(node.attributes.constantValue ?? 0)], []);
  to.set(output, layout, to.emit('Pad', [to.get(input, layout), to.integers(pads), value]));
}

function reduce(operator: string): Operator {
  return (to, node) => {
    const [input] = inputsOf(node) as [GraphTensor];
    const [output] = node.outputs as [GraphTensor];
    const attribute = node.attributes.axis ?? node.attributes.reductionIndices;
    const axes =
      attribute === undefined || attribute === null
        ? input.shape.map((_, axis) => axis)
        : [attribute].flat().map(Number);
    const keepdims = node.attributes.keepDims === true || output.shape.length === input.shape.length ? 1 : 0;
    to.set(output, 'last', to.emit(operator, [to.get(input, 'last'), to.integers(axes)], { keepdims }));
  };
}

function product(to: Converter, node: GraphNode): void {
  const { a, b } = node.inputs as { a: GraphTensor; b: GraphTensor };
  const operand = (tensor: GraphTensor, isTransposed: unknown): string => {
    const name = to.get(tensor, 'last');
    if (isTransposed !== true) return name;
    const axes = tensor.shape.map((_, axis) => axis);
    return to.emit('Transpose', [name], { perm: [...axes.slice(0, -2), axes.at(-1)!, axes.at(-2)!] });
  };
  const names = [operand(a, node.attributes.transposeA), operand(b, node.attributes.transposeB)];
  to.set(node.outputs[0]!, 'last', to.emit('MatMul', names));
}

/** A kernel `[...spatial, in, out]` as ONNX has it, `[out, in, ...spatial]`. */
function kernelOf(to: Converter, kernel: GraphTensor): string {
  const rank = kernel.shape.length;
  const perm = [rank - 1, rank - 2, ...Array.from({ length: rank - 2 }, (_, i) => i)];
  const values = to.valuesOf(kernel);
  const name = kernel.origin.kind === 'parameter' ? kernel.origin.name : 'kernel';
  if (values === undefined) return to.emit('Transpose', [to.get(kernel, 'last')], { perm });
  const spatial = kernel.shape.slice(0, -2).reduce((count, size) => count * size, 1);
  const [inputs, outputs] = kernel.shape.slice(-2) as [number, number];
  const moved = new Float32Array(values.length);
  for (let s = 0; s < spatial; s++) {
    for (let i = 0; i < inputs; i++) {
      for (let o = 0; o < outputs; o++)
        moved[(o * inputs + i) * spatial + s] = values[(s * inputs + i) * outputs + o]!;
    }
  }
  return to.floats(
    moved,
    perm.map((axis) => kernel.shape[axis]!),
    name,
  );
}

function convolution(to: Converter, node: GraphNode): void {
  const { x, kernel, bias } = node.inputs as { x: GraphTensor; kernel: GraphTensor; bias: GraphTensor };
  const size = kernel.shape.slice(0, -2);
  const pads = [...size.map((n) => Math.floor((n - 1) / 2)), ...size.map((n) => Math.ceil((n - 1) / 2))];
  const linear = to.emit('Conv', [to.get(x, 'first'), kernelOf(to, kernel), to.get(bias, 'last')], {
    kernel_shape: size,
    pads,
  });
  const slope = Number(node.attributes.slope);
  const y =
    slope === 1
      ? linear
      : slope === 0
        ? to.emit('Relu', [linear])
        : to.emit('LeakyRelu', [linear], { alpha: { float: slope } });
  to.set(node.outputs[0]!, 'first', y);
}

function stridedConvolution(to: Converter, node: GraphNode): void {
  const { x, filter } = node.inputs as { x: GraphTensor; filter: GraphTensor };
  const { strides, dilations, pad: padding } = node.attributes;
  const size = filter.shape.slice(0, -2);
  const spread = (value: unknown): number[] =>
    typeof value === 'number' ? size.map(() => value) : numbers(value).slice(-size.length);
  if (padding !== 'valid' && padding !== 'same')
    throw new UnsupportedKernelError(node.kernel, node.scope, ` with padding ${JSON.stringify(padding)}`);
  to.set(
    node.outputs[0]!,
    'first',
    to.emit('Conv', [to.get(x, 'first'), kernelOf(to, filter)], {
      kernel_shape: size,
      strides: spread(strides),
      dilations: spread(dilations ?? 1),
      auto_pad: padding === 'valid' ? 'VALID' : 'SAME_UPPER',
    }),
  );
}

function window(operator: string): Operator {
  return (to, node) => {
    const [x] = inputsOf(node) as [GraphTensor];
    const { filterSize, strides, pad: padding } = node.attributes;
    const spread = (value: unknown): number[] =>
      typeof value === 'number' ? [value, value] : numbers(value);
    to.set(
      node.outputs[0]!,
      'first',
      to.emit(operator, [to.get(x, 'first')], {
        kernel_shape: spread(filterSize),
        strides: spread(strides),
        auto_pad: padding === 'valid' ? 'VALID' : 'SAME_UPPER',
      }),
    );
  };
}

/** By scales, since sizes would fix the batch. */
function resize(to: Converter, node: GraphNode): void {
  const [x] = inputsOf(node) as [GraphTensor];
  const scales = numbers(node.attributes.size).map((n, axis) => scaleOf(x.shape[axis + 1]!, n));
  to.set(
    node.outputs[0]!,
    'first',
    to.emit('Resize', [to.get(x, 'first'), '', to.floats([1, 1, ...scales], [scales.length + 2])], {
      mode: 'linear',
      coordinate_transformation_mode: 'half_pixel',
    }),
  );
}

/** The least 32-bit scale near `size / from` of which runtimes make `size`: they round `from · scale` down, in 32 or 64 bits. */
function scaleOf(from: number, size: number): number {
  let scale = Math.fround(size / from);
  while (Math.floor(from * scale) < size) scale = Math.fround(scale * (1 + 2 ** -23));
  return scale;
}

/** First and last + 1 of each adaptive window: ⌊i·n/m⌋ … ⌈(i+1)·n/m⌉ − 1. */
function windowsOf(from: number, to: number): Array<readonly [first: number, end: number]> {
  return Array.from(
    { length: to },
    (_, i) => [Math.floor((i * from) / to), Math.ceil(((i + 1) * from) / to)] as const,
  );
}

/** Means over adaptive windows are a product with a matrix along each axis. */
function adaptiveAverage(to: Converter, node: GraphNode): void {
  const [x] = inputsOf(node) as [GraphTensor];
  const size = numbers(node.attributes.size);
  let name = to.get(x, 'first');
  const current = x.shape.slice(1, -1);
  const channels = x.shape.at(-1)!;
  for (const [axis, n] of size.entries()) {
    const from = current[axis]!;
    if (from === n) continue;
    const matrix = new Float32Array(n * from);
    for (const [i, [first, end]] of windowsOf(from, n).entries())
      matrix.fill(1 / (end - first), i * from + first, i * from + end);
    // [batch, channels · before, from, after]: the axis comes last but one.
    const before = current.slice(0, axis).reduce((count, m) => count * m, channels);
    const after = current.slice(axis + 1).reduce((count, m) => count * m, 1);
    const flat = to.emit('Reshape', [name, to.integers([0, before, from, after])]);
    const mixed = to.emit('MatMul', [to.floats(matrix, [n, from], 'windows'), flat]);
    current[axis] = n;
    name = to.emit('Reshape', [mixed, to.integers([0, channels, ...current])]);
  }
  to.set(node.outputs[0]!, 'first', name);
}

/** Maxima over adaptive windows: along each axis the largest of the first, second, … pixel of every window. */
function adaptiveMaximum(to: Converter, node: GraphNode): void {
  const [x] = inputsOf(node) as [GraphTensor];
  let name = to.get(x, 'first');
  for (const [axis, n] of numbers(node.attributes.size).entries()) {
    const from = x.shape[axis + 1]!;
    if (from === n) continue;
    if (n === 1) {
      name = to.emit('ReduceMax', [name, to.integers([axis + 2])], { keepdims: 1 });
      continue;
    }
    const windows = windowsOf(from, n);
    const longest = Math.max(...windows.map(([first, end]) => end - first));
    const picked = Array.from({ length: longest }, (_, k) =>
      to.emit('Gather', [name, to.integers(windows.map(([first, end]) => Math.min(first + k, end - 1)))], {
        axis: axis + 2,
      }),
    );
    name = to.emit('Max', picked);
  }
  to.set(node.outputs[0]!, 'first', name);
}

/** Places in voxels, x last, become places in [−1, 1], x first, where −1 and 1 are the borders of the image. */
function warp(to: Converter, node: GraphNode): void {
  const { image, field } = node.inputs as { image: GraphTensor; field: GraphTensor };
  const grid = field.shape.slice(1, -1);
  const rank = grid.length;
  const size = image.shape.slice(1, -1);
  const places: number[] = [];
  const count = grid.reduce((product, n) => product * n, 1);
  for (let i = 0; i < count; i++) {
    let rest = i;
    const place = grid.map(() => 0);
    for (let axis = rank - 1; axis >= 0; axis--) {
      place[axis] = rest % grid[axis]!;
      rest = Math.floor(rest / grid[axis]!);
    }
    places.push(...place);
  }
  const at = to.emit('Add', [to.get(field, 'last'), to.floats(places, [1, ...grid, rank], 'places')]);
  const scaled = to.emit('Mul', [
    at,
    to.floats(
      size.map((n) => 2 / n),
      [rank],
    ),
  ]);
  const centered = to.emit('Add', [
    scaled,
    to.floats(
      size.map((n) => 1 / n - 1),
      [rank],
    ),
  ]);
  const reversed = to.emit(
    'Gather',
    [centered, to.integers(Array.from({ length: rank }, (_, i) => rank - 1 - i))],
    {
      axis: rank + 1,
    },
  );
  const { interpolation, padding } = node.attributes;
  to.set(
    node.outputs[0]!,
    'first',
    to.emit('GridSample', [to.get(image, 'first'), reversed], {
      // The word changed with the opset that brought volumes.
      mode: interpolation === 'nearest' ? 'nearest' : rank === 3 ? 'linear' : 'bilinear',
      padding_mode: padding === 'border' ? 'border' : 'zeros',
      align_corners: 0,
    }),
  );
}
