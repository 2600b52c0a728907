import { oursOnOneThread, type Row } from '../runner/row.js';

/** A ratio that we set ourselves to reach. */
export interface Goal {
  readonly work: readonly string[];
  readonly peer: string;
  readonly threads: readonly number[];
  /** Of `peerMs / oursMs`. */
  readonly atLeast: number;
}

const CONVOLUTION = 'conv-3x3-32-32-1x256';
const inference = (...factors: number[]) => factors.map((factor) => `unet-inference-${factor}`);
const training = ['fixed', 'sshn'].flatMap((method) =>
  [0.1, 0.25, 0.5].map((factor) => `train-${method}-${factor}`),
);
const passes = ['forward', 'to-input', 'to-kernel'].map((pass) => `${CONVOLUTION}-${pass}`);

/** All of them. */
export const goals: readonly Goal[] = [
  { work: [`${CONVOLUTION}-forward`], peer: 'stock tfjs wasm', threads: [1], atLeast: 2.7 },
  { work: [`${CONVOLUTION}-forward`], peer: 'stock tfjs wasm', threads: [2], atLeast: 5 },
  { work: [`${CONVOLUTION}-to-input`], peer: 'stock tfjs wasm', threads: [2], atLeast: 60 },
  { work: [`${CONVOLUTION}-to-kernel`], peer: 'our forward', threads: [1, 2], atLeast: 1 / 1.4 },
  { work: inference(0.1, 0.25, 0.5), peer: 'onnxruntime-web', threads: [1, 2], atLeast: 3 },
  { work: inference(0.25, 0.5), peer: 'PyTorch', threads: [2], atLeast: 1 / 0.9 },
  { work: inference(0.25, 0.5), peer: 'onnxruntime-node', threads: [2], atLeast: 1 / 1.1 },
  { work: training, peer: 'PyTorch', threads: [2], atLeast: 1 / 0.9 },
  {
    work: [...passes, ...inference(0.1, 0.25, 0.5), ...training],
    peer: oursOnOneThread,
    threads: [2],
    atLeast: 1.75,
  },
];

/** The ratio that a comparison should reach; undefined where there is no goal. */
export function goalOf({ work, peer, threads }: Pick<Row, 'work' | 'peer' | 'threads'>): number | undefined {
  return goals.find(
    (goal) => goal.peer === peer && goal.work.includes(work) && goal.threads.includes(threads),
  )?.atLeast;
}

/** `'≥ 2.70 met'`, `'≥ 5.00 missed'`, or nothing where there is no goal. */
export function verdictOf(row: Row): string {
  const goal = goalOf(row);
  if (goal === undefined || row.ratio === null) return '';
  return `≥ ${goal.toFixed(2)} ${row.ratio >= goal ? 'met' : 'missed'}`;
}
