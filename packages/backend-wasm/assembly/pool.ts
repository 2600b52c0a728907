import { runTask } from './tasks';
import { CONTROL_DONE, CONTROL_THREADS } from './layout';

/**
 * A pool of workers over shared memory, driven by one control block of `CONTROL_BYTES` zeros.
 *
 * A job is a kernel, its arguments and a number of tasks. Whoever is free claims the next task; the main thread works too
 * and returns when all tasks are done. It waits for tasks, not for workers: one that sleeps, or is gone, only means less
 * help. A task's result does not depend on who computes it.
 *
 * Each thread has a share of the tasks, which it claims from the first on; then it takes from the end of others' shares. Tasks follow
 * the image, so a thread reads, kernel after kernel, mostly what it wrote itself, which its own caches still hold.
 *
 * Claims are safe against late workers: a share's word holds the job's number above the tasks left, a claim exchanges the whole
 * word, and the main thread closes all of them before it writes the next job.
 */

/** Number of the current job; workers sleep on it. */
const JOB: usize = 0;
/** Of a share: the first task left (the lowest 22 bits), the one behind the last (the next 22), and above them the job's number. */
const TASK_BITS: u64 = 22;
const TASK_MASK: u64 = (1 << TASK_BITS) - 1;
/** Where the shares' words begin, and from one to the next. */
const CLAIMS: usize = 384, CLAIM_BYTES: usize = 64;

const KIND: usize = 128;
const ARGS: usize = 132;
const TASKS: usize = 136;
/** Workers asleep. */
const SLEEPERS: usize = 256;
/** 1 while the main thread sleeps. */
const WAITING: usize = 320;

/** The kind of job that ends the workers. */
const QUIT: i32 = -1;

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
  const threads = threadsOf(control), none = <u64>job << (2 * TASK_BITS);
  for (let i = 0; i < threads; i++) atomic.store<u64>(claimsOf(control, i), none);
  atomic.store<i32>(control + KIND, kind);
  atomic.store<usize>(control + ARGS, args);
  atomic.store<i32>(control + TASKS, tasks);
  atomic.store<i32>(control + CONTROL_DONE, 0);
  for (let i = 0, first: u64 = 0; i < threads; i++) {
    const end = <u64>tasks * (i + 1) / threads;
    atomic.store<u64>(claimsOf(control, i), none | end << TASK_BITS | first);
    first = end;
  }
  atomic.store<i32>(control + JOB, job);
  // The main thread takes one task itself; the end of the pool concerns everyone.
  if (atomic.load<i32>(control + SLEEPERS) > 0) atomic.notify(control + JOB, kind == QUIT ? -1 : tasks - 1);
}

/** Claims and runs tasks until none is left. */
function work(control: usize, worker: i32): void {
  const threads = threadsOf(control);
  for (let i = 0; i < threads; i++) {
    const share = worker + i;
    while (workOn(control, claimsOf(control, share < threads ? share : share - threads), worker, i == 0));
  }
}

/** Claims and runs a task of a share: the first of the thread's own, the last of another's; false if none is left. */
function workOn(control: usize, claims: usize, worker: i32, isOwn: bool): bool {
  const left = atomic.load<u64>(claims);
  const kind = atomic.load<i32>(control + KIND);
  const args = atomic.load<usize>(control + ARGS);
  const tasks = atomic.load<i32>(control + TASKS);
  const first = left & TASK_MASK, end = (left >> TASK_BITS) & TASK_MASK;
  if (first == end) return false;
  if (atomic.cmpxchg<u64>(claims, left, isOwn ? left + 1 : left - (1 << TASK_BITS)) != left) return true;
  runTask(kind, args, <i32>(isOwn ? first : end - 1), worker);
  if (atomic.add<i32>(control + CONTROL_DONE, 1) + 1 == tasks && atomic.load<i32>(control + WAITING)) {
    atomic.notify(control + CONTROL_DONE, 1);
  }
  return true;
}

/** Waits some time for the tasks of the current job; false if they are not done yet. */
export function awaitDone(control: usize, tasks: i32): bool {
  for (let spins = MAIN_SPINS; spins > 0; spins--) {
    if (atomic.load<i32>(control + CONTROL_DONE) == tasks) return true;
  }
  if (load<i32>(control + CONTROL_THREADS) < 0) return false;
  atomic.store<i32>(control + WAITING, 1);
  const done = atomic.load<i32>(control + CONTROL_DONE);
  if (done != tasks) atomic.wait<i32>(control + CONTROL_DONE, done, NAP_NANOSECONDS);
  atomic.store<i32>(control + WAITING, 0);
  return atomic.load<i32>(control + CONTROL_DONE) == tasks;
}

/** Where the word of a share lies. */
@inline
function claimsOf(control: usize, share: i32): usize {
  return control + CLAIMS + <usize>share * CLAIM_BYTES;
}

/** Threads of the pool, the main thread among them. */
@inline
function threadsOf(control: usize): i32 {
  return abs(load<i32>(control + CONTROL_THREADS));
}
