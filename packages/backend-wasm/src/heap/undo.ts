import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm';
import {
  engine,
  getKernelsForBackend,
  type KernelFunc,
  registerKernel,
  type TensorInfo,
  unregisterKernel,
} from '@tensorflow/tfjs-core';

type DataId = TensorInfo['dataId'];

/** References to data that the running kernel has taken, less those that it has given back. */
let taken: Map<DataId, number> | undefined;

const undoing = new WeakSet<KernelFunc>();

function count(dataId: DataId, by: number): void {
  taken?.set(dataId, (taken.get(dataId) ?? 0) + by);
}

/** Has a backend count which data a kernel takes and gives back, for `undoFailedKernels`. Once per backend. */
export function countReferences(backend: BackendWasm): void {
  const move = backend.move.bind(backend);
  const incRef = backend.incRef.bind(backend);
  const disposeData = backend.disposeData.bind(backend);
  backend.move = (dataId, ...rest) => {
    count(dataId, 1);
    move(dataId, ...rest);
  };
  backend.incRef = (dataId) => {
    count(dataId, 1);
    incRef(dataId);
  };
  backend.disposeData = (dataId, force) => {
    count(dataId, -1);
    return disposeData(dataId, force);
  };
}

/**
 * Has all kernels that are registered for `backend` now give back what they have taken if they end in an error: their
 * outputs, and what they made on the way. Without that, each attempt after a `WasmMemoryError` would find less room.
 */
export function undoFailedKernels(backend: BackendWasm, backendName: string): void {
  for (const config of getKernelsForBackend(backendName)) {
    if (undoing.has(config.kernelFunc)) continue;
    const kernelFunc = undoIfFailed(backend, config.kernelFunc);
    undoing.add(kernelFunc);
    unregisterKernel(config.kernelName, backendName);
    registerKernel({ ...config, kernelFunc });
  }
}

function undoIfFailed(backend: BackendWasm, run: KernelFunc): KernelFunc {
  return (call) => {
    const outer = taken;
    const own = new Map<DataId, number>();
    taken = own;
    try {
      const result = run(call);
      taken = outer;
      for (const [dataId, references] of own) count(dataId, references);
      return result;
    } catch (error) {
      taken = undefined;
      for (const [dataId, references] of own) {
        for (let i = 0; i < references; i++) backend.disposeData(dataId);
      }
      throw error;
    } finally {
      taken = outer;
    }
  };
}

let isTapeCleared = false;

/**
 * Has gradients that end in an error dispose what their operations have saved for the way back, which stock tfjs keeps for
 * ever. Idempotent.
 */
export function undoFailedGradients(): void {
  if (isTapeCleared) return;
  isTapeCleared = true;
  const runtime = engine();
  const gradients = runtime.gradients.bind(runtime) as typeof runtime.gradients;
  runtime.gradients = (f, xs, dy, allowNoGradients) => {
    try {
      return gradients(f, xs, dy, allowNoGradients);
    } catch (error) {
      const { state } = runtime;
      if (state.gradientDepth === 0) {
        for (const { saved } of state.activeTape ?? []) for (const tensor of saved ?? []) tensor.dispose();
        state.activeTape = [];
      }
      throw error;
    }
  };
}
