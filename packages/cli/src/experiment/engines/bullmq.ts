import { createHash } from 'node:crypto';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { SshnError } from '@sshn/core';
import { type CellEnd, runCell, stateOf } from '../cells.js';
import type { Cell, Plan } from '../plan.js';
import type { EngineOptions } from './local.js';

/** How cells are shared through Redis. */
export interface QueueOptions extends EngineOptions {
  /** Address of Redis: redis://host:6379. */
  readonly redis: string;
  /** A worker that is not heard of for so long is dead: others take its cells over. In seconds. */
  readonly lease: number;
}

/** The queue cannot be used. */
class QueueError extends SshnError {
  override readonly name = 'QueueError';
}

/**
 * Takes cells from a queue in Redis until all are done or have failed, beside other workers on any machines that share the folder.
 * Each cell is a job of BullMQ. Training runs in a process of its own, so that this one renews the leases of its jobs in time. A
 * cell is run at least once: it is taken over when its worker is gone, and goes on from its last checkpoint; results are written
 * once, and a cell that is done is left alone.
 *
 * @throws {QueueError} if BullMQ is not installed, or Redis does not answer.
 */
export async function runFromQueue(
  plan: Plan,
  { redis, lease, jobs, threads, keep, version, progress, signal }: QueueOptions,
): Promise<void> {
  const { Queue, Worker, DelayedError } = await loadBullmq();
  const connection = { url: redis, maxRetriesPerRequest: null };
  const name = queueName(plan);
  const queue = new Queue<{ readonly hash: string }>(name, { connection });
  // Without a listener an error of the connection would end the process; it connects again by itself.
  queue.on('error', () => {});
  await answered(queue.waitUntilReady(), redis);
  for (const { name: cell, hash } of await unfinished(plan)) {
    // One job for a cell, however many processes ask for it.
    const options = { jobId: `cell-${hash}`, removeOnComplete: true, removeOnFail: true };
    await queue.add(cell, { hash }, options);
  }
  const byHash = new Map(plan.cells.map((cell) => [cell.hash, cell]));
  const underWay = new Map<string, AbortController>();
  const worker = new Worker<{ readonly hash: string }>(
    name,
    async (job, token) => {
      const cell = byHash.get(job.data.hash)!;
      const own = new AbortController();
      const stop = (): void => own.abort();
      signal.addEventListener('abort', stop, { once: true });
      if (signal.aborted) stop();
      underWay.set(job.id!, own);
      try {
        progress.started(cell);
        const onEpoch = (epoch: number): void => progress.epoch(cell, epoch);
        const options = { threads, keep, version, signal: own.signal, onEpoch, isOurs: true };
        const end = await runWhenFree(cell, options);
        await progress.ended(cell, end, false);
        if (end !== 'interrupted') return;
        await job.moveToDelayed(Date.now(), token);
        throw new DelayedError();
      } finally {
        underWay.delete(job.id!);
        signal.removeEventListener('abort', stop);
      }
    },
    {
      connection,
      concurrency: jobs,
      lockDuration: 1000 * lease,
      stalledInterval: 1000 * lease,
      maxStalledCount: Number.MAX_SAFE_INTEGER,
    },
  );
  worker.on('error', () => {});
  // Another worker has these, or will: two must not train one.
  worker.on('lockRenewalFailed', (ids) => {
    for (const id of ids) underWay.get(id)?.abort();
  });
  try {
    while (!signal.aborted && (await jobsIn(queue)) > 0)
      await setTimeout(500, undefined, { signal }).catch(() => {});
  } finally {
    await worker.close();
    await queue.close();
  }
}

/** A cell that another process of this machine still has, such as one that is stopping, is waited for. */
async function runWhenFree(cell: Cell, options: Parameters<typeof runCell>[1]): Promise<CellEnd> {
  for (;;) {
    const end = await runCell(cell, options);
    if (end !== 'taken') return end;
    if (options.signal.aborted) return 'interrupted';
    await setTimeout(500);
  }
}

async function unfinished({ cells }: Plan): Promise<Cell[]> {
  const states = await Promise.all(cells.map(stateOf));
  return cells.filter((_, i) => states[i]!.kind !== 'done');
}

/** The same on every machine that has the same file. */
function queueName({ name, cells }: Plan): string {
  const digest = createHash('sha256').update(cells.map(({ hash }) => hash).join());
  return `sshn-${name.replace(/[^A-Za-z0-9-]/g, '-')}-${digest.digest('hex').slice(0, 12)}`;
}

async function jobsIn(queue: {
  getJobCounts(...types: string[]): Promise<Record<string, number>>;
}): Promise<number> {
  const counts = await queue.getJobCounts('waiting', 'active', 'delayed', 'prioritized', 'paused');
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}

/** @throws {QueueError} if Redis does not answer within ten seconds. */
async function answered(ready: Promise<unknown>, redis: string): Promise<void> {
  const late = setTimeout(10_000, 'late', { ref: false });
  if ((await Promise.race([ready, late])) !== 'late') return;
  const { host } = new URL(redis);
  throw new QueueError(
    `--redis: ${host} does not answer. Check that Redis runs there and that this machine reaches it.`,
  );
}

/** BullMQ is loaded when it is asked for: from beside sshn, or from where one works. */
async function loadBullmq(): Promise<typeof import('bullmq')> {
  try {
    return await import('bullmq').catch(() => {
      const path = createRequire(join(process.cwd(), 'package.json')).resolve('bullmq');
      return import(pathToFileURL(path).href);
    });
  } catch (cause) {
    throw new QueueError(
      '--engine bullmq: BullMQ cannot be loaded. Install it where you work: npm install bullmq ioredis',
      { cause },
    );
  }
}
