import { mkdir, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { BackendStore } from '../backend/choose.js';
import { writeFileAtomic } from './atomic-write.js';

/**
 * A store of texts in one JSON file, which is made when something is remembered.
 *
 * @example
 * await chooseBackend({ candidates, store: fileStore(join(homedir(), '.cache/sshn/backend.json')) });
 */
export function fileStore(path: string): BackendStore {
  const all = async (): Promise<Record<string, unknown>> => {
    const parsed: unknown = JSON.parse(await readFile(path, 'utf8').catch(() => '{}'));
    return typeof parsed === 'object' && parsed !== null ? { ...parsed } : {};
  };
  return {
    async get(key) {
      const text = (await all())[key];
      return typeof text === 'string' ? text : undefined;
    },
    async set(key, text) {
      const before = await all().catch(() => ({}));
      await mkdir(dirname(path), { recursive: true });
      await writeFileAtomic(path, `${JSON.stringify({ ...before, [key]: text }, undefined, 2)}\n`);
    },
  };
}
