import { availableParallelism, cpus, totalmem } from 'node:os';
import { setTimeout } from 'node:timers/promises';

const GIBIBYTE = 2 ** 30;

/** The machine in words. */
export function describeMachine(): string {
  const [cpu] = cpus();
  const model = cpu === undefined || cpu.model.trim() === '' ? 'unknown processor' : cpu.model.trim();
  const memory = `${Math.round(totalmem() / GIBIBYTE)} GiB of memory`;
  return `${model}, ${availableParallelism()} cores, ${memory}, Node ${process.version}, ${process.platform} ${process.arch}`;
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
