// Measures points of one curve, rising, and prints each as a line of JSON. Arguments: the curve, values separated by commas.
import { useFastWasm } from '@sshn/backend-wasm';
import { prepareInference } from '../peers/ours/inference.js';
import { prepareTraining } from '../peers/ours/training.js';
import { curves } from './curves.js';
import type { Point } from './points.js';

const [name, list] = process.argv.slice(2);
const curve = curves.find((each) => each.name === name)!;
await useFastWasm({ threads: 1 });
const peakBytes = (): number => process.resourceUsage().maxRSS * 1024;
const cpuMs = (): number => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
};

/** Repetitions end after so much of the processor's time, but not before the third. */
const enoughMs = 1500;

let before: number | undefined;
for (const value of list!.split(',').map(Number)) {
  const { job, inputs } = curve.work(value);
  before ??= peakBytes();
  if (job.kind !== 'inference' && job.kind !== 'training') throw new Error(`no curve is of ${job.kind}`);
  const prepared =
    job.kind === 'inference' ? prepareInference(job, inputs()) : prepareTraining(job, inputs());
  let [lowest, total] = [Number.POSITIVE_INFINITY, 0];
  for (let i = 0; i < 3 || (total < enoughMs && i < 40); i++) {
    const began = cpuMs();
    await prepared.run();
    const ms = cpuMs() - began;
    total += ms;
    lowest = Math.min(lowest, ms);
  }
  await prepared.release();
  const point: Point = {
    curve: curve.name,
    value,
    ms: Number(lowest.toFixed(2)),
    bytes: peakBytes() - before,
  };
  console.log(JSON.stringify(point));
}
