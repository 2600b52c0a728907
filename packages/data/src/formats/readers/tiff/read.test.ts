import { FileError } from '@sshn/core';
import { sharedFolder } from '@sshn-internal/testing';
import { zlibSync } from 'fflate';
import { decode as decodeByPeer } from 'tiff';
import { describe, expect, it } from 'vitest';
import { buildTiff, type TiffParts } from '../../../testing/build.js';
import { decodeImage, decodeLabels, readImageHeader } from '../../decode.js';

/** Three pixels by two, grey. */
const tags = { 256: [3], 257: [2], 258: [8], 259: [1], 262: [1], 277: [1], 278: [2] };
const block = [0, 51, 102, 153, 204, 255];
const ramp = [0, 0.2, 0.4, 0.6, 0.8, 1].map(Math.fround);
const build = (
  change: TiffParts['tags'] = {},
  blocks: TiffParts['blocks'] = [block],
  more = {},
): Uint8Array => buildTiff({ tags: { ...tags, ...change }, blocks, ...more });
const valuesOf = async (...given: Parameters<typeof build>): Promise<number[]> => [
  ...(await decodeImage(build(...given), 'a.tif')).values,
];

describe('TIFF', () => {
  it('reads strips, however the rows are divided, the last one cut or padded', async () => {
    expect(await valuesOf()).toEqual(ramp);
    expect(await valuesOf({ 278: [1] }, [block.slice(0, 3), block.slice(3)])).toEqual(ramp);
    expect(await valuesOf({ 278: [2 ** 32 - 1] })).toEqual(ramp);
    expect(await valuesOf({ 278: [5] }, [[...block, 1, 2, 3, 4, 5, 6, 7, 8, 9]])).toEqual(ramp);
  });

  it('reads tiles, which reach over the border', async () => {
    const tiled = { 322: [2], 323: [2], 278: [] };
    const tiles = [
      [0, 51, 153, 204],
      [102, 9, 255, 9],
    ];
    expect(await valuesOf(tiled, tiles, { isTiled: true })).toEqual(ramp);
  });

  it('reads samples side by side and in planes, and drops alpha', async () => {
    const color = { 256: [2], 257: [1], 258: [8, 8, 8], 262: [2], 277: [3] };
    const rgb = [1, 0, 0.2, 0.4, 0.6, 0.8].map(Math.fround);
    expect(await valuesOf(color, [[255, 0, 51, 102, 153, 204]])).toEqual(rgb);
    expect(
      await valuesOf({ ...color, 284: [2] }, [
        [255, 102],
        [0, 153],
        [51, 204],
      ]),
    ).toEqual(rgb);
    const alpha = { ...color, 258: [8, 8, 8, 8], 277: [4], 338: [2] };
    expect(await valuesOf(alpha, [[255, 0, 51, 7, 102, 153, 204, 0]])).toEqual(rgb);
    expect(await valuesOf({ 277: [2], 258: [8, 8], 256: [2], 257: [1] }, [[255, 0, 51, 9]])).toEqual([
      1,
      Math.fround(0.2),
    ]);
  });

  it.each([
    [1, [0b01100000, 0b01000000], [0, 1, 1, 0, 1, 0]],
    [2, [0b00011000, 0b11000000], [0, 1 / 3, 2 / 3, 1, 0, 0]],
    [4, [0x03, 0x60, 0x9c, 0xf0], [0, 0.2, 0.4, 0.6, 0.8, 1]],
    [16, [0, 0, 255, 255, 0x34, 0x12, 0, 0, 0, 0, 1, 0], [0, 1, 0x1234 / 65535, 0, 0, 1 / 65535]],
  ])('of %i bits is scaled to [0, 1] by them', async (bits, bytes, expected) => {
    expect(await valuesOf({ 258: [bits] }, [bytes])).toEqual(expected.map(Math.fround));
  });

  it('reads signed integers as they are, 32 bits and 12 scaled by them', async () => {
    expect(await valuesOf({ 339: [2] }, [[0, 1, 127, 128, 254, 255]])).toEqual([0, 1, 127, -128, -2, -1]);
    const words = new Uint8Array(Uint32Array.of(0, 1, 2 ** 32 - 1).buffer);
    expect(await valuesOf({ 258: [32], 257: [1] }, [words])).toEqual([0, 2 ** -32, 1].map(Math.fround));
    expect([
      ...(
        await decodeLabels(
          build({ 258: [32], 339: [2], 257: [1] }, [new Uint8Array(Int32Array.of(0, 3, 255).buffer)]),
          'a.tif',
        )
      ).values,
    ]).toEqual([0, 3, 255]);
    expect(await valuesOf({ 258: [12], 257: [1] }, [[0xff, 0xf0, 0x01, 0x80, 0]])).toEqual(
      [1, 1 / 4095, 0x800 / 4095].map(Math.fround),
    );
    const color = { 256: [1], 257: [1], 258: [32, 32, 32], 262: [2], 277: [3] };
    expect(await valuesOf(color, [new Uint8Array(Uint32Array.of(2 ** 31, 0, 2 ** 32 - 1).buffer)])).toEqual(
      [2 ** 31 / (2 ** 32 - 1), 0, 1].map(Math.fround),
    );
  });

  it('reads half floats', async () => {
    const halves = new Uint8Array(Uint16Array.of(0x3c00, 0xc100, 0x0001).buffer);
    expect(await valuesOf({ 258: [16], 339: [3], 257: [1] }, [halves])).toEqual([1, -2.5, 2 ** -24]);
  });

  it('without a word on colors is grey or RGB by its samples', async () => {
    expect(await valuesOf({ 262: [] })).toEqual(ramp);
    expect(await valuesOf({ 262: [], 256: [2], 257: [1], 258: [8, 8, 8], 277: [3] })).toEqual(ramp);
  });

  it('reads tiles whose places are in the fields of strips, and bits from the lowest up', async () => {
    const tiles = [
      [0, 51, 153, 204],
      [102, 9, 255, 9],
    ];
    expect(await valuesOf({ 322: [2], 323: [2], 278: [] }, tiles)).toEqual(ramp);
    const mirrored = block.map((byte) =>
      Number.parseInt([...byte.toString(2).padStart(8, '0')].reverse().join(''), 2),
    );
    expect(await valuesOf({ 266: [2] }, [mirrored])).toEqual(ramp);
  });

  it.each([
    [1, [2, 3], [0, 1, 2, 3, 4, 5]],
    [2, [2, 3], [2, 1, 0, 5, 4, 3]],
    [3, [2, 3], [5, 4, 3, 2, 1, 0]],
    [4, [2, 3], [3, 4, 5, 0, 1, 2]],
    [5, [3, 2], [0, 3, 1, 4, 2, 5]],
    [6, [3, 2], [3, 0, 4, 1, 5, 2]],
    [7, [3, 2], [5, 2, 4, 1, 3, 0]],
    [8, [3, 2], [2, 5, 1, 4, 0, 3]],
  ])('of orientation %i is turned upright, labels too', async (orientation, size, order) => {
    const file = build({ 274: [orientation] });
    expect(readImageHeader(file, 'a.tif').size).toEqual(size);
    const image = await decodeImage(file, 'a.tif');
    expect([image.size, [...image.values]]).toEqual([size, order.map((i) => ramp[i])]);
    expect([...(await decodeLabels(file, 'a.tif')).values]).toEqual(order.map((i) => block[i]));
  });

  it('in which 0 is white is inverted, labels too', async () => {
    expect(await valuesOf({ 262: [0] })).toEqual(block.map((v) => Math.fround((255 - v) / 255)));
    expect([...(await decodeLabels(build({ 262: [0] }), 'a.tif')).values]).toEqual(block.map((v) => 255 - v));
  });

  it('keeps floating-point numbers as they are, and refuses those that are none, and labels', async () => {
    const floats = (...values: number[]): Uint8Array => new Uint8Array(Float32Array.from(values).buffer);
    const float = { 258: [32], 339: [3], 257: [1] };
    expect(await valuesOf(float, [floats(-1.5, 0, 1e6)])).toEqual([-1.5, 0, 1e6]);
    const doubles = new Uint8Array(Float64Array.of(0.1, 2, 3).buffer);
    expect(await valuesOf({ ...float, 258: [64] }, [doubles])).toEqual([0.1, 2, 3].map(Math.fround));
    await expect(valuesOf(float, [floats(1, Number.NaN, 2)])).rejects.toThrow(/not finite numbers/);
    await expect(decodeLabels(build(float, [floats(0, 1, 2)]), 'a.tif')).resolves.toMatchObject({
      values: Uint8Array.of(0, 1, 2),
    });
    await expect(decodeLabels(build(float, [floats(0, 1.5, 2)]), 'a.tif')).rejects.toThrow(
      /labels are whole/,
    );
    await expect(decodeLabels(build(float, [floats(0, -1, 2)]), 'a.tif')).rejects.toThrow(/go from 0 to 255/);
  });

  it('with a palette is RGB; labels are its indices; colors may have 16 bits or, wrongly, 8', async () => {
    const map = (full: number): number[] => {
      const colors = new Array<number>(48).fill(0);
      [colors[1], colors[16 + 2], colors[32 + 3]] = [full, full, full];
      return colors;
    };
    for (const full of [65535, 255]) {
      const file = build({ 258: [4], 262: [3], 320: map(full), 257: [1] }, [[0x12, 0x30]]);
      expect(readImageHeader(file, 'a.tif').channels).toBe(3);
      expect([...(await decodeImage(file, 'a.tif')).values]).toEqual([1, 0, 0, 0, 1, 0, 0, 0, 1]);
      expect([...(await decodeLabels(file, 'a.tif')).values]).toEqual([1, 2, 3]);
    }
  });

  it('reads Deflate under both of its numbers, PackBits with runs and empty codes, and the predictor', async () => {
    for (const compression of [8, 32946]) {
      expect(await valuesOf({ 259: [compression] }, [zlibSync(Uint8Array.from(block))])).toEqual(ramp);
    }
    // Three as they are, nothing, two times 9, one as it is.
    const packed = [2, 0, 51, 102, 128, 255, 9, 0, 255];
    expect(await valuesOf({ 259: [32773] }, [packed])).toEqual(
      [0, 0.2, 0.4, 9 / 255, 9 / 255, 1].map(Math.fround),
    );
    const differences = [0, 51, 51, 153, 51, 51];
    expect(await valuesOf({ 317: [2] }, [differences])).toEqual(ramp);
  });

  it.each([
    ['pages in a circle', {}, {}, { next: 8 }, /its pages form a circle/],
    ['24 bits', { 258: [24] }, {}, {}, /24-bit unsigned samples/],
    ['complex numbers', { 339: [6] }, {}, {}, /samples of format 6, such as complex numbers/],
    ['JPEG of 16 bits', { 259: [7], 258: [16] }, {}, {}, /JPEG of 1 samples of 16 bits/],
    ['JPEG that is none', { 259: [7] }, {}, {}, /its JPEG cannot be decoded/],
    [
      'hundreds of thousands of compressed strips',
      { 256: [10], 257: [200_000], 259: [8], 278: [1] },
      {},
      {},
      /200000 compressed strips or tiles/,
    ],
    ['bits that differ', { 277: [3], 258: [8, 8, 16], 262: [2] }, {}, {}, /samples of 8, 8, 16 bits/],
    ['5 channels', { 277: [5], 258: [8] }, {}, {}, /5 channels, which is not supported\. Save the channels/],
    ['CMYK', { 262: [5] }, {}, {}, /color space CMYK/],
    ['Zstandard', { 259: [50000] }, {}, {}, /compression Zstandard/],
    ['a predictor of floats', { 317: [3] }, {}, {}, /predictor 3 at 8 bits/],
    ['an orientation that is none', { 274: [9] }, {}, {}, /orientation 9/],
    ['a palette cut short', { 262: [3], 320: [1, 2, 3] }, {}, {}, /a palette of 3 numbers/],
    ['strips missing', { 278: [1] }, {}, {}, /1 of 2 strips or tiles are there/],
    ['strips behind the end', { 273: [1e6] }, {}, {}, /point behind its end or overlap/],
    [
      'strips that overlap',
      { 278: [1], 273: [8, 8], 279: [150, 150] },
      {},
      {},
      /point behind its end or overlap/,
    ],
    ['a strip too short', { 257: [3], 278: [3] }, {}, {}, /6 of 9 bytes of a strip are there/],
    ['no strips', { 273: [] }, {}, {}, /does not say where its pixels are|0 of 1 strips/],
    ['tiles without a size', {}, {}, { isTiled: true }, /blocks of 0 × 0 pixels/],
    [
      'tiles much larger than the image',
      { 322: [2048], 323: [2048] },
      {},
      { isTiled: true },
      /tiles of 2048 × 2048/,
    ],
    ['tiles far too large', { 322: [2 ** 20], 323: [2 ** 20] }, {}, { isTiled: true }, /tiles of 1048576/],
  ] as const)('with %s is refused', async (_, change, __, more, message) => {
    const file = build(change as TiffParts['tags'], [block], more);
    await expect(decodeImage(file, 'a.tif')).rejects.toThrow(message);
    await expect(decodeImage(file, 'a.tif')).rejects.toThrow(FileError);
  });
});

const samples = sharedFolder('data/formats/tiff');
describe.skipIf(samples === undefined)('TIFFs of users', () => {
  it.each([
    'color8',
    'float32',
    'grey16',
    'grey8-lzw',
    'grey8',
    'palette',
    'tile_rgb_deflate',
    'whiteIsZero',
  ])('%s has the values that another implementation reads', async (name) => {
    const { readFile } = await import('node:fs/promises');
    const bytes = await readFile(`${samples}/${name}.tif`);
    const image = await decodeImage(bytes, name);
    const [page] = decodeByPeer(bytes);
    const full = name === 'float32' ? 1 : 2 ** page!.bitsPerSample - 1;
    const colors = page!.palette?.map((color) => color.map((c) => c / 65535));
    const expected = Array.from(page!.data).flatMap((v) => colors?.[v] ?? [v / full]);
    expect(image.size).toEqual([page!.height, page!.width]);
    expect(image.values).toHaveLength(expected.length);
    expect(image.values.every((v, i) => v === Math.fround(expected[i]!))).toBe(true);
  });

  it('stack is refused with its number of pages', async () => {
    const { readFile } = await import('node:fs/promises');
    await expect(decodeImage(await readFile(`${samples}/stack.tif`), 'stack.tif')).rejects.toThrow(
      'stack.tif: is a TIFF stack of 10 pages, and one image is expected. Choose one with `frame` (--frame), 0 to 9',
    );
  });
});
