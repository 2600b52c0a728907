import { type FastWasmStatus, useFastWasm } from '@sshn/backend-wasm';

/** Starts the backend that computes everything, and says in a few words what is on. */
export async function startBackend(): Promise<string> {
  return describeBackend(await useFastWasm());
}

/** 'wasm (SIMD, 23 native and 12 composed kernels)', and why native ones are missing where they are. */
export function describeBackend({ simd, threads, kernels, nativeProblem }: FastWasmStatus): string {
  const { native, composed } = kernels;
  const parts = [
    simd ? 'SIMD' : 'no SIMD',
    ...(threads > 1 ? [`${threads} threads`] : []),
    `${native.length} native and ${composed.length} composed kernels`,
    ...(nativeProblem === undefined ? [] : [`native kernels are off: ${nativeProblem}`]),
  ];
  return `wasm (${parts.join(', ')})`;
}
