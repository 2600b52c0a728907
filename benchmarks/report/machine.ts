import { readFileSync } from 'node:fs';
import { availableParallelism, cpus, totalmem } from 'node:os';
import { setTimeout } from 'node:timers/promises';

const GIBIBYTE = 2 ** 30;

/** The machine in words. */
export function describeMachine(): string {
  const model = [processorName(), widestVectors()].filter((words) => words !== undefined).join(' with ');
  const memory = `${Math.round(totalmem() / GIBIBYTE)} GiB of memory`;
  return `${model}, ${availableParallelism()} cores, ${memory}, Node ${process.version}, ${process.platform} ${process.arch}`;
}

/**
 * What tables of this machine are named by, for processors of one kind and a major version of Node:
 * `'amd-epyc-family-25-model-1-node-20'`. Family and model tell generations apart, which Linux alone says.
 */
export function machineKey(): string {
  const [major] = process.versions.node.split('.');
  return `${processorName()} node ${major}`.toLowerCase().replace(/[^a-z0-9]+/g, '-');
}

function processorName(): string {
  const model = cpus()[0]?.model.trim() || 'unknown processor';
  const generation = ['cpu family', 'model'].map(
    (field) => new RegExp(`^${field}\\s*: (\\d+)$`, 'm').exec(cpuInfo())?.[1],
  );
  return generation.includes(undefined) ? model : `${model} family ${generation.join(' model ')}`;
}

/** The widest vectors that programs may use here, where Linux says: a virtual machine may hide what the processor has. */
function widestVectors(): string | undefined {
  const flags = /^flags\s*: (.+)$/m.exec(cpuInfo())?.[1]?.split(' ') ?? [];
  const known = { avx512f: 'AVX-512', avx2: 'AVX2', avx: 'AVX' };
  return Object.entries(known).find(([flag]) => flags.includes(flag))?.[1];
}

function cpuInfo(): string {
  try {
    return readFileSync('/proc/cpuinfo', 'utf8');
  } catch {
    return '';
  }
}

/**
 * How many processors' worth of work goes on in the machine now, ours included: 0 where all are idle. (A load average would
 * remember what ended minutes ago.)
 *
 * @param milliseconds For how long that is watched.
 */
export async function busyProcessors(milliseconds: number): Promise<number> {
  const before = processorTimes();
  await setTimeout(milliseconds);
  const after = processorTimes();
  return (cpus().length * (after.busy - before.busy)) / (after.all - before.all);
}

function processorTimes(): { busy: number; all: number } {
  const times = cpus().flatMap(({ times: { idle, ...busy } }) => [
    { idle, busy: Object.values(busy).reduce((sum, time) => sum + time, 0) },
  ]);
  const busy = times.reduce((sum, time) => sum + time.busy, 0);
  return { busy, all: busy + times.reduce((sum, { idle }) => sum + idle, 0) };
}
