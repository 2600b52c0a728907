import type { GraphNode, GraphTensor } from '@sshn/trace';
import { type Converter, type Layout, toLayout } from '../converter.js';
import { inputsOf, numbers, type Operator, UnsupportedKernelError } from './operator.js';

export function concatenate(to: Converter, node: GraphNode): void {
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

/** Sizes that depend on the batch are left to the runtime; what changes no shape is left out, and keeps its layout. */
export function reshape(to: Converter, node: GraphNode): void {
  const [input] = inputsOf(node) as [GraphTensor];
  const [output] = node.outputs as [GraphTensor];
  const wide = to.wide.nodes[node.index]!;
  const [wideInput, wideOutput] = [inputsOf(wide)[0]!, wide.outputs[0]!];
  const sizes = output.shape.map((size, axis) => {
    if (size === wideOutput.shape[axis]) return size;
    const isCopied = size === input.shape[axis] && wideOutput.shape[axis] === wideInput.shape[axis];
    return isCopied ? 0 : -1;
  });
  const isSame = (a: readonly number[], b: readonly number[]) => a.join() === b.join();
  if (isSame(input.shape, output.shape) && isSame(wideInput.shape, wideOutput.shape)) {
    to.alias(output, input);
    return;
  }
  if (sizes.filter((size) => size === -1).length > 1)
    throw new UnsupportedKernelError(node.kernel, node.scope, 'at most one size that depends on the batch');
  to.set(output, 'last', to.emit('Reshape', [to.get(input, 'last'), to.integers(sizes)]));
}

export function slice(to: Converter, node: GraphNode): void {
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

export function pad(to: Converter, node: GraphNode): void {
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

export function reduce(operator: string): Operator {
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

export function product(to: Converter, node: GraphNode): void {
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
