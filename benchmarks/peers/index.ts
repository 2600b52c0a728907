import type { Peer } from './peer.js';

/** @sshn itself. */
export const ours: Peer = { name: 'ours', program: 'ours.ts', threads: 'any' };

/**
 * glibc gives big buffers back to the system at every step unless told otherwise, which makes PyTorch up to twice as
 * slow; OpenBLAS's threads get in the way of OpenMP's.
 */
const torchEnvironment = (threads: number) => ({
  OMP_NUM_THREADS: `${threads}`,
  OPENBLAS_NUM_THREADS: '1',
  MALLOC_MMAP_THRESHOLD_: '4294967296',
  MALLOC_TRIM_THRESHOLD_: '17179869184',
  MALLOC_TOP_PAD_: '268435456',
});

/** What ours is compared with, in the order of the table. */
export const peers: readonly Peer[] = [
  { name: 'stock tfjs wasm', program: 'stock-tfjs.ts', threads: 'one' },
  { name: 'onnxruntime-web', program: 'onnxruntime-web.ts', threads: 'any' },
  { name: 'onnxruntime-node', program: 'onnxruntime-node.ts', threads: 'any' },
  { name: 'PyTorch', program: 'torch_peer.py', threads: 'any', environment: torchEnvironment },
  { name: 'our forward', program: 'our-forward.ts', threads: 'any' },
  { name: 'limit of multiply-adds', program: 'limit.ts', threads: 'any' },
];
