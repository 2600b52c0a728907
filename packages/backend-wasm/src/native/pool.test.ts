import { Rng } from '@sshn/core';
import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm';
import { beforeAll, expect, it, vi } from 'vitest';

import { WasmThreadError } from '../errors.js';
import { loadNative, type NativeKernels } from './index.js';
import { SIZES } from './layout.js';
import { Pool } from './pool.js';
import { compileAssembly } from './testing/assembly.js';
import { sharedBackendForTests } from './testing/shared.js';

let backend: BackendWasm;
let native: NativeKernels;
beforeAll(async () => {
  backend = await sharedBackendForTests();
  native = await loadNative(backend);
});

/** No job: its tasks do nothing. */
const IDLE = -2;

/** A pool of two threads, the second of which runs `serve`. */
async function poolWith(serve: string): Promise<Pool> {
  const control = Math.ceil(native.allocate(SIZES.CONTROL_BYTES + 64) / 64) * 64;
  native.words().fill(0, control / 4, (control + SIZES.CONTROL_BYTES) / 4);
  const module = await compileAssembly(
    `export function serve(control: usize, worker: i32): void { ${serve} }`,
  );
  const { memory } = (backend.wasm as unknown as { asm: { memory: WebAssembly.Memory } }).asm;
  return Pool.start(native.exports, { threads: 2, module, memory, control, patienceMs: 300 });
}

it.each([2, 3, 5, 8])('of %i threads none leaves a task out or does it twice', async (threads) => {
  const pooled = await loadNative(backend, { threads });
  const grain = SIZES.POINTWISE_GRAIN;
  const most = 12;
  const [sum, ones] = [pooled.allocate(4 * most * grain), pooled.allocate(16)];
  pooled.floats().fill(0, sum / 4, sum / 4 + most * grain);
  pooled.floats().fill(1, ones / 4, ones / 4 + 4);
  const rng = Rng.fromSeed(threads);
  const expected = Array<number>(most).fill(0);
  for (let job = 0; job < 300; job++) {
    const tasks = 1 + Math.floor(rng.uniform(0, most));
    for (let i = 0; i < tasks; i++) expected[i]!++;
    const values = { a: sum, b: ones, y: sum, count: tasks * grain, period: 4, kind: SIZES.SUM, slope: 1 };
    pooled.start('elementwise', values, tasks);
  }
  for (const [i, count] of expected.entries()) {
    const done = pooled.floats().subarray(sum / 4 + i * grain, sum / 4 + (i + 1) * grain);
    expect(new Set(done)).toEqual(new Set([count]));
  }
  for (const address of [sum, ones]) pooled.free(address);
  pooled.dispose();
});

it('a thread that dies in the middle of a task is an error, and no hang', async () => {
  // Again where the main thread was through with all tasks before the other had begun.
  await vi.waitFor(
    async () => {
      // Waits for a job and takes the next task of it; see the control block in `assembly/pool.ts`.
      const pool = await poolWith(
        'while (atomic.load<i32>(control) == 0) {} atomic.add<u64>(control + 384, 1); unreachable();',
      );
      const run = (): void => pool.run(IDLE, 0, 3_000_000);
      expect(run).toThrow(
        new WasmThreadError('A thread took a task and did not finish it within 0.3 seconds.'),
      );
      expect(run).toThrow(pool.failure);
      pool.dispose();
    },
    { timeout: 50_000 },
  );
});

it.each([
  [
    'fails',
    'while (atomic.load<i32>(control) == 0) {} unreachable();',
    /^Thread 1 of 2 died: RuntimeError: unreachable\. Call useFastWasm\(\) again/,
  ],
  ['ends', 'while (atomic.load<i32>(control) == 0) {}', /^Thread 1 of 2 died: it ended with code 0\./],
])('a thread that %s between jobs is an error of the next', async (_, serve, message) => {
  const pool = await poolWith(serve);
  await vi.waitFor(() => expect(() => pool.run(IDLE, 0, 4)).toThrow(message), { timeout: 20_000 });
  expect(pool.failure).toBeInstanceOf(WasmThreadError);
  pool.dispose();
});

it('a thread that does not start is an error of the start', async () => {
  const start = poolWith('missing(); } declare function missing(): void; export function f(): void {');
  await expect(start).rejects.toThrow(/^a thread did not start: TypeError/);
});
