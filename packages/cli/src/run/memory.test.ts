import { expect, test } from 'vitest';
import { WordError } from '../config/values.js';
import { keepOptions, memoryWords, parseBytes } from './memory.js';

test.each([
  ['4GB', 4e9],
  ['512 mb', 512e6],
  ['1.5GiB', 1.5 * 2 ** 30],
  ['.5kB', 500],
  ['1000000', 1e6],
  ['0', 0],
])('%s is %d bytes', (text, bytes) => {
  expect(parseBytes(text)).toBe(bytes);
});

test.each(['', 'GB', '4 GBs', '-1GB', '1e9', 'four', '4GB2', '9999999999TB', 'toString'])(
  '%s is refused',
  (text) => {
    expect(() => parseBytes(text)).toThrow(WordError);
  },
);

test('images are kept in the run folder unless another is given', () => {
  expect(keepOptions('runs/a', {}).folder).toMatch(/^runs.a.images$/);
  expect(keepOptions('runs/a', { memory: 5, cache: 'kept' })).toEqual({ folder: 'kept', memoryBytes: 5 });
});

test('flags are passed on as they were', () => {
  expect(memoryWords({})).toEqual([]);
  const words = memoryWords({ memory: parseBytes('1.5GiB'), cache: 'my images' });
  expect(words).toEqual(['--memory', '1610612736', '--cache', 'my images']);
  expect(parseBytes(words[1]!)).toBe(1.5 * 2 ** 30);
});
