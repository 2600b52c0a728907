import { availableParallelism, cpus, loadavg, totalmem } from 'node:os';

const GIBIBYTE = 2 ** 30;

/** The machine in words. */
export function describeMachine(): string {
  const [cpu] = cpus();
  const model = cpu === undefined || cpu.model.trim() === '' ? 'unknown processor' : cpu.model.trim();
  const memory = `${Math.round(totalmem() / GIBIBYTE)} GiB of memory`;
  return `${model}, ${availableParallelism()} cores, ${memory}, Node ${process.version}, ${process.platform} ${process.arch}`;
}

/** How many processes wanted a processor in the last minute. */
export function currentLoad(): number {
  return loadavg()[0]!;
}
