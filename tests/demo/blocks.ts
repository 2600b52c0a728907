import type { Page } from 'playwright-core';

/** An entry of a trace, as far as it is read here. Times are in microseconds. */
interface TraceEvent {
  readonly name: string;
  readonly ph: string;
  readonly pid: number;
  readonly tid: number;
  /** Time that passed, and time that the thread computed. */
  readonly dur?: number;
  readonly tdur?: number;
  readonly args?: { readonly name?: string };
}

/** From this on, a task counts as one that blocks frames: ms. */
const long = 50;

/**
 * The most that a single task on the page's own thread computed during some work, in ms; 0 where none took 50.
 *
 * Tasks are read off the browser's trace. Of a task that lasted, what counts is the time that its thread computed: on a
 * machine that is busy with other things, a task also lasts because it has to wait for a processor.
 */
export async function longestBlock(page: Page, work: () => Promise<void>): Promise<number> {
  const session = await page.context().newCDPSession(page);
  const events: TraceEvent[] = [];
  session.on('Tracing.dataCollected', ({ value }) => events.push(...(value as unknown as TraceEvent[])));
  await session.send('Tracing.start', {
    traceConfig: { includedCategories: ['toplevel', 'disabled-by-default-devtools.timeline'] },
  });
  try {
    await work();
  } finally {
    // Also where the work fails: the browser has one trace at a time, and the next visit wants its own.
    const ended = new Promise<void>((resolve) => session.once('Tracing.tracingComplete', () => resolve()));
    await session.send('Tracing.end');
    await ended;
    await session.detach();
  }

  const main = events.filter(({ name, args }) => name === 'thread_name' && args?.name === 'CrRendererMain');
  const tasks = events.filter(
    ({ name, ph, pid, tid }) =>
      ph === 'X' &&
      name.endsWith('RunTask') &&
      main.some((thread) => thread.pid === pid && thread.tid === tid),
  );
  if (tasks.length === 0) throw new Error('internal: the trace tells of no task of the page');
  const computed = tasks.map(({ dur = 0, tdur = dur }) => Math.min(dur, tdur) / 1000);
  const most = Math.max(...computed);
  return most < long ? 0 : most;
}
