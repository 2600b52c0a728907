import type { Peer } from './peer.js';

/** What @sshn itself is called, wherever it runs. */
export const ourName = 'ours';

/** OpenBLAS's threads get in the way of OpenMP's. */
const torchEnvironment = (threads: number) => ({ OMP_NUM_THREADS: `${threads}`, OPENBLAS_NUM_THREADS: '1' });

/** What is measured together: ours, and what it is compared with, in the order of the table. */
export interface Roster {
  readonly ours: Peer;
  readonly peers: readonly Peer[];
}

/** What ours is compared with on the CPU. */
const peers: readonly Peer[] = [
  { name: 'stock tfjs wasm', program: 'stock-tfjs.ts', threads: 'one' },
  { name: 'onnxruntime-web', program: 'onnxruntime-web.ts', threads: 'any' },
  { name: 'onnxruntime-node', program: 'onnxruntime-node.ts', threads: 'any' },
  { name: 'PyTorch', program: 'torch_peer.py', threads: 'any', environment: torchEnvironment },
  { name: 'jax-js', program: 'jax-js.ts', threads: 'one' },
  { name: 'OpenCV', program: 'opencv_peer.py', threads: 'any' },
  { name: 'our forward', program: 'our-forward.ts', threads: 'any' },
  { name: 'limit of multiply-adds', program: 'limit.ts', threads: 'any' },
];

/** On the processor. */
export const cpuRoster: Roster = { ours: { name: ourName, program: 'ours.ts', threads: 'any' }, peers };

/** On a GPU: all on the same card. */
export const gpuRoster: Roster = {
  ours: { name: ourName, program: 'ours-webgpu.ts', threads: 'one' },
  peers: [
    { name: 'composed of stock tfjs webgpu', program: 'composed-webgpu.ts', threads: 'one' },
    { name: 'PyTorch, float32', program: 'torch_peer.py', threads: 'one', argument: 'cuda' },
    { name: 'PyTorch, TF32', program: 'torch_peer.py', threads: 'one', argument: 'cuda-tf32' },
  ],
};
