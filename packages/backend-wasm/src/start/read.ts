import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm';
import { type DataTypeMap, util } from '@tensorflow/tfjs-core';

/** Below this a copy costs next to nothing, whatever it is copied to. */
const LARGE_BYTES = 1 << 16;

const VIEWS = { float32: Float32Array, int32: Int32Array, bool: Uint8Array } as const;

/**
 * Lets `backend` read large tensors into memory that has not been cleared before.
 *
 * The stock `readSync` asks for fresh memory, which the system clears page by page: for the 6.5 MB of 25 labels at 256² that
 * takes longer than the copy itself, six times over.
 *
 * @param uncleared Memory of so many bytes and any content.
 */
export function readWithoutClearing(backend: BackendWasm, uncleared: (bytes: number) => ArrayBuffer): void {
  const stock = Object.getPrototypeOf(backend).readSync as BackendWasm['readSync'];
  backend.readSync = (dataId, start, end) => {
    const { memoryOffset, shape, dtype } = backend.dataIdMap.get(dataId);
    const View = VIEWS[dtype as keyof typeof VIEWS];
    const [from, to] = [start ?? 0, end ?? util.sizeFromShape(shape)];
    const bytes = (to - from) * (View?.BYTES_PER_ELEMENT ?? 0);
    if (View === undefined || bytes < LARGE_BYTES) return stock.call(backend, dataId, start, end);
    const values = new View(uncleared(bytes));
    const { buffer } = (backend.wasm as unknown as { readonly HEAPU8: Uint8Array }).HEAPU8;
    values.set(
      new View(buffer as ArrayBuffer, (memoryOffset >>> 0) + from * View.BYTES_PER_ELEMENT, to - from),
    );
    return values as DataTypeMap[keyof typeof VIEWS];
  };
}
