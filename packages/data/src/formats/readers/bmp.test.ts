import { sharedFolder } from '@sshn-internal/testing';
import { describe, expect, it } from 'vitest';
import { type BmpParts, buildBmp } from '../../testing/build.js';
import { decodeImage, decodeLabels, readImageHeader } from '../decode.js';

/** Two pixels by two, rows from the bottom up, each padded to 4 bytes. */
const parts: BmpParts = {
  width: 2,
  height: 2,
  bits: 24,
  rows: [...[0, 0, 255, 0, 255, 0, 9, 9], ...[255, 0, 0, 51, 51, 51, 9, 9]],
};
/** Upper row blue and grey, lower row red and green. */
const expected = [0, 0, 1, 0.2, 0.2, 0.2, 1, 0, 0, 0, 1, 0].map(Math.fround);
const colors = [...[0, 0, 0, 0], ...[0, 0, 255, 0], ...[0, 255, 0, 0], ...[255, 255, 255, 0]];
const valuesOf = async (bmp: Partial<BmpParts>): Promise<number[]> => [
  ...(await decodeImage(buildBmp({ ...parts, ...bmp }), 'a.bmp')).values,
];

describe('BMP', () => {
  it('of 24 bits has its last row first and blue before red', async () => {
    expect(await valuesOf({})).toEqual(expected);
    const flipped = [...expected.slice(6), ...expected.slice(0, 6)];
    expect(await valuesOf({ height: -2 })).toEqual(flipped);
  });

  it('of 32 bits has a fourth byte that is dropped', async () => {
    const rows = [...[0, 0, 255, 7, 0, 255, 0, 7], ...[255, 0, 0, 0, 51, 51, 51, 255]];
    expect(await valuesOf({ bits: 32, rows })).toEqual(expected);
  });

  it('of 16 and 32 bits may say where its colors are', async () => {
    const swapped = [...[255, 0, 0, 0, 0, 255, 0, 0], ...[0, 0, 255, 0, 51, 51, 51, 0]];
    const masks = [0x0000ff, 0x00ff00, 0xff0000];
    expect(await valuesOf({ bits: 32, compression: 3, masks, rows: swapped })).toEqual(expected);
    // 5 bits each without masks: red 0x7c00, blue 0x001f; 5, 6 and 5 with them.
    const five = [0x00, 0x7c, 0xe0, 0x03];
    expect(await valuesOf({ height: 1, bits: 16, rows: five })).toEqual([1, 0, 0, 0, 1, 0]);
    const six = [0x00, 0xf8, 0xe0, 0x07];
    const wide = [0xf800, 0x07e0, 0x001f];
    expect(await valuesOf({ height: 1, bits: 16, compression: 3, masks: wide, rows: six })).toEqual([
      1, 0, 0, 0, 1, 0,
    ]);
  });

  it.each([
    [8, [3, 1, 0, 0, 0, 2, 0, 0]],
    [4, [0x31, 0, 0, 0, 0x02, 0, 0, 0]],
  ])('of %i bits has a palette; labels are its indices', async (bits, rows) => {
    const bmp = buildBmp({ ...parts, bits, palette: colors, rows });
    expect([...(await decodeLabels(bmp, 'a.bmp')).values]).toEqual([0, 2, 3, 1]);
    expect([...(await decodeImage(bmp, 'a.bmp')).values]).toEqual([0, 0, 0, 0, 1, 0, 1, 1, 1, 1, 0, 0]);
  });

  it('may be run-length coded, of 8 and 4 bits, with steps', async () => {
    const rle8 = buildBmp({
      ...parts,
      bits: 8,
      compression: 1,
      palette: colors,
      rows: [2, 3, 0, 0, 1, 1, 1, 2, 0, 1],
    });
    expect([...(await decodeLabels(rle8, 'a.bmp')).values]).toEqual([1, 2, 3, 3]);
    const wide = { ...parts, width: 5, height: 2, palette: colors };
    // Three as they are (filled to two bytes), a step by 1 and up 1, one pixel, the end.
    const absolute = [0, 3, 1, 2, 3, 0, 0, 2, 1, 1, 1, 3, 0, 1];
    const bmp = buildBmp({ ...wide, bits: 8, compression: 1, rows: absolute });
    expect([...(await decodeLabels(bmp, 'a.bmp')).values]).toEqual([0, 0, 0, 0, 3, 1, 2, 3, 0, 0]);
    const rle4 = buildBmp({
      ...wide,
      bits: 4,
      compression: 2,
      rows: [5, 0x12, 0, 0, 0, 5, 0x12, 0x30, 0x10, 0, 0, 1],
    });
    expect([...(await decodeLabels(rle4, 'a.bmp')).values]).toEqual([1, 2, 3, 0, 1, 1, 2, 1, 2, 1]);
  });

  it('of 2 bits has a palette', async () => {
    const bmp = buildBmp({
      ...parts,
      width: 4,
      height: 1,
      bits: 2,
      palette: colors,
      rows: [0b00011011, 0, 0, 0],
    });
    expect([...(await decodeLabels(bmp, 'a.bmp')).values]).toEqual([0, 1, 2, 3]);
  });

  it('of 1 bit, and with a palette of greys, is grey', async () => {
    const palette = [51, 51, 51, 0, 255, 255, 255, 0];
    const bmp = buildBmp({ ...parts, bits: 1, palette, rows: [0x40, 0, 0, 0, 0x80, 0, 0, 0] });
    expect(readImageHeader(bmp, 'a.bmp')).toEqual({ format: 'bmp', size: [2, 2], channels: 1, frames: 1 });
    expect([...(await decodeImage(bmp, 'a.bmp')).values]).toEqual([1, 0.2, 0.2, 1].map(Math.fround));
  });

  it('may have the header of OS/2', async () => {
    const palette = colors.filter((_, i) => i % 4 < 3);
    const full = [...palette, ...new Array<number>(3 * 252).fill(0)];
    const bmp = buildBmp({ ...parts, isCore: true, bits: 8, palette: full, rows: [3, 1, 0, 0, 0, 2, 0, 0] });
    expect([...(await decodeLabels(bmp, 'a.bmp')).values]).toEqual([0, 2, 3, 1]);
  });

  it.each([
    [{ rows: parts.rows.slice(0, 15) }, /15 of 16 bytes of its pixels are there/],
    [{ bits: 8, palette: colors, rows: [3, 4, 0, 0, 0, 2, 0, 0] }, /index 4 in a palette of 4 colors/],
    [{ bits: 8, palette: colors, compression: 2 }, /compressed pixels, which is not supported/],
    [{ bits: 8, palette: colors, compression: 1, rows: [9, 1] }, /runs that go beyond its rows/],
    [{ bits: 8, palette: colors, compression: 1, rows: [1, 1, 0, 0] }, /run-length coded pixels end early/],
    [{ bits: 7 }, /7 bits per pixel/],
    [{ width: -2 }, /a size of -2 × 2 pixels/],
    [{ height: 0 }, /a size of 2 × 0 pixels/],
    [{ width: 60_000, height: -60_000 }, /60000 × 60000 pixels, more than the limit/],
  ] as Array<[Partial<BmpParts>, RegExp]>)('is refused with %j', async (change, message) => {
    await expect(valuesOf(change)).rejects.toThrow(message);
  });
});

const wbc = sharedFolder('data/wbc/Dataset 2');
describe.skipIf(wbc === undefined)('a BMP of WBC', () => {
  it('has the bytes of its file in RGB', async () => {
    const { readFile } = await import('node:fs/promises');
    const bytes = await readFile(`${wbc}/001.bmp`);
    const { values, size } = await decodeImage(bytes, '001.bmp');
    expect(size).toEqual([300, 300]);
    for (const [y, x] of [
      [0, 0],
      [299, 299],
      [17, 254],
    ] as const) {
      const at = 54 + (299 - y) * 900 + x * 3;
      const pixel = values.subarray((y * 300 + x) * 3, (y * 300 + x) * 3 + 3);
      expect([...pixel]).toEqual([2, 1, 0].map((c) => Math.fround(bytes[at + c]! / 255)));
    }
  });
});
