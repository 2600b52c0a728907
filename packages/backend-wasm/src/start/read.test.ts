import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm';
import { backend, memory, range, reshape, tensor } from '@tensorflow/tfjs-core';
import { beforeAll, expect, it } from 'vitest';
import { nativeForTests } from '../native/testing/native.js';
import { readWithoutClearing } from './read.js';

const asked: number[] = [];
beforeAll(async () => {
  await nativeForTests();
  readWithoutClearing(backend() as BackendWasm, (bytes) => {
    asked.push(bytes);
    return new Uint8Array(bytes).fill(0xff).buffer;
  });
});

it.each(['float32', 'int32'] as const)('a large %s tensor has its values, in memory of its own', (dtype) => {
  const x = range(-7, 40_000, 1, dtype);
  const before = memory().numTensors;
  asked.length = 0;
  const [values, again] = [x.dataSync(), x.dataSync()];
  expect(asked).toEqual([x.size * 4, x.size * 4]);
  expect(values.every((value, i) => value === i - 7)).toBe(true);
  values[0] = 99;
  expect(again[0]).toBe(-7);
  expect(x.dataSync()[0]).toBe(-7);
  expect(memory().numTensors).toBe(before);
  x.dispose();
});

it('a large bool tensor has its values', () => {
  const x = tensor(
    Array.from({ length: 70_000 }, (_, i) => i % 3 === 0),
    [70_000],
    'bool',
  );
  asked.length = 0;
  const values = x.dataSync();
  expect(asked).toEqual([70_000]);
  expect([...values.slice(0, 4)]).toEqual([1, 0, 0, 1]);
  expect(values.length).toBe(70_000);
  x.dispose();
});

it('a part of a large tensor is read from where it begins', () => {
  const x = reshape(range(0, 60_000), [200, 300]);
  const part = (backend() as BackendWasm).readSync(x.dataId, 300, 40_000);
  expect([part.length, part[0], part.at(-1)]).toEqual([39_700, 300, 39_999]);
  x.dispose();
});

it('small tensors and strings are read as before', () => {
  asked.length = 0;
  const [small, words] = [tensor([1, 2, 3]), tensor(['a', 'bc'])];
  expect([...small.dataSync()]).toEqual([1, 2, 3]);
  expect(words.dataSync()).toEqual(['a', 'bc']);
  expect(asked).toEqual([]);
  small.dispose();
  words.dispose();
});
