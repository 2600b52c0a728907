import type { DataType, KernelBackend, TensorInfo } from '@tensorflow/tfjs-core';
import { ArgumentBuffer } from './argument-buffer.js';
import { BindGroups, type BufferManager } from './bind-groups.js';

/**
 * Private members of tfjs' backend that are used to record programs of ours into its queue in the order of its own.
 *
 * tfjs' own way to run a program (`runWebGPUProgram`) writes one output, sends all shapes along in a buffer of their own, and
 * makes a bind group each time.
 */
export interface Internals {
  readonly device: GPUDevice;
  readonly queue: GPUQueue;
  readonly tensorMap: { get(dataId: object): StoredTensor };
  readonly bufferManager: BufferManager;
  readonly commandQueueOwnedIds: WeakSet<object>;
  readonly commandEncoder: GPUCommandEncoder | null;
  computePassEncoder: GPUComputePassEncoder | null;
  dispatchCountInPass: number;
  ensureCommandEncoderReady(): void;
  endComputePassEncoder(): void;
  submitQueue(): void;
  uploadToGPU(dataId: object): void;
  makeTensorInfo(shape: number[], dtype: DataType): TensorInfo;
  refCount(dataId: object): number;
  incRef(dataId: object): void;
  disposeData(dataId: object): boolean;
}

interface StoredTensor {
  readonly dtype: DataType;
  readonly resource?: GPUBuffer;
  /** Values that have been read, kept on this side. */
  values: unknown;
}

const members = [
  'device',
  'queue',
  'tensorMap',
  'bufferManager',
  'commandQueueOwnedIds',
  'ensureCommandEncoderReady',
  'endComputePassEncoder',
  'submitQueue',
  'uploadToGPU',
  'makeTensorInfo',
  'refCount',
  'incRef',
  'disposeData',
] as const satisfies ReadonlyArray<keyof Internals>;

/** The inside of a backend; undefined where another version of tfjs looks different, and nothing of ours can run. */
export function internalsOf(backend: KernelBackend): Internals | undefined {
  const inside = backend as unknown as Internals;
  return members.every((name) => inside[name] !== undefined) &&
    inside.bufferManager.freeBuffers instanceof Map
    ? inside
    : undefined;
}

/** A compute shader: its storage buffers at bindings 0, 1, …, its arguments in the uniform buffer after them. */
export interface Program {
  /** Unique for its code. */
  readonly name: string;
  /** WGSL with the entry point `main`; made when it is used first. */
  code(): string;
}

/** One run of a program. */
export interface Dispatch {
  /** Of inputs, then of outputs; buffers are bound in this order. */
  readonly tensors: readonly TensorInfo[];
  /** Scalars of the uniform struct in order: integers as `u32`/`i32`, those of `floats` as `f32` after them. */
  readonly integers: readonly number[];
  readonly floats?: readonly number[];
  /** Workgroups along x, y, z. */
  readonly groups: readonly [number, number, number];
}

interface Compiled {
  readonly pipeline: GPUComputePipeline;
  readonly layout: GPUBindGroupLayout;
  readonly argumentBytes: number;
}

/** Passes that tfjs collects before it hands them to the device. */
const BATCH = 64;

/** Runs programs of ours on the device of a tfjs backend, in the order of tfjs' own. */
export class DevicePrograms {
  readonly #compiled = new Map<string, Compiled>();
  readonly #arguments: ArgumentBuffer;
  readonly #bindGroups: BindGroups;
  /** The most workgroups along one axis. */
  readonly mostGroups: number;
  /** The most tensors that one program may read and write. */
  readonly mostTensors: number;

  constructor(private readonly inside: Internals) {
    this.#arguments = new ArgumentBuffer(inside, BATCH);
    this.#bindGroups = new BindGroups(inside.device, inside.bufferManager);
    const { limits } = inside.device;
    this.mostGroups = limits.maxComputeWorkgroupsPerDimension;
    this.mostTensors = limits.maxStorageBuffersPerShaderStage;
  }

  /** A new tensor, its values not set. */
  output(shape: readonly number[], dtype: DataType = 'float32'): TensorInfo {
    const tensor = this.inside.makeTensorInfo([...shape], dtype);
    this.inside.uploadToGPU(tensor.dataId);
    return tensor;
  }

  /** A tensor in the memory of an old one, to be written over; a new one where others share that memory. */
  reuse(x: TensorInfo): TensorInfo {
    if (this.inside.refCount(x.dataId) !== 1) return this.output(x.shape, x.dtype);
    this.inside.uploadToGPU(x.dataId);
    // What was read before is no longer what is there.
    this.inside.tensorMap.get(x.dataId).values = null;
    this.inside.incRef(x.dataId);
    return { dataId: x.dataId, shape: x.shape, dtype: x.dtype };
  }

  /** Frees what `output` made, when what is recorded has run. */
  dispose(x: TensorInfo): void {
    this.inside.disposeData(x.dataId);
  }

  /** How the device holds a tensor, which a cast that only relabels has not changed. */
  storedType(x: TensorInfo): DataType {
    return this.inside.tensorMap.get(x.dataId).dtype;
  }

  /** Records a run of a program. */
  run(program: Program, { tensors, integers, floats = [], groups }: Dispatch): void {
    const { inside } = this;
    const { pipeline, layout, argumentBytes } = this.#compile(program, integers.length + floats.length);
    const buffers = tensors.map(({ dataId }) => {
      inside.uploadToGPU(dataId);
      inside.commandQueueOwnedIds.add(dataId);
      return inside.tensorMap.get(dataId).resource!;
    });
    const bindGroup = this.#bindGroups.of(layout, buffers, this.#arguments.buffer, argumentBytes);
    if (!this.#arguments.hasRoom(argumentBytes)) this.#submit();
    inside.ensureCommandEncoderReady();
    inside.computePassEncoder ??= inside.commandEncoder!.beginComputePass();
    const pass = inside.computePassEncoder;
    pass.setPipeline(pipeline);
    pass.setBindGroup(0, bindGroup, [this.#arguments.put(integers, floats)]);
    pass.dispatchWorkgroups(...groups);
    if (++inside.dispatchCountInPass >= BATCH) this.#submit();
  }

  #submit(): void {
    this.inside.endComputePassEncoder();
    this.inside.submitQueue();
  }

  #compile(program: Program, argumentCount: number): Compiled {
    const known = this.#compiled.get(program.name);
    if (known !== undefined) return known;
    const { device } = this.inside;
    const { name: label } = program;
    const code = program.code();
    // In the order of their bindings. A layout made by the device ('auto') has no offsets that change from run to run.
    const buffers = [...code.matchAll(/var<storage, (read|read_write)>/g)].map(
      ([, access]): GPUBufferBindingLayout => ({ type: access === 'read' ? 'read-only-storage' : 'storage' }),
    );
    buffers.push({ type: 'uniform', hasDynamicOffset: true });
    const layout = device.createBindGroupLayout({
      label,
      entries: buffers.map((buffer, binding) => ({ binding, visibility: GPUShaderStage.COMPUTE, buffer })),
    });
    const pipeline = device.createComputePipeline({
      label,
      layout: device.createPipelineLayout({ bindGroupLayouts: [layout] }),
      compute: { module: device.createShaderModule({ label, code }), entryPoint: 'main' },
    });
    const compiled = { pipeline, layout, argumentBytes: this.#arguments.bytesOf(argumentCount) };
    this.#compiled.set(label, compiled);
    return compiled;
  }
}
