import { SshnError } from '@sshn/core';

/** A thread of our compiled kernels died or hangs; until `useFastWasm` is called again, every kernel ends in this error. */
export class WasmThreadError extends SshnError {
  override readonly name = 'WasmThreadError';

  constructor(problem: string) {
    super(`${problem} Call useFastWasm() again for new threads; what was being computed is lost.`);
  }
}

/** The wasm heap has no room. */
export class WasmMemoryError extends SshnError {
  override readonly name = 'WasmMemoryError';
  readonly requestedBytes: number;
  readonly heapBytes: number;

  constructor({ requestedBytes, heapBytes }: { requestedBytes: number; heapBytes: number }) {
    super(
      `No room for ${mebibytes(requestedBytes)} more in the wasm heap, which has ${mebibytes(heapBytes)} and ends at ` +
        '4096 MiB. Dispose tensors that are no longer needed, or take smaller batches or images.',
    );
    this.requestedBytes = requestedBytes;
    this.heapBytes = heapBytes;
  }
}

const mebibytes = (bytes: number): string => `${Math.ceil(bytes / 2 ** 20)} MiB`;
