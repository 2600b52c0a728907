import { Rng } from '@sshn/core';
import { describe, expect, it } from 'vitest';
import { buildPng, bytesOf, type PngParts } from '../../testing/build.js';
import { decodeImage, readImageHeader } from '../decode.js';

const parts: PngParts = { width: 2, height: 1, bits: 8, colorType: 0, pixels: [0, 0, 255] };
const valuesOf = async (png: Partial<PngParts>): Promise<number[]> => [
  ...(await decodeImage(buildPng({ ...parts, ...png }), 'a.png')).values,
];

describe('PNG', () => {
  it.each([
    [1, [0, 0b01000000], [0, 1]],
    [2, [0, 0b01110000], [1 / 3, 1]],
    [4, [0, 0x3f], [3 / 15, 1]],
    [16, [0, 0x12, 0x34, 0xff, 0xff], [0x1234 / 65535, 1]],
  ])('with %i bits is scaled to [0, 1] by them', async (bits, pixels, expected) => {
    expect(await valuesOf({ bits, pixels })).toEqual(expected.map(Math.fround));
  });

  it('with a palette of greys is grey, with colors RGB', async () => {
    const grey = buildPng({
      ...parts,
      colorType: 3,
      palette: [51, 51, 51, 255, 255, 255],
      pixels: [0, 1, 0],
    });
    expect(readImageHeader(grey, 'a.png').channels).toBe(1);
    expect([...(await decodeImage(grey, 'a.png')).values]).toEqual([1, Math.fround(0.2)]);
    const color = buildPng({ ...parts, colorType: 3, palette: [51, 0, 0, 0, 255, 0], pixels: [0, 1, 0] });
    expect(readImageHeader(color, 'a.png').channels).toBe(3);
    expect([...(await decodeImage(color, 'a.png')).values]).toEqual([0, 1, 0, Math.fround(0.2), 0, 0]);
  });

  it('drops alpha and keeps the color under it as stored', async () => {
    expect(await valuesOf({ colorType: 4, pixels: [0, 255, 0, 51, 255] })).toEqual([1, Math.fround(0.2)]);
    expect(await valuesOf({ colorType: 6, pixels: [0, 255, 0, 51, 0, 0, 0, 0, 9] })).toEqual(
      [1, 0, 0.2, 0, 0, 0].map(Math.fround),
    );
  });

  it('is read whatever texts and profiles come with it', async () => {
    const extra = [
      ['tEXt', bytesOf('no separator, which is not allowed')],
      ['iCCP', bytesOf('profile\0\0 not compressed at all')],
      ['tRNS', bytesOf('far too long for one grey')],
    ] as const;
    expect(await valuesOf({ extra })).toEqual([0, 1]);
  });

  it.each([
    [{ pixels: [0, 0] }, /2 of 3 bytes of its pixels are there/],
    [{ pixels: [9, 0, 255] }, /a row with filter 9/],
    [{ bits: 3 }, /color type 0, 3 bits/],
    [{ colorType: 5 }, /color type 5/],
    [{ colorType: 3 }, /its palette is missing/],
    [{ colorType: 3, palette: [1, 1, 1] }, /index 255 in a palette of 1 colors/],
    [{ interlace: 2 }, /interlacing 2/],
    [{ width: 0 }, /a size of 0 × 1 pixels/],
    [{ extra: [['IHDR', new Uint8Array(13).fill(1)]] }, /it has two headers/],
  ] as Array<[Partial<PngParts>, RegExp]>)('is refused with %j', async (change, message) => {
    await expect(valuesOf(change)).rejects.toThrow(message);
  });

  it.each([
    ['grey of 4 bits', 4, 0, 3, 1],
    ['grey of 8 bits', 8, 0, 5, 1],
    ['grey of 16 bits', 16, 0, 10, 2],
    ['8 bits in color', 8, 2, 15, 3],
    ['16 bits with alpha', 16, 6, 40, 8],
  ] as const)('of %s has its rows back, whatever their filters', async (_, bits, colorType, length, back) => {
    // The same rows, all as they are and each under another filter, the first row under every one.
    const rng = Rng.fromSeed(3);
    const bytes = Array.from({ length: 7 }, () => Array.from({ length }, () => rng.integer(256)));
    const at = (y: number, i: number): number => bytes[y]?.[i] ?? 0;
    const filteredFrom = (first: number): number[] =>
      bytes.flatMap((row, y) => {
        const filter = (first + y) % 5;
        const taken = row.map((byte, i) => {
          const [left, above, corner] = [at(y, i - back), at(y - 1, i), at(y - 1, i - back)];
          const estimate = left + above - corner;
          const nearest = [left, above, corner].reduce((best, one) =>
            Math.abs(estimate - one) < Math.abs(estimate - best) ? one : best,
          );
          return byte - [0, left, above, Math.floor((left + above) / 2), nearest][filter]!;
        });
        return [filter, ...taken];
      });
    const shape = { width: 5, height: 7, bits, colorType };
    const plain = await valuesOf({ ...shape, pixels: bytes.flatMap((row) => [0, ...row]) });
    for (const first of [0, 1, 2, 3, 4]) {
      expect(await valuesOf({ ...shape, pixels: filteredFrom(first) })).toEqual(plain);
    }
  });

  it('is turned as EXIF says', async () => {
    const exif = bytesOf('II', [42, 0, 8, 0, 0, 0, 1, 0], [0x12, 0x01, 3, 0, 1, 0, 0, 0, 3, 0, 0, 0]);
    expect(await valuesOf({ extra: [['eXIf', exif]] })).toEqual([1, 0]);
    expect(await valuesOf({ extra: [['eXIf', bytesOf('II')]] })).toEqual([0, 1]);
  });

  it('is read interlaced at 1 bit', async () => {
    // Of 3 × 3 pixels: the first alone, then (2, 0), then (0, 2) and (2, 2), then the rest.
    const pixels = [0, 0x80, 0, 0x80, 0, 0x80, 0, 0, 0, 0x80, 0, 0b01000000];
    const seen = await valuesOf({ width: 3, height: 3, bits: 1, interlace: 1, pixels });
    expect(seen).toHaveLength(9);
  });

  it('is refused when a bit of its pixels has flipped', async () => {
    const bytes = buildPng(parts);
    const at = bytes.length - 20;
    for (const bit of [0, 3, 7]) {
      const flipped = bytes.with(at, bytes[at]! ^ (1 << bit));
      await expect(decodeImage(flipped, 'a.png')).rejects.toThrow(/a\.png: is a damaged or cut off PNG file/);
    }
  });

  it('that inflates to more than its size allows is refused before it fills the memory', async () => {
    const bomb = buildPng({ ...parts, pixels: new Uint8Array(50e6) });
    expect(bomb.length).toBeLessThan(60e3);
    const before = process.memoryUsage().rss;
    await expect(decodeImage(bomb, 'bomb.png')).rejects.toThrow(/it holds more data than its size allows/);
    expect(process.memoryUsage().rss - before).toBeLessThan(25e6);
  });
});
