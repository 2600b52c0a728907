import { join } from 'node:path';
import type { KeepOptions } from '@sshn/training/node';
import { WordError } from '../config/values.js';

/** What `--memory` and `--cache` give. */
export interface MemoryFlags {
  /** Bytes of images that may stay in memory. */
  readonly memory?: number;
  /** Folder of prepared images. */
  readonly cache?: string;
}

/** Where the images of a run are kept. */
export function keepOptions(folder: string, { memory, cache }: MemoryFlags): KeepOptions {
  return {
    folder: cache ?? join(folder, 'images'),
    ...(memory === undefined ? {} : { memoryBytes: memory }),
  };
}

/** The same flags again, for a command that this one starts. */
export function memoryWords({ memory, cache }: MemoryFlags): string[] {
  return [
    ...(memory === undefined ? [] : ['--memory', `${memory}`]),
    ...(cache === undefined ? [] : ['--cache', cache]),
  ];
}

const bytesPerUnit: Readonly<Record<string, number>> = {
  '': 1,
  b: 1,
  kb: 1e3,
  mb: 1e6,
  gb: 1e9,
  tb: 1e12,
  kib: 2 ** 10,
  mib: 2 ** 20,
  gib: 2 ** 30,
  tib: 2 ** 40,
};

/**
 * Reads a number of bytes: '4GB', '512 MB', '1.5GiB', '1000000'.
 *
 * @throws {WordError} saying what is expected.
 */
export function parseBytes(text: string): number {
  const [, number, unit] = /^(\d+(?:\.\d+)?|\.\d+) *([a-z]*)$/i.exec(text.trim()) ?? [];
  const factor = unit === undefined ? undefined : bytesPerUnit[unit.toLowerCase()];
  const bytes = Math.floor(Number(number) * (factor ?? Number.NaN));
  if (Number.isSafeInteger(bytes)) return bytes;
  throw new WordError('Expected a number of bytes, such as 4GB, 512MB or 1.5GiB.');
}
