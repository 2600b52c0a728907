import type {} from '@tensorflow/tfjs-backend-webgpu';
import type { DataType, KernelBackend, TensorInfo } from '@tensorflow/tfjs-core';

/**
 * What of tfjs' backend is used beside its public face, to record programs of ours into its queue in the order of its own.
 *
 * tfjs' own way to run a program (`runWebGPUProgram`) writes one output, sends all shapes along, and asks the pipeline for a
 * layout each time.
 */
export interface Internals {
  readonly device: GPUDevice;
  readonly queue: GPUQueue;
  readonly tensorMap: { get(dataId: object): StoredTensor };
  readonly bufferManager: { acquireBuffer(size: number, usage: number): GPUBuffer };
  readonly commandQueueOwnedIds: WeakSet<object>;
  readonly uniformPendingDisposal: GPUBuffer[];
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
  'uniformPendingDisposal',
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
  return members.every((name) => inside[name] !== undefined) ? inside : undefined;
}
