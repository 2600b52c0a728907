import type { Job } from '../work/job.js';
import { networkFor } from '../work/networks.js';
import { trainingWork } from '../work/training-step.js';
import { inferenceWork } from '../work/unet-inference.js';
import type { Work } from '../work/work.js';

/** What a curve grows along. */
export type Along = 'pixels' | 'voxels' | 'features' | 'batch';

/** How the cost of one kind of work grows as one number grows and the others stay. */
export interface Curve {
  readonly name: string;
  readonly pass: 'inference' | 'step';
  readonly along: Along;
  /** What stays. */
  readonly title: string;
  /** Edges, features or images in a batch, rising. */
  readonly values: readonly number[];
  /** With the value to these powers the work grows, which time follows, and the values that are kept, which memory follows. */
  readonly powers: { readonly ms: number; readonly bytes: number };
  work(value: number): Work & { readonly job: Job };
}

interface Setup {
  readonly size: readonly number[];
  readonly features: number;
  readonly batch: number;
}

const factor = 0.5;
const powers = {
  pixels: { ms: 2, bytes: 2 },
  voxels: { ms: 3, bytes: 3 },
  features: { ms: 2, bytes: 1 },
  batch: { ms: 1, bytes: 1 },
} as const;

function curve(
  pass: Curve['pass'],
  along: Along,
  values: readonly number[],
  title: string,
  setupOf: (value: number) => Setup,
): Curve {
  const work = (value: number) => {
    const { size, features, batch } = setupOf(value);
    const channels = { inChannels: 1, outChannels: 3, features };
    const name = `${pass}-${along}-${value}`;
    if (pass === 'inference') return inferenceWork(name, name, size, channels, factor, batch);
    const network = networkFor(size, factor, channels);
    return trainingWork(name, name, { kind: 'training', method: 'fixed', network, batch, factor });
  };
  return { name: `${pass}-${along}`, pass, along, title, values, powers: powers[along], work };
}

const square = (edge: number): Setup => ({ size: [edge, edge], features: 16, batch: 1 });
const cube = (edge: number): Setup => ({ size: [edge, edge, edge], features: 16, batch: 1 });
const doubled = [4, 8, 16, 32, 64];

/** A U-Net of five stages at φ = 0.5, and a step of the fixed method. */
export const curves: readonly Curve[] = [
  curve('inference', 'pixels', [64, 128, 256, 512, 1024, 2048], '16 features', square),
  curve('step', 'pixels', [64, 128, 256, 512, 1024, 2048], '16 features', square),
  curve('inference', 'voxels', [32, 64, 128, 256], '16 features', cube),
  curve('step', 'voxels', [32, 64, 128], '16 features', cube),
  curve('inference', 'features', doubled, '256²', (features) => ({ ...square(256), features })),
  curve('step', 'features', doubled, '128²', (features) => ({ ...square(128), features })),
  curve('inference', 'batch', [1, 2, 4, 8, 16], '128², 16 features', (batch) => ({ ...square(128), batch })),
  curve('step', 'batch', [1, 2, 4, 8, 16], '128², 16 features', (batch) => ({ ...square(128), batch })),
];
