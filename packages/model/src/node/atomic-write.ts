import { randomUUID } from 'node:crypto';
import { open, readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { fileProblem } from './file-problem.js';

/**
 * Writes a file so that, whatever happens, its path holds either the old content or all of the new.
 *
 * The bytes go to a temporary file in the same folder, are forced to the disk, and take the path over in one step.
 * A process that is killed leaves at most a hidden `.NAME.PID.….tmp`, which the next write to the path clears away.
 *
 * @throws {FileError} if the folder is missing, the disk is full or writing is not permitted; nothing is left behind.
 * @example
 * await writeFileAtomic('runs/1/last.safetensors', bytes);
 */
export async function writeFileAtomic(path: string, content: Uint8Array | string): Promise<void> {
  const folder = dirname(path);
  const temporary = join(folder, `.${basename(path)}.${process.pid}.${randomUUID()}.tmp`);
  try {
    await writeDurably(temporary, content);
    await rename(temporary, path);
  } catch (cause) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw fileProblem(path, cause);
  }
  await syncFolder(folder);
  await clearLeftovers(folder, basename(path));
}

async function writeDurably(path: string, content: Uint8Array | string): Promise<void> {
  const file = await open(path, 'wx');
  try {
    await file.writeFile(content);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Makes the renaming itself durable, where the system can (Windows cannot open a folder). */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r').catch(() => undefined);
  await handle?.sync().catch(() => undefined);
  await handle?.close();
}

/** Removes temporary files of processes that are gone. Best effort: the write has already succeeded. */
async function clearLeftovers(folder: string, name: string): Promise<void> {
  const prefix = `.${name}.`;
  for (const entry of await readdir(folder).catch(() => [])) {
    const owner = entry.startsWith(prefix)
      ? /^(\d+)\.[0-9a-f-]{36}\.tmp$/.exec(entry.slice(prefix.length))
      : null;
    if (owner !== null && !isRunning(Number(owner[1]))) {
      await rm(join(folder, entry), { force: true }).catch(() => undefined);
    }
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (cause) {
    return (cause as NodeJS.ErrnoException).code === 'EPERM';
  }
}
