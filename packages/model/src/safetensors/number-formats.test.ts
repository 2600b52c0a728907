import { spawnSync } from 'node:child_process';
import { Rng } from '@sshn/core';
import { python, pythonHas } from '@sshn-internal/testing';
import { expect, test } from 'vitest';
import { float32Of, halvesOf } from './number-formats.js';

const bytesOf = ({ buffer }: { readonly buffer: ArrayBufferLike }) => new Uint8Array(buffer as ArrayBuffer);

test('every 16-bit float comes back from its 32-bit number', () => {
  const all = Uint16Array.from({ length: 2 ** 16 }, (_, i) => i);
  const numbers = float32Of({ dtype: 'F16', data: bytesOf(all) })!;
  const back = halvesOf(numbers);
  for (let i = 0; i < all.length; i++) {
    if (Number.isNaN(numbers[i])) expect([i & 0x7c00, (i & 0x3ff) > 0]).toEqual([0x7c00, true]);
    else if (back[i] !== i) throw new Error(`${i} is ${numbers[i]}, and became ${back[i]}`);
  }
});

test('numbers between two 16-bit floats become the nearer one, those in the middle the even one', () => {
  const all = float32Of({ dtype: 'F16', data: bytesOf(Uint16Array.from({ length: 0x7c00 }, (_, i) => i)) })!;
  const middle = Float32Array.from({ length: 0x7bff }, (_, i) => (all[i]! + all[i + 1]!) / 2);
  const rounded = halvesOf(middle);
  const above = halvesOf(middle.map((value, i) => value + (all[i + 1]! - all[i]!) / 8));
  const below = halvesOf(middle.map((value, i) => -value + (all[i + 1]! - all[i]!) / 8));
  for (let i = 0; i < middle.length; i++) {
    const expected = [i + (i & 1), i + 1, i | 0x8000];
    if ([rounded[i], above[i], below[i]].join() !== expected.join())
      throw new Error(`${middle[i]}: ${[rounded[i], above[i], below[i]]}, expected ${expected}`);
  }
  expect([...halvesOf(Float32Array.of(65519, 65520, -1e30, 1e-8, -1e-8, -0))]).toEqual([
    0x7bff, 0x7c00, 0xfc00, 0, 0x8000, 0x8000,
  ]);
});

test('bfloat16 and 64-bit floats; integers are none', () => {
  // 1, −2.5, the largest below 1 of bfloat16: the upper halves of 3f800000, c0200000, 3f7f0000.
  const halves = Uint16Array.of(0x3f80, 0xc020, 0x3f7f);
  expect([...float32Of({ dtype: 'BF16', data: bytesOf(halves) })!]).toEqual([1, -2.5, 0.99609375]);
  expect([...float32Of({ dtype: 'F64', data: bytesOf(Float64Array.of(0.1, 1e300)) })!]).toEqual([
    Math.fround(0.1),
    Infinity,
  ]);
  expect(float32Of({ dtype: 'I32', data: new Uint8Array(4) })).toBeUndefined();
});

test.skipIf(!pythonHas('numpy'))('as numpy rounds them', () => {
  const rng = Rng.fromSeed(Number(process.env.SSHN_TEST_SEED ?? 1));
  const values = Float32Array.from(
    { length: 20_000 },
    () => (rng.uniform() - 0.5) * 2 ** (40 * rng.uniform() - 27),
  );
  const script =
    'import sys, numpy as n; sys.stdout.buffer.write(n.frombuffer(sys.stdin.buffer.read(), n.float32).astype(n.float16).tobytes())';
  const { stdout } = spawnSync(python, ['-c', script], { input: bytesOf(values) });
  expect(Buffer.compare(stdout, Buffer.from(bytesOf(halvesOf(values))))).toBe(0);
});
