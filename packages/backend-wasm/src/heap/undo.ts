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

/** The data that kernels have taken (made or counted once more) and given back since the outermost of those that run began. */
const journal: DataId[] = [];

/** For each entry of the journal, whether it was taken. */
const isTaken: boolean[] = [];

/** Entries in use. The arrays keep their length: every kernel writes here, and shrinking them would have them allocated anew. */
let entries = 0;

/** How many kernels run, one inside of the other. */
let running = 0;

function note(dataId: DataId, taken: boolean): void {
  if (running === 0) return;
  journal[entries] = dataId;
  isTaken[entries++] = taken;
}

const undoing = new WeakSet<KernelFunc>();

/** Has a backend count which data a kernel allocates and frees, for `undoFailedKernels`. Once per backend. */
export function countReferences(backend: BackendWasm): void {
  const move = backend.move.bind(backend);
  const incRef = backend.incRef.bind(backend);
  const disposeData = backend.disposeData.bind(backend);
  backend.move = (dataId, values, shape, dtype, refCount) => {
    note(dataId, true);
    move(dataId, values, shape, dtype, refCount);
  };
  backend.incRef = (dataId) => {
    note(dataId, true);
    incRef(dataId);
  };
  backend.disposeData = (dataId, force) => {
    note(dataId, false);
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
    const start = entries;
    running++;
    try {
      return run(call);
    } catch (error) {
      for (const dataId of takenSince(start)) backend.disposeData(dataId);
      throw error;
    } finally {
      // To the kernel that called this one, what it has taken is its own.
      if (--running === 0) entries = 0;
    }
  };
}

/** What was taken and not given back since an entry of the journal. */
function takenSince(start: number): DataId[] {
  const left: DataId[] = [];
  const given: DataId[] = [];
  for (const [i, dataId] of journal.slice(start, entries).entries())
    (isTaken[start + i] ? left : given).push(dataId);
  for (const dataId of given) {
    const at = left.indexOf(dataId);
    if (at >= 0) left.splice(at, 1);
  }
  return left;
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
