import { FileError, ShapeError, ValueError } from '@sshn/core';
import { describe, expect, it } from 'vitest';
import { convertChannels, resizeImage } from '../geometry/resize.js';
import { buildPng, bytesOf } from '../testing/build.js';
import { cpuTime } from '../testing/cpu-time.js';
import { goldenImages, goldenSize, goldenValue } from '../testing/golden.js';
import { decodeImage, decodeLabels, readImageHeader } from './decode.js';

const [height, width] = goldenSize;
const grey = buildPng({ width: 2, height: 2, bits: 8, colorType: 0, pixels: [0, 0, 51, 0, 102, 255] });

describe.each(goldenImages)('$name, as libvips wrote it', (golden) => {
  const channels = golden.samples < 3 ? 1 : 3;

  it('decodes to the pattern, scaled to [0, 1], without alpha', async () => {
    const image = await decodeImage(golden.bytes, 'golden');
    expect([image.size, image.channels]).toEqual([goldenSize, channels]);
    expect(image.values).toHaveLength(height * width * channels);
    let worst = 0;
    for (let i = 0; i < image.values.length; i++) {
      const pixel = Math.floor(i / channels);
      const stored = goldenValue(golden, Math.floor(pixel / width), pixel % width, i % channels);
      worst = Math.max(worst, Math.abs(image.values[i]! - stored / (2 ** golden.bits - 1)));
    }
    const isSubsampled = golden.name.includes('4:2:0');
    expect(worst).toBeLessThan(golden.format === 'jpeg' ? (isSubsampled ? 0.05 : 0.02) : 1e-7);
  });

  it('is resized while it is read, with the same numbers as resizing it afterwards', async () => {
    const whole = await decodeImage(golden.bytes, 'golden');
    for (const size of [
      [height, width],
      [5, 31],
      [40, 7],
      [1, 1],
    ]) {
      for (const wanted of [1, 3] as const) {
        const sized = await decodeImage(golden.bytes, 'golden', { size, channels: wanted });
        expect(sized).toEqual(resizeImage(convertChannels(whole, wanted), size));
      }
    }
    await expect(decodeImage(golden.bytes, 'golden', { size: [3] })).rejects.toThrow(ShapeError);
    await expect(decodeImage(golden.bytes, 'golden', { size: [3, 0] })).rejects.toThrow(ValueError);
  });

  it('is the same in a Buffer that is a part of another, whose slices are views', async () => {
    const part = Buffer.concat([Buffer.alloc(3, 0xff), golden.bytes, Buffer.alloc(5, 0xff)]).subarray(3, -5);
    expect(await decodeImage(part, 'golden')).toEqual(await decodeImage(golden.bytes, 'golden'));
  });

  it('tells size and channels from its beginning', () => {
    expect(readImageHeader(golden.bytes, 'golden')).toEqual({
      format: golden.format,
      size: goldenSize,
      channels,
      frames: 1,
    });
  });

  it('does not mind bytes behind its end, nor where in a buffer it lies', async () => {
    const padded = bytesOf(new Uint8Array(3), golden.bytes, new Uint8Array(50).fill(7));
    const there = padded.subarray(3, 3 + golden.bytes.length + (golden.format === 'tiff' ? 0 : 50));
    expect(await decodeImage(there, 'golden')).toEqual(await decodeImage(golden.bytes, 'golden'));
  });

  it('is refused when cut off anywhere', async () => {
    // The last tenth of a TIFF may hold nothing but its resolution.
    for (let i = 0; i < 18; i++) {
      const cut = golden.bytes.subarray(0, Math.floor((golden.bytes.length * i) / 20));
      await expect(decodeImage(cut, 'cut.img')).rejects.toThrow(FileError);
    }
  });
});

describe('decodeImage', () => {
  it('goes by the bytes, not by the name', async () => {
    expect([...(await decodeImage(grey, 'photo.jpg')).values]).toEqual([0, 0.2, 0.4, 1].map(Math.fround));
  });

  it.each([
    ['GIF89a...', /cell: is a GIF, not a PNG, JPEG, BMP, TIFF or DICOM image\. Convert it/],
    ['RIFF1234WEBPVP8 ', /is a WebP image/],
    ['\0\0\0 ftypheic', /is a HEIF, AVIF or video file/],
    ['%PDF-1.7', /is a PDF/],
    [`${'\0'.repeat(128)}DICM`, /is a damaged or cut off DICOM file/],
    ['\x1f\x8b\x08', /compressed with gzip \(a NIfTI volume\?\)/],
    ['PK\x03\x04', /is a zip archive/],
    ['version https://git-lfs.github.com/spec/v1', /a pointer of Git LFS, not the file itself.*git lfs pull/],
    ['<!DOCTYPE html><html>', /text file in HTML or XML, as failed downloads leave/],
    ['', /cell: is empty/],
    ['no image at all', /cell: is not a PNG, JPEG, BMP, TIFF or DICOM image/],
  ])('says what %j is instead', async (text, message) => {
    await expect(decodeImage(bytesOf(text), 'cell')).rejects.toThrow(message);
    await expect(decodeLabels(bytesOf(text), 'cell')).rejects.toThrow(message);
    expect(() => readImageHeader(bytesOf(text), 'cell')).toThrow(message);
  });

  it('refuses large images before it takes memory for them', async () => {
    const huge = grey.slice();
    new DataView(huge.buffer).setUint32(16, 2 ** 31 - 1);
    new DataView(huge.buffer).setUint32(20, 2 ** 31 - 1);
    await expect(decodeImage(huge, 'huge.png')).rejects.toThrow(
      'huge.png: has 2147483647 × 2147483647 pixels, more than the limit of 67108864. Scale it down',
    );
    await expect(decodeImage(grey, 'small.png', { maxPixels: 3 })).rejects.toThrow(
      /more than the limit of 3/,
    );
    await expect(decodeLabels(grey, 'small.png', { maxPixels: 3 })).rejects.toThrow(
      /more than the limit of 3/,
    );
    await expect(decodeImage(grey, 'small.png', { maxPixels: 4 })).resolves.toBeDefined();
  });

  it.each(['png', 'jpeg', 'tiff'] as const)(
    'does not take the word of a small %s that it holds the largest size allowed',
    async (format) => {
      const { bytes } = goldenImages.find((g) => g.format === format && !g.name.includes('"none"'))!;
      const grown = bytes.slice();
      const view = new DataView(grown.buffer);
      if (format === 'png') {
        view.setUint32(16, 8192);
        view.setUint32(20, 8192);
      } else {
        const big = { jpeg: [0x20, 0x00], tiff: [0x00, 0x20] }[format];
        // Where height and width are stored, as 16-bit numbers.
        for (let i = 0; i + 1 < grown.length; i++) {
          const value = format === 'jpeg' ? view.getUint16(i) : view.getUint16(i, true);
          const isFrame = format === 'tiff' ? i > 8 : grown[i - 5] === 0xff || grown[i - 7] === 0xff;
          if ((value === height || value === width) && isFrame) grown.set(big, i);
        }
        expect(readImageHeader(grown, 'grown').size).toEqual([8192, 8192]);
      }
      const before = cpuTime();
      await expect(decodeImage(grown, 'grown')).rejects.toThrow(FileError);
      expect(cpuTime() - before).toBeLessThan(2000);
    },
  );

  it('keeps the cause of what went wrong in a codec', async () => {
    const error = await decodeImage(bytesOf('BM', [1, 2, 3]), 'broken.bmp').catch((e: unknown) => e);
    expect(error).toBeInstanceOf(FileError);
    expect(error).toMatchObject({
      path: 'broken.bmp',
      problem: expect.stringMatching(/damaged or cut off BMP/),
    });
    expect((error as FileError).cause).toBeInstanceOf(Error);
  });
});

describe('decodeLabels', () => {
  it('takes values as they are stored', async () => {
    expect(await decodeLabels(grey, 'a.png')).toEqual({
      values: Uint8Array.of(0, 51, 102, 255),
      size: [2, 2],
    });
  });

  it('takes palette indices, not colors', async () => {
    const palette = [0, 0, 0, 255, 0, 0, 0, 0, 255, 9, 9, 9];
    const indexed = buildPng({
      width: 4,
      height: 1,
      bits: 2,
      colorType: 3,
      palette,
      pixels: [0, 0b00011011],
    });
    expect([...(await decodeLabels(indexed, 'a.png')).values]).toEqual([0, 1, 2, 3]);
    const image = await decodeImage(indexed, 'a.png');
    expect(image.channels).toBe(3);
    expect([...image.values.subarray(3, 9)]).toEqual([1, 0, 0, 0, 0, 1]);
  });

  it('takes small numbers of 16 bits and color files that are grey, and refuses the rest', async () => {
    const deep = (...values: number[]): Uint8Array =>
      buildPng({
        width: values.length,
        height: 1,
        bits: 16,
        colorType: 0,
        pixels: [0, ...values.flatMap((v) => [v >> 8, v & 255])],
      });
    expect([...(await decodeLabels(deep(3, 255), 'a.png')).values]).toEqual([3, 255]);
    await expect(decodeLabels(deep(3, 256), 'a.png')).rejects.toThrow(
      'a.png: holds the label 256, and labels go from 0 to 255. Renumber the labels from 0 up; cells',
    );
    const color = (...pixels: number[]): Uint8Array =>
      buildPng({ width: pixels.length / 3, height: 1, bits: 8, colorType: 2, pixels: [0, ...pixels] });
    expect([...(await decodeLabels(color(0, 0, 0, 7, 7, 7), 'a.png')).values]).toEqual([0, 7]);
    await expect(decodeLabels(color(0, 0, 0, 7, 7, 8), 'a.png')).rejects.toThrow(/is a color image/);
  });

  it('refuses JPEG, whose compression changes labels', async () => {
    const { bytes } = goldenImages.find(({ format }) => format === 'jpeg')!;
    await expect(decodeLabels(bytes, 'a.png')).rejects.toThrow(
      /a\.png: is a JPEG, whose compression changes/,
    );
  });
});

describe('a large picture', () => {
  it('that is resized while it is read has the same numbers, strip by strip', async () => {
    const [rows, columns] = [1100, 600];
    const pixels = Array.from({ length: rows * (columns + 1) }, (_, i) =>
      i % (columns + 1) === 0 ? 0 : (i * 7 + (i >> 5)) % 256,
    );
    const file = buildPng({ width: columns, height: rows, bits: 8, colorType: 0, pixels });
    const whole = await decodeImage(file, 'large.png');
    const sized = await decodeImage(file, 'large.png', { size: [64, 48] });
    expect(sized).toEqual(resizeImage(whole, [64, 48]));
  });
});
