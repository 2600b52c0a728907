import type { GraphNode, GraphTensor } from '@sshn/trace';
import type { Converter } from '../converter.js';
import { inputsOf, numbers, type Operator, UnsupportedKernelError } from './operator.js';

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

export function convolution(to: Converter, node: GraphNode): void {
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

export function stridedConvolution(to: Converter, node: GraphNode): void {
  const { x, filter } = node.inputs as { x: GraphTensor; filter: GraphTensor };
  const { strides, dilations, pad: padding } = node.attributes;
  const size = filter.shape.slice(0, -2);
  const spread = (value: unknown): number[] =>
    typeof value === 'number' ? size.map(() => value) : numbers(value).slice(-size.length);
  if (padding !== 'valid' && padding !== 'same')
    throw new UnsupportedKernelError(
      node.kernel,
      node.scope,
      `padding 'valid' or 'same', not ${JSON.stringify(padding)}`,
    );
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

export function window(operator: string): Operator {
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

/** First and last + 1 of each adaptive window: ⌊i·n/m⌋ … ⌈(i+1)·n/m⌉ − 1. */
function windowsOf(from: number, to: number): Array<readonly [first: number, end: number]> {
  return Array.from(
    { length: to },
    (_, i) => [Math.floor((i * from) / to), Math.ceil(((i + 1) * from) / to)] as const,
  );
}

/** Means over adaptive windows are a product with a matrix along each axis. */
export function adaptiveAverage(to: Converter, node: GraphNode): void {
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
export function adaptiveMaximum(to: Converter, node: GraphNode): void {
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
