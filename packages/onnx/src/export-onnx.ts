import {
  type Module,
  namedParams,
  type ParamsOf,
  type Rescaling,
  requireIntegers,
  type SpecNode,
} from '@sshn/core';
import { trace } from '@sshn/trace';
import type { Tensor } from '@tensorflow/tfjs-core';
import { Converter } from './converter.js';
import { encodeOnnx } from './onnx-model.js';
import { operatorOf } from './operators/table.js';

/** What becomes an ONNX file. */
export interface OnnxOptions<Specs extends SpecNode> {
  /** From feature maps to feature maps: a network of @sshn/architectures, or any module made of layers. */
  readonly network: Module<Specs, Tensor, Tensor>;
  /** Of the plain network: `model.specialize(params, at)` gives them. They stay the caller's. */
  readonly params: ParamsOf<Specs>;
  /** The setting of the plain network. */
  readonly at: Rescaling;
  /** `[height, width]` or `[depth, height, width]` of the images, which the file is made for. */
  readonly size: readonly number[];
  /** Of the images. */
  readonly channels: number;
  /** What follows the network in the same graph, such as the integration of a velocity field. @default nothing */
  readonly after?: (output: Tensor) => Tensor;
  /** Names of the one input and the one output. @default 'image' and 'logits' */
  readonly names?: { readonly input: string; readonly output: string };
  /** Texts that go into the file, such as preprocessing and label names as JSON. @default none */
  readonly metadata?: Readonly<Record<string, string>>;
}

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
 * const plain = model.specialize(params, rescaling(0.25));
 * const bytes = await exportOnnx({ network: model.network, params: plain, at: rescaling(0.25), size: [128, 128], channels: 3 });
 * await writeFile('cells.onnx', bytes);
 */
export async function exportOnnx<Specs extends SpecNode>(options: OnnxOptions<Specs>): Promise<Uint8Array> {
  const { network, params, at, size, channels, metadata = {} } = options;
  const { after = (output) => output, names = { input: 'image', output: 'logits' } } = options;
  requireIntegers('exportOnnx', { channels });
  requireIntegers('exportOnnx: size', Object.fromEntries(size.entries()));
  const weights = new Map<string, Float32Array>();
  for (const [path, tensor] of namedParams(params))
    weights.set(path, (await tensor.data<'float32'>()).slice());
  const traced = (batch: number) =>
    trace((placeholders: ParamsOf<Specs>, image: Tensor) => after(network.apply(placeholders, image, at)), [
      network.specs,
      { shape: [batch, ...size, channels] },
    ] as never).graph;
  const graph = traced(1);
  const converter = new Converter(graph, traced(3), weights);
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
