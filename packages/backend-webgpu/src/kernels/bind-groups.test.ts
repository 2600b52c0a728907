import { expect, test } from 'vitest';
import { BindGroups, type BufferManager } from './bind-groups.js';

/** A pool as tfjs has it: the buffer that was freed last comes first. */
function poolOf() {
  const freeBuffers = new Map<string, GPUBuffer[]>();
  const keyOf = (size: number, usage: number) => `${size}_${usage}`;
  const manager: BufferManager = {
    freeBuffers,
    acquireBuffer: (size, usage, _mapped, reuse) => {
      const free = reuse ? freeBuffers.get(keyOf(size, usage))?.pop() : undefined;
      return free ?? ({ size, usage } as GPUBuffer);
    },
    releaseBuffer: (buffer, reuse) => {
      const key = keyOf(buffer.size, buffer.usage);
      if (reuse) freeBuffers.set(key, [...(freeBuffers.get(key) ?? []), buffer]);
    },
    dispose: () => freeBuffers.clear(),
  };
  let made = 0;
  const device = { createBindGroup: () => ({ made: made++ }) } as unknown as GPUDevice;
  const groups = new BindGroups(device, manager);
  const args = { label: 'arguments' } as GPUBuffer;
  const [one, other] = [{}, {}] as [GPUBindGroupLayout, GPUBindGroupLayout];
  const bind = (buffers: readonly GPUBuffer[], layout = one) => groups.of(layout, buffers, args, 256);
  return { manager, groups, bind, other };
}

test('the same buffers in the same order have the same bind group, each layout its own', () => {
  const { manager, bind, other, groups } = poolOf();
  const [a, b] = [manager.acquireBuffer(4, 1), manager.acquireBuffer(4, 1)];
  const first = bind([a, b]);
  expect(bind([a, b])).toBe(first);
  const others = [bind([b, a]), bind([a]), bind([a, b, b]), bind([a, b], other)];
  expect(new Set([first, ...others]).size).toBe(5);
  expect(bind([a, b])).toBe(first);
  expect(groups.count).toBe(5);
});

test('whatever order buffers were freed in, the next step gets them in the order of the first', () => {
  const { manager } = poolOf();
  const take = () => [4, 4, 8, 4, 8].map((size) => manager.acquireBuffer(size, 1));
  const first = take();
  for (const order of [
    [0, 1, 2, 3, 4],
    [3, 1, 4, 0, 2],
  ]) {
    for (const i of order) manager.releaseBuffer(first[i]!);
    for (const [i, buffer] of take().entries()) expect(buffer).toBe(first[i]);
  }
});

test('a buffer that is destroyed, and the end of the pool, take all with them', () => {
  const { manager, groups, bind } = poolOf();
  const [a, b] = [manager.acquireBuffer(4, 1), manager.acquireBuffer(4, 1)];
  const first = bind([a]);
  bind([b]);
  manager.releaseBuffer(manager.acquireBuffer(4, 2, true, false), false); // Never bound: for uploads.
  expect(groups.count).toBe(2);
  manager.releaseBuffer(b, false);
  expect(groups.count).toBe(0);
  expect(bind([a])).not.toBe(first);
  manager.dispose();
  expect(groups.count).toBe(0);
});

test('buffers from outside the pool, which may go at any time, are not kept', () => {
  const { manager, groups, bind } = poolOf();
  const buffers = [manager.acquireBuffer(4, 1), { size: 4, usage: 1 } as GPUBuffer];
  expect(bind(buffers)).not.toBe(bind(buffers));
  expect(groups.count).toBe(0);
});

test('their number has a bound', () => {
  const { manager, groups, bind } = poolOf();
  let most = 0;
  for (let i = 0; i < 20_000; i++) {
    bind([manager.acquireBuffer(4, 1)]);
    most = Math.max(most, groups.count);
  }
  expect(most).toBe(8192);
});
