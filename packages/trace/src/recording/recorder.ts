import { currentScope } from '@sshn/core';
import {
  type BackendValues,
  type DataType,
  KernelBackend,
  type NamedAttrMap,
  type NamedTensorInfoMap,
  type Tensor,
  type TensorInfo,
  Variable,
} from '@tensorflow/tfjs-core';
import { describeScope, TraceError } from '../errors.js';
import type { Graph, GraphNode, GraphOutput, GraphTensor, Origin, TensorShape } from '../graph.js';
import { shapesOf } from '../kernels/registry.js';

/** How tfjs refers to the data of a tensor. */
type DataId = TensorInfo['dataId'];

/** The backend of one trace: it has a shape for every tensor and values for none but constants. */
export class Recorder extends KernelBackend {
  readonly #owned = new Map<DataId, { readonly tensor: GraphTensor; references: number }>();
  readonly #captured = new Map<DataId, GraphTensor>();
  readonly #nodes: GraphNode[] = [];
  readonly #leaves = new Set<GraphTensor>();
  #tensors = 0;

  /** A leaf that is part of the graph even if nothing reads it. */
  placeholder(shape: TensorShape, origin: Origin): TensorInfo {
    const info = this.#allocate(shape, origin);
    this.#leaves.add(this.find(info));
    return info;
  }

  /** Records one run of a kernel; its outputs are as many as its rule says. Copies are not recorded. */
  run(kernel: string, inputs: NamedTensorInfoMap, attributes: NamedAttrMap): TensorInfo | TensorInfo[] {
    if (isCopy(kernel, inputs, attributes)) return this.#alias(inputs.x!);
    const named = Object.entries(inputs).filter((entry): entry is [string, TensorInfo] => entry[1] != null);
    const read = Object.fromEntries(named.map(([name, info]) => [name, this.#read(info)]));
    const made = shapesOf(kernel, read, attributes);
    const index = this.#nodes.length;
    const infos = [made]
      .flat()
      .map((shape, output) => this.#allocate(shape, { kind: 'node', node: index, output }));
    this.#nodes.push({
      index,
      kernel,
      inputs: read,
      outputs: infos.map((info) => this.find(info)),
      attributes: copyAttributes(attributes),
      scope: currentScope(),
    });
    return Array.isArray(made) ? infos : infos[0]!;
  }

  /** The tensor of the graph that a tensor of tfjs stands for. @throws {TraceError} if it has been disposed of. */
  find(info: TensorInfo): GraphTensor {
    const owned = this.#owned.get(info.dataId)?.tensor ?? this.#captured.get(info.dataId);
    if (owned !== undefined) return owned;
    if ((info as Tensor).isDisposed) {
      throw new TraceError(
        `A tensor of shape [${info.shape.join(', ')}] was used in ${describeScope(currentScope())} after it had been ` +
          'disposed of.',
      );
    }
    const captured = this.#make(info, captureOf(info));
    this.#captured.set(info.dataId, captured);
    return captured;
  }

  graph(outputs: readonly GraphOutput[]): Graph {
    for (const { tensor } of outputs) this.#keepLeaf(tensor);
    return { nodes: this.#nodes, leaves: [...this.#leaves], outputs };
  }

  override write(values: BackendValues, shape: number[], dtype: DataType): DataId {
    return this.#allocate({ shape, dtype }, { kind: 'constant', values }).dataId;
  }

  override readSync(dataId: DataId): BackendValues {
    const origin = this.#owned.get(dataId)?.tensor.origin;
    if (origin?.kind === 'constant') return origin.values;
    throw new TraceError(
      `A tensor was asked for its values in ${describeScope(currentScope())}, but in a trace tensors have shapes only. ` +
        'Compute with tensors instead (where, mul by a mask, …), or pass the number into the function from outside.',
    );
  }

  override async read(dataId: DataId): Promise<BackendValues> {
    return this.readSync(dataId);
  }

  override incRef(dataId: DataId): void {
    const entry = this.#owned.get(dataId);
    if (entry !== undefined) entry.references++;
  }

  override refCount(dataId: DataId): number {
    return this.#owned.get(dataId)?.references ?? 0;
  }

  override disposeData(dataId: DataId, force = false): boolean {
    const entry = this.#owned.get(dataId);
    if (entry === undefined) return true;
    entry.references--;
    if (entry.references > 0 && !force) return false;
    this.#owned.delete(dataId);
    return true;
  }

  override numDataIds(): number {
    return this.#owned.size;
  }

  override memory(): { unreliable: boolean } {
    return { unreliable: false };
  }

  override floatPrecision(): 32 {
    return 32;
  }

  override timerAvailable(): boolean {
    return false;
  }

  /** The same tensor of the graph under one more tensor of tfjs: what clones are, and casts that change nothing. */
  #alias(info: TensorInfo): TensorInfo {
    const { shape, dtype } = info;
    if (this.#owned.has(info.dataId)) {
      this.incRef(info.dataId);
      return { dataId: info.dataId, shape, dtype };
    }
    return this.#own(this.#read(info));
  }

  #read(info: TensorInfo): GraphTensor {
    const tensor = this.find(info);
    this.#keepLeaf(tensor);
    return tensor;
  }

  #keepLeaf(tensor: GraphTensor): void {
    if (tensor.origin.kind !== 'node') this.#leaves.add(tensor);
  }

  #allocate(shape: TensorShape, origin: Origin): TensorInfo {
    return this.#own(this.#make(shape, origin));
  }

  #make({ shape, dtype }: TensorShape, origin: Origin): GraphTensor {
    return { id: this.#tensors++, shape: [...shape], dtype, origin };
  }

  #own(tensor: GraphTensor): TensorInfo {
    const dataId = {};
    this.#owned.set(dataId, { tensor, references: 1 });
    return { dataId, shape: [...tensor.shape], dtype: tensor.dtype };
  }
}

function isCopy(kernel: string, inputs: NamedTensorInfoMap, attributes: NamedAttrMap): boolean {
  return kernel === 'Identity' || (kernel === 'Cast' && attributes.dtype === inputs.x!.dtype);
}

/** A tensor of another backend: a weight if it is a trainable variable, else data that happens to be there. */
function captureOf(info: TensorInfo): Origin {
  const tensor = info as Tensor;
  if (tensor instanceof Variable && tensor.trainable) return { kind: 'parameter', name: tensor.name, tensor };
  return { kind: 'captured', tensor };
}

/** The attributes that were given, as they are now: later changes of a caller's lists do not reach the graph. */
function copyAttributes(attributes: NamedAttrMap): NamedAttrMap {
  return Object.fromEntries(
    Object.entries(attributes)
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => [name, copy(value)]),
  ) as NamedAttrMap;
}

function copy(value: unknown): unknown {
  return Array.isArray(value) ? value.map(copy) : value;
}
