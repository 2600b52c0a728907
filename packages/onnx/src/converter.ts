import type { Graph, GraphNode, GraphTensor } from '@sshn/trace';
import type { Attribute, OnnxConstant, OnnxNode } from './onnx-model.js';

/** Whether channels stand last, as in tfjs, or behind the batch, as ONNX's windowed operators have it. */
export type Layout = 'last' | 'first';

/**
 * Walks along a trace and collects ONNX operators and constants.
 *
 * A feature map may be there in two layouts; the other one is made by a Transpose when it is first asked for. Operators that do
 * not care keep the layout in which their inputs are, so that a whole network has a Transpose only where it must.
 */
export class Converter {
  readonly nodes: OnnxNode[] = [];
  readonly constants: OnnxConstant[] = [];
  readonly #values = new Map<GraphTensor, Partial<Record<Layout, string>>>();
  readonly #names = new Set<string>();
  #scope = '';

  /**
   * @param graph Of one image.
   * @param wide The same of several images: what differs in it depends on the batch.
   * @param weights By the names that parameters have in the graph.
   */
  constructor(
    readonly graph: Graph,
    readonly wide: Graph,
    readonly weights: ReadonlyMap<string, Float32Array>,
  ) {}

  /** Names of what follows begin with the module that a node belongs to. */
  enter(node: GraphNode): void {
    this.#scope = node.scope;
  }

  /** Appends an operator and gives the name of its output. */
  emit(operator: string, inputs: readonly string[], attributes: Record<string, Attribute> = {}): string {
    const output = this.#unique(`${this.#scope === '' ? '' : `${this.#scope}/`}${operator}`);
    this.nodes.push({ operator, inputs, output, name: output, attributes });
    return output;
  }

  floats(values: readonly number[] | Float32Array, shape: readonly number[], name = 'constant'): string {
    const unique = this.#unique(name);
    this.constants.push({ name: unique, shape, data: Float32Array.from(values) });
    return unique;
  }

  integers(values: readonly number[]): string {
    const name = this.#unique('indices');
    this.constants.push({ name, shape: [values.length], data: BigInt64Array.from(values, BigInt) });
    return name;
  }

  /** Says under which name a tensor of the trace is there. */
  set(tensor: GraphTensor, layout: Layout, name: string): void {
    this.#values.set(tensor, { ...this.#values.get(tensor), [layout]: name });
  }

  /** Says that a tensor of the trace is another under a new name, in every layout that one is there. */
  alias(tensor: GraphTensor, of: GraphTensor): void {
    if (!this.#values.has(of)) this.get(of, 'last');
    this.#values.set(tensor, { ...this.#values.get(of) });
  }

  /** In which layouts a tensor is there; both for those without spatial axes, for which they are the same. */
  has(tensor: GraphTensor, layout: Layout): boolean {
    return tensor.shape.length < 4 || this.#values.get(tensor)?.[layout] !== undefined;
  }

  /** The name of a tensor of the trace in a layout. */
  get(tensor: GraphTensor, layout: Layout): string {
    const known = this.#values.get(tensor) ?? {};
    const there = known[layout] ?? (tensor.shape.length < 4 ? (known.last ?? known.first) : undefined);
    if (there !== undefined) return there;
    const other = known.last ?? known.first;
    const name =
      other === undefined
        ? this.#leaf(tensor)
        : this.emit('Transpose', [other], { perm: toLayout(layout, tensor.shape.length) });
    this.set(tensor, other === undefined ? 'last' : layout, name);
    return other === undefined && layout === 'first' ? this.get(tensor, layout) : name;
  }

  /** The values of a parameter. */
  valuesOf(tensor: GraphTensor): Float32Array | undefined {
    return tensor.origin.kind === 'parameter' ? this.weights.get(tensor.origin.name) : undefined;
  }

  #leaf(tensor: GraphTensor): string {
    const { origin, shape } = tensor;
    const values = this.valuesOf(tensor);
    if (origin.kind === 'parameter' && values !== undefined) return this.floats(values, shape, origin.name);
    if (origin.kind === 'constant')
      return this.floats(Float32Array.from(origin.values as Float32Array), shape);
    if (origin.kind === 'captured') return this.floats(Float32Array.from(origin.tensor.dataSync()), shape);
    throw new Error(`internal: tensor ${tensor.id} of the trace has no value (${origin.kind})`);
  }

  #unique(name: string): string {
    let unique = name;
    for (let i = 1; this.#names.has(unique); i++) unique = `${name}.${i}`;
    this.#names.add(unique);
    return unique;
  }
}

/** The permutation of axes from the other layout to this one. */
export function toLayout(layout: Layout, rank: number): number[] {
  const spatial = Array.from({ length: rank - 2 }, (_, i) => i);
  return layout === 'first'
    ? [0, rank - 1, ...spatial.map((i) => i + 1)]
    : [0, ...spatial.map((i) => i + 2), 1];
}
