import { runTask } from './tasks';
import { CONTROL_DONE, CONTROL_MAY_WAIT } from './layout';

/**
 * A pool of workers over shared memory, driven by one control block of `CONTROL_BYTES` zeros.
 *
 * A job is a kernel, its arguments and a number of tasks. Whoever is free claims the next task; the main thread works too
 * and returns when all tasks are done. It waits for tasks, not for workers: one that sleeps, or is gone, only means less
 * help. A task's result does not depend on who computes it.
 *
 * Claims are safe against late workers: `NEXT` holds the job's number above the task's, a claim exchanges the whole word,
 * and the main thread closes the word before it writes the next job.
 */

/** Number of the current job; workers sleep on it. */
const JOB: usize = 0;
/** Job number (high half) and next task (low half). */
const NEXT: usize = 64;
const KIND: usize = 128;
const ARGS: usize = 132;
const TASKS: usize = 136;
/** Workers asleep. */
const SLEEPERS: usize = 256;
/** 1 while the main thread sleeps. */
const WAITING: usize = 320;

/** The kind of job that ends the workers. */
const QUIT: i32 = -1;

const CLOSED: u64 = 0xffffffff;

/**
 * Looks at the job number before a worker goes to sleep: some 200 µs. Between two kernels of a network pass up to 150 µs, and
 * to wake a thread takes as long as a small kernel.
 */
const WORKER_SPINS: i32 = 160000;

const MAIN_SPINS: i32 = 40000;

/** The main thread sleeps no longer than this at a time. */
const NAP_NANOSECONDS: i64 = 100000000;

/** What a worker runs until the pool ends. Workers count from 1; the main thread is 0. */
export function serve(control: usize, worker: i32): void {
  let seen = 0;
  while (true) {
    for (let spins = WORKER_SPINS; spins > 0 && atomic.load<i32>(control + JOB) == seen; spins--);
    if (atomic.load<i32>(control + JOB) == seen) {
      atomic.add<i32>(control + SLEEPERS, 1);
      atomic.wait<i32>(control + JOB, seen, -1);
      atomic.sub<i32>(control + SLEEPERS, 1);
      continue;
    }
    seen = atomic.load<i32>(control + JOB);
    if (atomic.load<i32>(control + KIND) == QUIT) return;
    work(control, worker);
  }
}

/** Runs a job on the pool; false if tasks are left that others have claimed: ask `awaitDone` until they are done. */
export function dispatch(control: usize, kind: i32, args: usize, tasks: i32): bool {
  publish(control, kind, args, tasks);
  work(control, 0);
  return awaitDone(control, tasks);
}

/** Ends the workers. */
export function quit(control: usize): void {
  publish(control, QUIT, 0, 0);
}

function publish(control: usize, kind: i32, args: usize, tasks: i32): void {
  const job = atomic.load<i32>(control + JOB) + 1;
  const high = <u64>(<u32>job) << 32;
  atomic.store<u64>(control + NEXT, high | CLOSED);
  atomic.store<i32>(control + KIND, kind);
  atomic.store<usize>(control + ARGS, args);
  atomic.store<i32>(control + TASKS, tasks);
  atomic.store<i32>(control + CONTROL_DONE, 0);
  atomic.store<u64>(control + NEXT, high);
  atomic.store<i32>(control + JOB, job);
  // The main thread takes one task itself; the end of the pool concerns everyone.
  if (atomic.load<i32>(control + SLEEPERS) > 0) atomic.notify(control + JOB, kind == QUIT ? -1 : tasks - 1);
}

/** Claims and runs tasks until none is left. */
function work(control: usize, worker: i32): void {
  while (true) {
    const next = atomic.load<u64>(control + NEXT);
    const kind = atomic.load<i32>(control + KIND);
    const args = atomic.load<usize>(control + ARGS);
    const tasks = atomic.load<i32>(control + TASKS);
    const task = <u32>next;
    if (task >= <u32>tasks) return;
    if (atomic.cmpxchg<u64>(control + NEXT, next, next + 1) != next) continue;
    runTask(kind, args, task, worker);
    if (atomic.add<i32>(control + CONTROL_DONE, 1) + 1 == tasks && atomic.load<i32>(control + WAITING)) {
      atomic.notify(control + CONTROL_DONE, 1);
    }
  }
}

/** Waits some time for the tasks of the current job; false if they are not done yet. */
export function awaitDone(control: usize, tasks: i32): bool {
  for (let spins = MAIN_SPINS; spins > 0; spins--) {
    if (atomic.load<i32>(control + CONTROL_DONE) == tasks) return true;
  }
  if (!atomic.load<i32>(control + CONTROL_MAY_WAIT)) return false;
  atomic.store<i32>(control + WAITING, 1);
  const done = atomic.load<i32>(control + CONTROL_DONE);
  if (done != tasks) atomic.wait<i32>(control + CONTROL_DONE, done, NAP_NANOSECONDS);
  atomic.store<i32>(control + WAITING, 0);
  return atomic.load<i32>(control + CONTROL_DONE) == tasks;
}
