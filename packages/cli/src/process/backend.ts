import { type FastWasmStatus, useFastWasm } from '@sshn/backend-wasm';

/**
 * Starts the backend that computes everything, and says in a few words what is on.
 *
 * @param threads That compute at once. @default as many as the machine has cores, within reason
 */
export async function startBackend(threads?: number): Promise<string> {
  return describeBackend(await useFastWasm(threads === undefined ? {} : { threads }));
}

/** 'wasm (SIMD, 2 threads, 23 native and 12 composed kernels)', and what is less than it could be, and why. */
export function describeBackend({ simd, threads, kernels, limits }: FastWasmStatus): string {
  const { native, composed } = kernels;
  const parts = [
    { relaxed: 'relaxed SIMD', fixed: 'SIMD', none: 'no SIMD' }[simd || 'none'],
    `${threads} ${threads === 1 ? 'thread' : 'threads'}`,
    `${native.length} native and ${composed.length} composed kernels`,
  ];
  return [`wasm (${parts.join(', ')})`, ...limits].join('; ');
}
