import type { SpecNode } from '@sshn/core';
import { type ExportOptions, traceNetwork } from '@sshn/trace';
import { Converter } from './converter.js';
import { encodeOnnx } from './onnx-model.js';
import { operatorOf } from './operators/table.js';

/** The opset that files are written in; GridSample of volumes came with 20. */
const opsets = { usual: 18, volumesWarped: 20 };

/**
 * Exports a plain network at one setting as an ONNX file: one input `[batch, channels, ...size]`, one output of the same layout,
 * the batch free, float32. Operators are named after the modules they come from, weights after their paths.
 *
 * @throws {UnsupportedKernelError} if the network runs a kernel that has no counterpart. @throws {StructureError} if `params` do
 * not fit the network. @throws {ValueError} if a size is not a positive integer.
 * @returns the bytes of the file, opset 18, or 20 where volumes are warped; equal networks give equal bytes.
 * @example
 * const plain = model.specialize(params, setting(0.25));
 * const bytes = await exportOnnx({ network: model.network, params: plain, at: setting(0.25), size: [128, 128], channels: 3 });
 * await writeFile('cells.onnx', bytes);
 */
export async function exportOnnx<Specs extends SpecNode>(options: ExportOptions<Specs>): Promise<Uint8Array> {
  const { size, metadata = {} } = options;
  const { graph, wide, weights, names } = await traceNetwork('exportOnnx', options);
  const converter = new Converter(graph, wide, weights);
  const image = graph.leaves.find(({ origin }) => origin.kind === 'input')!;
  converter.set(image, 'first', names.input);
  for (const node of graph.nodes) {
    const operator = operatorOf(node);
    converter.enter(node);
    operator(converter, node);
  }
  const [{ tensor: result }] = graph.outputs as [(typeof graph.outputs)[number]];
  const last = converter.get(result, 'first');
  converter.nodes.push({
    operator: 'Identity',
    inputs: [last],
    output: names.output,
    name: names.output,
    attributes: {},
  });
  const shapeOf = (shape: readonly number[]) => ['batch', shape.at(-1)!, ...shape.slice(1, -1)];
  return encodeOnnx({
    opset:
      converter.nodes.some(({ operator }) => operator === 'GridSample') && size.length === 3
        ? opsets.volumesWarped
        : opsets.usual,
    name: 'sshn',
    nodes: converter.nodes,
    constants: converter.constants,
    inputs: [{ name: names.input, shape: shapeOf(image.shape) }],
    outputs: [{ name: names.output, shape: shapeOf(result.shape) }],
    metadata,
  });
}
