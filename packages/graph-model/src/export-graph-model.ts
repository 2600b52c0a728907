import type { SpecNode } from '@sshn/core';
import {
  type ExportOptions,
  type Graph,
  type GraphTensor,
  type TracedNetwork,
  traceNetwork,
} from '@sshn/trace';
import type { io } from '@tensorflow/tfjs-core';
import { FixedBatch, GraphDef, shapeDef } from './graph-def.js';
import { operators, UnsupportedKernelError } from './operators.js';

/**
 * Exports a plain network at one setting as a graph model of TensorFlow.js: operators of tfjs alone, so that
 * `tf.loadGraphModel` opens it without any package of ours, on every backend.
 *
 * One input `[batch, ...size, channels]` and one output in the same layout, float32. The batch is free; where the graph depends
 * on it, as the look-ups of an integrated field do, it is 1.
 *
 * @throws {UnsupportedKernelError} if the network runs a kernel that has no counterpart. @throws {ValueError} if a size is not a
 * positive integer.
 * @returns the model in memory, for `io.fromMemory`, or for `graphModelFiles`; equal networks give equal bytes.
 * @example
 * const plain = model.specialize(params, setting(0.25));
 * const artifacts = await exportGraphModel({ network: model.network, params: plain, at: setting(0.25), size: [128, 128], channels: 3 });
 * const loaded = await loadGraphModel(io.fromMemory(artifacts));   // from @tensorflow/tfjs-converter
 */
export async function exportGraphModel<Specs extends SpecNode>(
  options: ExportOptions<Specs>,
): Promise<io.ModelArtifacts> {
  const traced = await traceNetwork('exportGraphModel', options, { kernels: 'stock' });
  try {
    if (isTiedToBatch(traced.graph, traced.wide)) throw new FixedBatch();
    return artifactsOf(traced, options.metadata, true);
  } catch (error) {
    if (!(error instanceof FixedBatch)) throw error;
    return artifactsOf({ ...traced, wide: traced.graph }, options.metadata, false);
  }
}

/** Largest weight file: what browsers keep in their caches. */
const shardBytes = 4 * 2 ** 20;

/**
 * The files of a graph model: `model.json`, and weights in shards of 4 MiB beside it. Serve or store them in one folder;
 * `tf.loadGraphModel` opens `model.json`.
 *
 * @param artifacts As `exportGraphModel` gives them.
 * @returns file names and contents, `model.json` last, so that what is half written does not open.
 */
export function graphModelFiles(artifacts: io.ModelArtifacts): ReadonlyMap<string, Uint8Array> {
  const { weightData, weightSpecs, ...model } = artifacts;
  const bytes = new Uint8Array(weightData as ArrayBuffer);
  const count = Math.max(1, Math.ceil(bytes.length / shardBytes));
  const paths = Array.from({ length: count }, (_, i) => `group1-shard${i + 1}of${count}.bin`);
  const files = new Map(
    paths.map((path, i) => [path, bytes.subarray(i * shardBytes, (i + 1) * shardBytes)] as const),
  );
  const json = { ...model, weightsManifest: [{ paths, weights: weightSpecs }] };
  return files.set('model.json', new TextEncoder().encode(JSON.stringify(json)));
}

function artifactsOf(
  { graph, wide, weights, names }: TracedNetwork,
  metadata: ExportOptions['metadata'],
  isBatchFree: boolean,
): io.ModelArtifacts {
  const to = new GraphDef(isBatchFree);
  const withBatch = ([batch, ...rest]: readonly number[]) => [isBatchFree ? -1 : batch!, ...rest];
  for (const leaf of graph.leaves) to.set(leaf, leafOf(to, leaf, weights, names.input, withBatch));
  for (const node of graph.nodes) {
    const operator = Object.hasOwn(operators, node.kernel) ? operators[node.kernel] : undefined;
    if (operator === undefined) throw new UnsupportedKernelError(node.kernel, node.scope);
    to.set(node.outputs[0]!, operator(to, { node, wide: wide.nodes[node.index]! }));
  }
  const [{ tensor: result }] = graph.outputs as [Graph['outputs'][number]];
  to.nodes.push({
    name: names.output,
    op: 'Identity',
    input: [to.get(result)!],
    attr: { T: to.type('float32') },
  });
  const image = graph.leaves.find(({ origin }) => origin.kind === 'input')!;
  const signed = (name: string, shape: readonly number[]) => ({
    [name]: { name: `${name}:0`, dtype: 'DT_FLOAT', tensorShape: shapeDef(withBatch(shape)) },
  });
  const weightData = new Uint8Array(to.weights.reduce((sum, { length }) => sum + length, 0));
  let offset = 0;
  for (const bytes of to.weights) {
    weightData.set(bytes, offset);
    offset += bytes.length;
  }
  return {
    format: 'graph-model',
    generatedBy: '@sshn/graph-model',
    convertedBy: null,
    modelTopology: { node: to.nodes, versions: { producer: 1 } },
    signature: { inputs: signed(names.input, image.shape), outputs: signed(names.output, result.shape) },
    weightSpecs: to.weightSpecs,
    weightData: weightData.buffer,
    ...(metadata === undefined ? {} : { userDefinedMetadata: metadata }),
  };
}

function leafOf(
  to: GraphDef,
  { origin, shape, dtype }: GraphTensor,
  values: ReadonlyMap<string, Float32Array>,
  input: string,
  withBatch: (shape: readonly number[]) => number[],
): string {
  if (origin.kind === 'input') return to.placeholder(input, withBatch(shape));
  const type = dtype === 'int32' || dtype === 'bool' ? dtype : 'float32';
  if (origin.kind === 'constant') return to.constant(origin.values as Float32Array, shape, type);
  if (origin.kind === 'captured') return to.constant(origin.tensor.dataSync(), shape, type);
  if (origin.kind === 'parameter') return to.constant(values.get(origin.name)!, shape, type, origin.name);
  throw new Error(`internal: a leaf of the trace is the output of a node`);
}

/** Whether attributes or constants change with the batch, other than sizes that operators can leave open. */
function isTiedToBatch(graph: Graph, wide: Graph): boolean {
  const open = new Set(['Reshape', 'Slice']);
  const shapeOf = ({ origin, shape }: GraphTensor) => (origin.kind === 'input' ? '' : shape.join());
  return (
    graph.nodes.length !== wide.nodes.length ||
    graph.leaves.length !== wide.leaves.length ||
    graph.leaves.some((leaf, i) => shapeOf(leaf) !== shapeOf(wide.leaves[i]!)) ||
    graph.nodes.some(
      ({ kernel, attributes }, i) =>
        !open.has(kernel) && JSON.stringify(attributes) !== JSON.stringify(wide.nodes[i]!.attributes),
    )
  );
}
