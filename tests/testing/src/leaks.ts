import { backend, memory } from '@tensorflow/tfjs-core';

/** What is held: by tfjs, and by the backend, whose kernels make data that tfjs does not see. */
export interface Held {
  readonly tensors: number;
  readonly dataBuffers: number;
  readonly bytes: number;
  /** Data that the backend holds. A kernel that forgets an intermediate result leaves one here, and in no other number. */
  readonly backendBuffers: number;
}

/** What is held now on the current backend. */
export function heldNow(): Held {
  const { numTensors, numDataBuffers, numBytes } = memory();
  return {
    tensors: numTensors,
    dataBuffers: numDataBuffers,
    bytes: numBytes,
    backendBuffers: backend().numDataIds(),
  };
}

/** What is held now beyond `before`, in words (`2 tensors, 96 bytes`); undefined if all is as it was. */
export function leftSince(before: Held): string | undefined {
  const now = heldNow();
  const left = [
    [now.tensors - before.tensors, 'tensors'],
    [now.dataBuffers - before.dataBuffers, 'data buffers'],
    [now.bytes - before.bytes, 'bytes'],
    [now.backendBuffers - before.backendBuffers, 'data buffers of the backend'],
  ] as const;
  const words = left.filter(([count]) => count !== 0).map(([count, what]) => `${count} ${what}`);
  return words.length === 0 ? undefined : words.join(', ');
}

/** Runs `work` and fails if tensors, their data or data of the backend outlive it, or if any that were there are gone. */
export async function withoutLeak<T>(work: () => T | Promise<T>): Promise<T> {
  const before = heldNow();
  const result = await work();
  const left = leftSince(before);
  if (left !== undefined) throw new Error(`Leak: ${left} more than before the call, expected 0.`);
  return result;
}
