import { FileError, Rng } from '@sshn/core';
import { describe, expect, it } from 'vitest';
import { buildBmp, bytesOf } from '../testing/build.js';
import { cpuTime } from '../testing/cpu-time.js';
import { goldenImages } from '../testing/golden.js';
import { decodeImage, decodeLabels, readImageHeader } from './decode.js';

const bitmaps = [8, 16, 24, 32].map((bits) =>
  buildBmp({
    width: 5,
    height: 3,
    bits,
    rows: Array.from({ length: 3 * Math.ceil((5 * bits) / 32) * 4 }, (_, i) => (i * 37) % 256),
    palette: bits === 8 ? Array.from({ length: 1024 }, (_, i) => (i % 4 === 3 ? 0 : i % 256)) : [],
  }),
);
const originals = [...goldenImages.map(({ bytes }) => bytes), ...bitmaps];

/** Cuts, flips, overwrites, inserts or removes a few bytes. */
function mutate(bytes: Uint8Array, rng: Rng): Uint8Array {
  const at = rng.integer(bytes.length + 1);
  const changed = bytes.slice();
  const random = Array.from({ length: rng.integer(30) }, () => rng.integer(256));
  switch (rng.integer(5)) {
    case 0:
      return bytes.slice(0, at);
    case 1:
      changed[at] = rng.integer(256);
      return changed;
    case 2:
      changed[at] = [0, 1, 127, 128, 255][rng.integer(5)]!;
      return changed;
    case 3:
      return bytesOf(bytes.subarray(0, at), random, bytes.subarray(at));
    default:
      return bytesOf(bytes.subarray(0, at), bytes.subarray(at + rng.integer(30)));
  }
}

describe('damaged files', () => {
  it('throw FileErrors and nothing else, soon', async () => {
    const rng = Rng.fromSeed(2024);
    let [read, refused, slowest] = [0, 0, 0];
    for (let i = 0; i < 1000; i++) {
      let bytes = originals[i % originals.length]!;
      for (let changes = 1 + rng.integer(4); changes > 0; changes--) bytes = mutate(bytes, rng);
      const before = cpuTime();
      for (const decode of [
        decodeImage,
        decodeLabels,
        async (b: Uint8Array, n: string) => readImageHeader(b, n),
      ]) {
        try {
          await decode(bytes, 'fuzz');
          read++;
        } catch (error) {
          if (!(error instanceof FileError)) throw error;
          expect(error.message).toMatch(/^fuzz: .*\. \S.*\.$/);
          expect(error.message).not.toContain('\n');
          refused++;
        }
      }
      slowest = Math.max(slowest, cpuTime() - before);
    }
    expect(read).toBeGreaterThan(50);
    expect(refused).toBeGreaterThan(1200);
    expect(slowest).toBeLessThan(2000);
  });
});
