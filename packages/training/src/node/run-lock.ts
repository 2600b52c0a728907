import { randomUUID } from 'node:crypto';
import { link, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { FileError } from '@sshn/core';
import { fileProblem } from '@sshn/model/node';
import { z } from 'zod';

const schema = z.object({ pid: z.int().min(1), host: z.string(), started: z.string() });

/** Who holds a run folder: a process, and when it started, as numbers of processes are used again. */
type Holder = z.infer<typeof schema>;

/**
 * Takes a run folder for this process, so that no other trains into it at the same time. A lock whose process is gone
 * is taken over.
 *
 * @returns Gives the folder back.
 * @throws {FileError} if a living process holds it, or one on another machine, which cannot be seen from here.
 */
export async function lockRun(folder: string): Promise<() => Promise<void>> {
  const path = join(folder, 'run.lock');
  const mine = JSON.stringify({ pid: process.pid, host: hostname(), started: await startOf(process.pid) });
  for (let attempt = 0; attempt < 3; attempt++) {
    try {
      await writeFile(path, mine, { flag: 'wx' });
      return () => rm(path, { force: true });
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code !== 'EEXIST') throw fileProblem(path, cause);
    }
    const text = await readFile(path, 'utf8').catch(() => '');
    const holder = holderIn(text);
    if (holder !== undefined && (await isHeld(holder))) {
      const { pid, host } = holder;
      const isHere = host === hostname();
      throw new FileError({
        path,
        problem: `process ${pid}${isHere ? '' : ` on ${host}`} is training in this folder`,
        remedy: isHere
          ? 'Wait for it to end, stop it, or train into another folder.'
          : `If it runs no more on ${host}, delete this file.`,
      });
    }
    await removeStale(path, text);
  }
  throw new FileError({ path, problem: 'is taken again and again', remedy: 'Train into another folder.' });
}

/** Whether a process holds a run folder. */
export async function isLocked(folder: string): Promise<boolean> {
  const holder = holderIn(await readFile(join(folder, 'run.lock'), 'utf8').catch(() => ''));
  return holder !== undefined && (await isHeld(holder));
}

/**
 * Removes the lock of a process on another machine. Only for callers that know that it works no more, as they give out the work.
 */
export async function dropForeignLock(folder: string): Promise<void> {
  const path = join(folder, 'run.lock');
  const text = await readFile(path, 'utf8').catch(() => '');
  const holder = holderIn(text);
  if (holder !== undefined && holder.host !== hostname()) await removeStale(path, text);
}

/** Removes a lock, unless another process has taken the folder over in the meantime. */
async function removeStale(path: string, text: string): Promise<void> {
  const aside = `${path}.${randomUUID()}`;
  try {
    await rename(path, aside);
  } catch {
    return; // Another process was faster.
  }
  if ((await readFile(aside, 'utf8')) !== text) await link(aside, path).catch(() => undefined);
  await rm(aside, { force: true });
}

function holderIn(text: string): Holder | undefined {
  try {
    return schema.parse(JSON.parse(text));
  } catch {
    return undefined; // Cut off by a crash while it was written.
  }
}

async function isHeld({ pid, host, started }: Holder): Promise<boolean> {
  if (host !== hostname()) return true;
  try {
    process.kill(pid, 0);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'EPERM') return false;
  }
  return (await startOf(pid)) === started;
}

/** When a process started, in ticks since the system did; empty where the system does not tell. */
async function startOf(pid: number): Promise<string> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  // The name, which may hold spaces, ends at the last parenthesis; the start is the twentieth word after it.
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
}
