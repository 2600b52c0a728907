import {
  namedParams,
  networkAt,
  type ParamsOf,
  type PlainNetwork,
  requireIntegers,
  type SpecNode,
} from '@sshn/core';
import type { Tensor } from '@tensorflow/tfjs-core';
import type { Graph } from './graph.js';
import { type TraceOptions, trace } from './trace.js';

/** A plain network that becomes a file of another runtime. */
export interface ExportOptions<Specs extends SpecNode = SpecNode> extends PlainNetwork<Specs> {
  /** What follows the network in the same graph, such as the integration of a velocity field. @default nothing */
  readonly after?: (output: Tensor) => Tensor;
  /** Names of the one input and the one output. @default 'image' and 'logits' */
  readonly names?: { readonly input: string; readonly output: string };
  /** Texts that go into the file, such as preprocessing and label names as JSON. @default none */
  readonly metadata?: Readonly<Record<string, string>>;
}

/** What exporters read. */
export interface TracedNetwork {
  /** Of one image `[1, ...size, channels]`. */
  readonly graph: Graph;
  /** The same of several images: what differs in it depends on the batch. */
  readonly wide: Graph;
  /** By the names that parameters have in the graph. */
  readonly weights: ReadonlyMap<string, Float32Array>;
  readonly names: { readonly input: string; readonly output: string };
}

/**
 * Traces a plain network for an exporter, with what follows it, for one image and for several.
 *
 * @param where What errors name.
 * @throws {StructureError} if `params` do not fit the network. @throws {ValueError} if a size is not a positive integer.
 */
export async function traceNetwork<Specs extends SpecNode>(
  where: string,
  options: ExportOptions<Specs>,
  how: TraceOptions = {},
): Promise<TracedNetwork> {
  const { network, params, at, size, channels, after = (output) => output } = options;
  const { names = { input: 'image', output: 'logits' } } = options;
  requireIntegers(where, { channels });
  requireIntegers(`${where}: size`, Object.fromEntries(size.entries()));
  const weights = new Map<string, Float32Array>();
  for (const [path, tensor] of namedParams(params))
    weights.set(path, (await tensor.data<'float32'>()).slice());
  const traced = (batch: number): Graph =>
    trace(
      (placeholders: ParamsOf<Specs>, image: Tensor) => after(network.apply(placeholders, image, at)),
      [networkAt(network, at).specs, { shape: [batch, ...size, channels] }] as never,
      how,
    ).graph;
  return { graph: traced(1), wide: traced(3), weights, names };
}
