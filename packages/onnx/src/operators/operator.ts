import { SshnError } from '@sshn/core';
import type { GraphNode, GraphTensor } from '@sshn/trace';
import type { Converter, Layout } from '../converter.js';

/** A kernel of a trace that has no counterpart here: names it and where it ran. */
export class UnsupportedKernelError extends SshnError {
  override readonly name = 'UnsupportedKernelError';
  constructor(
    readonly kernel: string,
    readonly scope: string,
    expected: string,
  ) {
    super(
      `ONNX export: got kernel '${kernel}' in ${scope === '' ? 'the network' : `'${scope}'`}, expected ${expected}.`,
    );
  }
}

/** Appends what computes a node's output. */
export type Operator = (to: Converter, node: GraphNode) => void;

export function numbers(value: unknown): number[] {
  return [...(value as ArrayLike<number> & Iterable<number>)];
}

export function inputsOf(node: GraphNode): GraphTensor[] {
  return Object.values(node.inputs);
}

/** Computes in the layout in which all inputs of the output's size are. */
export function keepingLayout(
  compute: (to: Converter, inputs: string[], node: GraphNode) => string,
): Operator {
  return (to, node) => {
    const inputs = inputsOf(node);
    const output = node.outputs[0]!;
    const { length: rank } = output.shape;
    const isAlike = inputs.every(({ shape }) => shape.length === rank || shape.every((size) => size === 1));
    // A small one that is repeated over the others, as the gates of features, is moved to where these are.
    const whole = inputs.filter(({ shape }) => shape.length >= 4 && shape.join() === output.shape.join());
    const layout: Layout =
      isAlike && whole.length > 0 && whole.every((map) => to.has(map, 'first')) ? 'first' : 'last';
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

export function channelsLast(
  compute: (to: Converter, inputs: string[], node: GraphNode) => string,
): Operator {
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
