import type { GraphNode, GraphTensor } from '@sshn/trace';
import type { DataType, io } from '@tensorflow/tfjs-core';

/** An attribute as the JSON form of TensorFlow's `GraphDef` writes it. */
export type Attribute =
  | { readonly i: number }
  | { readonly f: number }
  | { readonly b: boolean }
  | { readonly s: string }
  | { readonly type: string }
  | { readonly shape: object }
  | { readonly tensor: object }
  | { readonly list: { readonly i: readonly number[] } };

/** A node of a `GraphDef`. */
export interface NodeDef {
  readonly name: string;
  readonly op: string;
  readonly input: readonly string[];
  readonly attr: Readonly<Record<string, Attribute>>;
}

type WeightType = 'float32' | 'int32' | 'bool';

/** Sizes that depend on the batch in a way that no operator follows. */
export class FixedBatch extends Error {}

/**
 * A graph model while it grows: nodes, and weights in the order of their bytes.
 *
 * *Source*: graph.proto and node_def.proto of TensorFlow, and the format that `tf.loadGraphModel` reads.
 */
export class GraphDef {
  readonly nodes: NodeDef[] = [];
  readonly weightSpecs: io.WeightsManifestEntry[] = [];
  readonly weights: Uint8Array[] = [];
  readonly #names = new Map<GraphTensor, string>();
  readonly #taken = new Set<string>();

  /** @param isBatchFree Whether sizes may be left to the runtime. */
  constructor(readonly isBatchFree: boolean) {}

  /** Appends an operator, named after the module that a node of the trace ran in. */
  emit(
    { scope }: Pick<GraphNode, 'scope'>,
    op: string,
    input: readonly string[],
    attr: Record<string, Attribute> = {},
  ): string {
    const name = this.#unique(`${scope.replaceAll('.', '/')}/${op}`);
    this.nodes.push({ name, op, input, attr: { T: { type: 'DT_FLOAT' }, ...attr } });
    return name;
  }

  placeholder(name: string, shape: readonly number[]): string {
    this.nodes.push({
      name: this.#unique(name),
      op: 'Placeholder',
      input: [],
      attr: { dtype: this.type('float32'), shape: { shape: shapeDef(shape) } },
    });
    return name;
  }

  /** A tensor whose values are in the weight file. */
  constant(
    values: ArrayLike<number>,
    shape: readonly number[],
    dtype: WeightType,
    name = 'constant',
  ): string {
    const unique = this.#unique(name.replaceAll('.', '/'));
    const tensor = { dtype: this.type(dtype).type, tensorShape: shapeDef(shape) };
    this.nodes.push({
      name: unique,
      op: 'Const',
      input: [],
      attr: { dtype: this.type(dtype), value: { tensor } },
    });
    this.weightSpecs.push({ name: unique, shape: [...shape], dtype });
    const data = { float32: Float32Array, int32: Int32Array, bool: Uint8Array }[dtype].from(values);
    this.weights.push(new Uint8Array(data.buffer));
    return unique;
  }

  integers(values: readonly number[]): string {
    return this.constant(values, [values.length], 'int32');
  }

  /** Sizes, of which the one that depends on the batch is left to the runtime. @throws {FixedBatch} if several do. */
  sizes(shape: readonly number[], wide: readonly number[]): number[] {
    if (!this.isBatchFree) return [...shape];
    const sizes = shape.map((size, axis) => (size === wide[axis] ? size : -1));
    if (sizes.filter((size) => size === -1).length > 1) throw new FixedBatch();
    return sizes;
  }

  type(dtype: DataType): { readonly type: string } {
    const types: Record<string, string> = { float32: 'DT_FLOAT', int32: 'DT_INT32', bool: 'DT_BOOL' };
    return { type: types[dtype]! };
  }

  /** A text, which the JSON form has in base64. */
  word(text: string): { readonly s: string } {
    return { s: btoa(text) };
  }

  /** Says under which name a tensor of the trace is there. */
  set(tensor: GraphTensor, name: string): void {
    this.#names.set(tensor, name);
  }

  get(tensor: GraphTensor): string | undefined {
    return this.#names.get(tensor);
  }

  inputsOf(node: GraphNode): string[] {
    return Object.values(node.inputs).map((tensor) => this.#names.get(tensor)!);
  }

  #unique(name: string): string {
    const base = name.replace(/^\//, '').replace(/[^A-Za-z0-9_./-]/g, '_');
    let unique = base;
    for (let i = 1; this.#taken.has(unique); i++) unique = `${base}_${i}`;
    this.#taken.add(unique);
    return unique;
  }
}

export function shapeDef(shape: readonly number[]): object {
  return { dim: shape.map((size) => ({ size: String(size) })) };
}
