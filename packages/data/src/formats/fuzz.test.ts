import { readFileSync } from 'node:fs';
import { FileError, Rng } from '@sshn/core';
import { sharedFolder } from '@sshn-internal/testing';
import { zlibSync } from 'fflate';
import { describe, expect, it } from 'vitest';
import { buildBmp, buildPng, buildTiff, bytesOf } from '../testing/build.js';
import { cpuTime } from '../testing/cpu-time.js';
import { goldenImages } from '../testing/golden.js';
import { decodeStack } from '../volumes/stack.js';
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
const runs = buildBmp({
  width: 5,
  height: 2,
  bits: 8,
  compression: 1,
  rows: [5, 3, 0, 0, 0, 5, 1, 2, 3, 1, 2, 0, 0, 1],
});
const floats = buildTiff({
  tags: {
    256: [4],
    257: [3],
    258: [32],
    259: [8],
    262: [1],
    277: [1],
    278: [3],
    317: [3],
    339: [3],
    274: [6],
  },
  blocks: [zlibSync(Uint8Array.from({ length: 48 }, (_, i) => i))],
});
const interlaced = buildPng({
  width: 9,
  height: 7,
  bits: 2,
  colorType: 0,
  interlace: 1,
  pixels: Array.from({ length: 60 }, (_, i) => (i * 5) % 4),
});
const originals = [...goldenImages.map(({ bytes }) => bytes), ...bitmaps, runs, floats, interlaced];

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

describe('one flipped bit', () => {
  const value = (i: number): number => (i * 37 + (i >> 4) * 11) & 63;
  const pixels = Array.from({ length: 32 * 32 }, (_, i) => value(i));
  const rows = Array.from({ length: 32 }, (_, y) => [0, ...pixels.slice(32 * y, 32 * y + 32)]).flat();
  const files = {
    'a PNG': buildPng({ width: 32, height: 32, bits: 8, colorType: 0, pixels: rows }),
    'a TIFF with Deflate': buildTiff({
      tags: { 256: [32], 257: [32], 258: [8], 259: [8], 262: [1], 277: [1], 278: [32] },
      blocks: [zlibSync(Uint8Array.from(pixels))],
    }),
  };

  it.each(Object.entries(files))('in the compressed pixels of %s never goes unseen', async (name, bytes) => {
    const rng = Rng.fromSeed(9);
    // Where a zlib stream begins; a PNG ends in a checksum and a chunk of 12 bytes.
    const begin = bytes.findIndex(
      (byte, i) => byte === 0x78 && i > 20 && (0x7800 + bytes[i + 1]!) % 31 === 0,
    );
    const end = bytes.length - (name === 'a PNG' ? 16 : 0);
    for (let i = 0; i < 200; i++) {
      const flipped = bytes.slice();
      flipped[begin + rng.integer(end - begin)]! ^= 1 << rng.integer(8);
      await expect(decodeImage(flipped, 'flipped')).rejects.toThrow(FileError);
    }
  });
});

describe('small files that claim much', () => {
  const grey = { 258: [8], 262: [1], 277: [1] };
  it.each([
    [
      'tiles of 4 GB',
      { ...grey, 256: [8000], 257: [8000], 258: [64], 339: [3], 322: [2 ** 14], 323: [2 ** 15] },
      true,
    ],
    ['a size of 8192 × 8192', { ...grey, 256: [8192], 257: [8192], 259: [8], 278: [8192] }, false],
    ['200,000 strips', { ...grey, 256: [300], 257: [200_000], 259: [8], 278: [1] }, false],
  ] as const)('of TIFF, %s, are refused at once', async (_, tags, isTiled) => {
    const file = buildTiff({ tags, blocks: [zlibSync(new Uint8Array(100))], isTiled });
    const before = cpuTime();
    await expect(decodeImage(file, 'small.tif')).rejects.toThrow(FileError);
    expect(cpuTime() - before).toBeLessThan(1000);
  });
});

const cases = sharedFolder('cases');
describe.skipIf(cases === undefined)('files that went wrong', () => {
  it('are read as others read them', async () => {
    const jpeg = new Uint8Array(readFileSync(`${cases}/jpeg-no-eoi/noeoi.jpg`));
    expect((await decodeImage(jpeg, 'noeoi.jpg')).values.length).toBeGreaterThan(0);
    const imagej = new Uint8Array(readFileSync(`${cases}/tiff-imagej-single-ifd/imagejbig.tif`));
    expect(readImageHeader(imagej, 'imagejbig.tif').frames).toBe(3);
    await expect(decodeImage(imagej, 'imagejbig.tif')).rejects.toThrow(/stack of 3 pages/);
    expect((await decodeStack(imagej, 'imagejbig.tif')).shape[0]).toBe(3);
  });
});
