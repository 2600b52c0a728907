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

/** The data that the running kernel has taken (made or counted once more) and given back, each in order. */
interface References {
  readonly taken: DataId[];
  readonly given: DataId[];
}

/** Of the kernel that runs; undefined between kernels. */
let running: References | undefined;

const undoing = new WeakSet<KernelFunc>();

/** Has a backend count which data a kernel allocates and frees, for `undoFailedKernels`. Once per backend. */
export function countReferences(backend: BackendWasm): void {
  const move = backend.move.bind(backend);
  const incRef = backend.incRef.bind(backend);
  const disposeData = backend.disposeData.bind(backend);
  backend.move = (dataId, values, shape, dtype, refCount) => {
    running?.taken.push(dataId);
    move(dataId, values, shape, dtype, refCount);
  };
  backend.incRef = (dataId) => {
    running?.taken.push(dataId);
    incRef(dataId);
  };
  backend.disposeData = (dataId, force) => {
    running?.given.push(dataId);
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
    const outer = running;
    const own: References = { taken: [], given: [] };
    running = own;
    try {
      const result = run(call);
      // To the kernel that called this one, what it has taken is its own.
      if (outer !== undefined) {
        outer.taken.push(...own.taken);
        outer.given.push(...own.given);
      }
      return result;
    } catch (error) {
      running = undefined;
      for (const dataId of own.given) {
        const at = own.taken.indexOf(dataId);
        if (at >= 0) own.taken.splice(at, 1);
      }
      for (const dataId of own.taken) backend.disposeData(dataId);
      throw error;
    } finally {
      running = outer;
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
