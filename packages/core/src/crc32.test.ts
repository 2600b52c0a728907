import { crc32 as ofZlib } from 'node:zlib';
import { expect, test } from 'vitest';
import { crc32 } from './crc32.js';
import { Rng } from './rng.js';

const text = (words: string) => new TextEncoder().encode(words);

test('is the published check value, and 0 of nothing', () => {
  expect(crc32(text('123456789'))).toBe(0xcbf43926);
  expect(crc32()).toBe(0);
  expect(crc32(text('1234'), text(''), text('56789'))).toBe(0xcbf43926);
});

test.skipIf(ofZlib === undefined)("is zlib's of random bytes", () => {
  const rng = Rng.fromSeed(1);
  for (const size of [1, 2, 3, 4, 5, 255, 256, 4099]) {
    const bytes = Uint8Array.from({ length: size }, () => Math.floor(rng.uniform(0, 256)));
    expect(crc32(bytes)).toBe(ofZlib(bytes));
  }
});
