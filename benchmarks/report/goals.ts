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
const inference = [0, 0.1, 0.25, 0.5].map((factor) => `unet-inference-${factor}`);
const training = ['fixed', 'sshn'].flatMap((method) =>
  [0.1, 0.25, 0.5].map((factor) => `train-${method}-${factor}`),
);
const passes = ['forward', 'to-input', 'to-kernel'].map((pass) => `${CONVOLUTION}-${pass}`);
const architectures = (...names: readonly string[]) =>
  names.flatMap((name) => [0.1, 0.25, 0.5].map((factor) => `architecture-${name}-${factor}`));
const natives = ['PyTorch', 'onnxruntime-node'];

/**
 * All of them, for a major version of Node: from 24 on, V8 computes 256 bits at a time. Those against native code are for
 * processors that do so too; where these compute 512 bits, ours is level where it should be 1.4 times as fast.
 */
export function goalsFor(node: number): readonly Goal[] {
  const isWide = node >= 24;
  return [
    { work: [`${CONVOLUTION}-forward`], peer: 'stock tfjs wasm', threads: [1], atLeast: 2.7 },
    { work: [`${CONVOLUTION}-forward`], peer: 'stock tfjs wasm', threads: [2], atLeast: 5 },
    { work: [`${CONVOLUTION}-to-input`], peer: 'stock tfjs wasm', threads: [2], atLeast: 60 },
    { work: [`${CONVOLUTION}-to-kernel`], peer: 'our forward', threads: [1, 2], atLeast: 1 / 1.4 },
    { work: inference, peer: 'onnxruntime-web', threads: [1, 2], atLeast: 5 },
    ...natives.map((peer) => ({ work: inference, peer, threads: [2], atLeast: isWide ? 1.4 : 1.1 })),
    ...natives.map((peer) => ({
      work: architectures('resunet', 'fpn', 'pspnet', 'senet'),
      peer,
      threads: [2],
      atLeast: 1,
    })),
    { work: training, peer: 'PyTorch', threads: [2], atLeast: isWide ? 1.6 : 1.35 },
    {
      work: ['unet3d-inference-0.25', 'register-3d-half', 'register-3d-full'],
      peer: 'PyTorch',
      threads: [2],
      atLeast: 2,
    },
    { work: ['weights'], peer: 'PyTorch', threads: [1, 2], atLeast: 1.5 },
    {
      work: [...passes, ...inference, ...training, ...architectures('unet')],
      peer: oursOnOneThread,
      threads: [2],
      atLeast: 1.8,
    },
    { work: architectures('resunet', 'pspnet', 'senet'), peer: oursOnOneThread, threads: [2], atLeast: 1.6 },
  ];
}

const goals = goalsFor(Number.parseInt(process.versions.node, 10));

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
