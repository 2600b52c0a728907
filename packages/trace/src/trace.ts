import { engine, Tensor, tidy } from '@tensorflow/tfjs-core';
import { TraceError } from './errors.js';
import type { Graph, GraphOutput, GraphTensor } from './graph.js';
import { type InputTree, makePlaceholders, type PlaceholdersOf } from './inputs.js';
import { type KernelChoice, recordWith } from './recording/engine.js';
import { Recorder } from './recording/recorder.js';

/** What a function returned, with the graph's tensors in place of tensors. */
export type Traced<Output> = Output extends Tensor
  ? GraphTensor
  : Output extends ReadonlyMap<infer Key, infer Value>
    ? ReadonlyMap<Key, Traced<Value>>
    : Output extends object
      ? { readonly [Name in keyof Output]: Traced<Output[Name]> }
      : Output;

/** A trace: the graph, and what the function returned. */
export interface Trace<Output> {
  readonly graph: Graph;
  readonly outputs: Traced<Output>;
}

/** How a function is traced. */
export interface TraceOptions {
  /** 'stock' has no kernel of @sshn/ops: operations are recorded as the tfjs kernels that compose them. @default 'all' */
  readonly kernels?: KernelChoice;
}

/**
 * Runs a function of tfjs ops on shapes alone and records which kernels it runs.
 *
 * No arithmetic is done and no tensor data is allocated, so a network of any size takes milliseconds. It works on
 * whatever backend is current, or on none, and leaves no tensor behind. Gradients can be traced too. Inside, `keep` has
 * no effect on results: a function must not store them for later calls.
 *
 * @param f Synchronous, made of tfjs ops; may use tensors of its closure on any backend, whose values stay where they are.
 * @param inputs One tree of shapes per argument of `f`; the specs of a module are such a tree.
 * @throws {UnknownKernelError} if `f` runs a kernel whose output shape is unknown; see `registerShapeFunction`.
 * @throws {TraceError} if `f` reads values of a tensor, uses one that it has disposed of, returns a promise, or makes
 *   a trace itself.
 * @throws {ValueError} if a shape is not made of integers ≥ 0, or if two inputs have the same name.
 * @example
 * const { graph } = trace(
 *   (params, image) => network.apply(params, image, setting(0.25)),
 *   [network.specs, { shape: [1, 256, 256, 1] }],
 * );
 * graph.nodes.map(({ kernel, scope }) => `${scope}: ${kernel}`);   // 'encoder.0.0: SshnConv', …
 */
export function trace<const Inputs extends readonly InputTree[], Output>(
  f: (...inputs: PlaceholdersOf<Inputs>) => Output,
  inputs: Inputs,
  { kernels = 'all' }: TraceOptions = {},
): Trace<Output> {
  const recorder = new Recorder();
  return recordWith(recorder, kernels, () => {
    let result: Trace<Output> | undefined;
    tidy(() => {
      const placeholders = makePlaceholders(inputs, ({ shape, dtype = 'float32', kind = 'input' }, name) => {
        const origin = { kind: kind === 'param' ? 'parameter' : 'input', name } as const;
        return engine().makeTensorFromTensorInfo(recorder.placeholder({ shape, dtype }, origin), recorder);
      });
      const returned = f(...placeholders);
      if (returned instanceof Promise) {
        throw new TraceError('The traced function returned a promise. Trace its synchronous part.');
      }
      const found: GraphOutput[] = [];
      const outputs = describe(returned, '', (tensor, name) => {
        const output = { name, tensor: recorder.find(tensor) };
        found.push(output);
        return output.tensor;
      });
      result = { graph: recorder.graph(found), outputs: outputs as Traced<Output> };
    });
    return result!;
  });
}

/** Replaces the tensors in lists, maps and plain objects. */
function describe(
  value: unknown,
  path: string,
  replace: (tensor: Tensor, name: string) => GraphTensor,
): unknown {
  const below = (key: unknown) => (path === '' ? `${key}` : `${path}.${key}`);
  if (value instanceof Tensor) return replace(value, path === '' ? 'output' : path);
  if (Array.isArray(value)) return value.map((child, i) => describe(child, below(i), replace));
  if (value instanceof Map)
    return new Map([...value].map(([key, child]) => [key, describe(child, below(key), replace)]));
  if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype)
    return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, child]) => [key, describe(child, below(key), replace)]),
  );
}
