import { SshnError } from '@sshn/core';

/** A thread of our compiled kernels died or hangs; until `useFastWasm` is called again, every kernel ends in this error. */
export class WasmThreadError extends SshnError {
  override readonly name = 'WasmThreadError';

  constructor(problem: string) {
    super(`${problem} Call useFastWasm() again for new threads; what was being computed is lost.`);
  }
}

/** What had no room: a block of so many bytes, or the working memory of a kernel of tfjs. */
type Request = { readonly requestedBytes: number; readonly limitBytes: number } | { readonly kernel: string };

/**
 * The wasm heap has no room.
 *
 * Tensors keep their values; what the failed operation had taken is free again. Dispose some and try again.
 */
export class WasmMemoryError extends SshnError {
  override readonly name = 'WasmMemoryError';
  /** Undefined where a kernel of tfjs could not allocate working memory, whose size it does not report. */
  readonly requestedBytes: number | undefined;
  readonly heapBytes: number;

  constructor({ heapBytes, ...request }: Request & { readonly heapBytes: number }) {
    const problem =
      'kernel' in request
        ? `No room for the working memory of ${request.kernel} in the wasm heap, which has ${mebibytes(heapBytes)}`
        : `No room for ${mebibytes(request.requestedBytes)} more in the wasm heap, which has ` +
          `${mebibytes(heapBytes)} and ends at ${mebibytes(request.limitBytes)}`;
    super(`${problem}. Dispose tensors that are no longer needed, or take smaller batches or images.`);
    this.requestedBytes = 'kernel' in request ? undefined : request.requestedBytes;
    this.heapBytes = heapBytes;
  }
}

const mebibytes = (bytes: number): string => `${Math.ceil(bytes / 2 ** 20)} MiB`;
