import { existsSync, readFileSync } from 'node:fs';
import { FileError, Rng, ValueError } from '@sshn/core';
import { sharedFolder } from '@sshn-internal/testing';
import { describe, expect, it } from 'vitest';
import { decodeImage, decodeLabels, readImageHeader } from '../../formats/decode.js';
import { cpuTime } from '../../testing/cpu-time.js';
// Files by pydicom, and what it reads from them: see generate-dicom.py.
import golden from '../../testing/dicom.json' with { type: 'json' };

import { goldenImages, goldenValue } from '../../testing/golden.js';
import { expectClose } from '../../testing/volumes.js';
import { decodeDicom } from './decode.js';

const bytesOf = (base64: string) => Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
const goldenFile = (wanted: string) => bytesOf(golden.files.find(({ name }) => name === wanted)!.base64);
const slices = golden.stack.slices.map((base64, i) => ({ name: `${i}.dcm`, bytes: bytesOf(base64) }));
const isColor = (name: string) => /RGB|YBR|COLOR/.test(name);

describe('one file', () => {
  it.each(golden.files.filter(({ name }) => !isColor(name) && name !== 'MONOCHROME1'))(
    '$name: the numbers that pydicom reads',
    async ({ base64, shape, values }) => {
      const volume = await decodeDicom([{ name: 'x.dcm', bytes: bytesOf(base64) }]);
      expect(volume.shape).toEqual(shape.length === 2 ? [1, ...shape] : shape);
      expect([...volume.data]).toEqual(values);
      if (shape.length === 3) expect(volume.spacingMm).toEqual([4, 2, 3]);
    },
  );

  it.each(golden.files.filter(({ name }) => isColor(name)))('$name: the colors', async (file) => {
    const { values, size, channels } = await decodeImage(bytesOf(file.base64), 'x.dcm');
    expect([...size, channels]).toEqual(file.shape);
    const full = file.name.startsWith('PALETTE') ? 65535 : 255;
    // pydicom rounds YBR's products in its own way, by one at most.
    const tolerance = file.name === 'YBR_FULL' ? 1.01 / 255 : 1e-6;
    for (const [i, value] of values.entries())
      expect(Math.abs(value - file.values[i]! / full)).toBeLessThanOrEqual(tolerance);
    await expect(decodeDicom([{ name: 'x.dcm', bytes: bytesOf(file.base64) }])).rejects.toThrow(
      /colors, as a volume/,
    );
  });

  it('as an image: by its bits, or its own numbers where they are rescaled; inverse ones turned', async () => {
    const scaled = golden.files.find(({ name }) => name === '12 of 16 bits')!;
    const image = await decodeImage(bytesOf(scaled.base64), 'x.dcm');
    expectClose(
      [...image.values],
      scaled.values.map((value) => value / 4095),
      6,
    );
    const rescaled = golden.files.find(({ name }) => name.startsWith('rescaled'))!;
    expect([...(await decodeImage(bytesOf(rescaled.base64), 'x.dcm')).values]).toEqual(rescaled.values);
    const inverse = golden.files.find(({ name }) => name === 'MONOCHROME1')!;
    const turned = await decodeImage(bytesOf(inverse.base64), 'x.dcm');
    expectClose(
      [...turned.values],
      inverse.values.map((value) => value / 4095),
      6,
    );
    expect((await decodeDicom([{ name: 'x', bytes: bytesOf(inverse.base64) }])).data[0]).toBe(
      4095 - inverse.values[0]!,
    );
    expect(readImageHeader(goldenFile('RGB'), 'x')).toEqual({
      format: 'dicom',
      size: [3, 5],
      channels: 3,
      frames: 1,
    });
    expect([...(await decodeLabels(goldenFile('8 bits'), 'x')).values]).toEqual(golden.files[0]!.values);
    await expect(decodeImage(goldenFile('frames'), 'x.dcm')).rejects.toThrow(
      'x.dcm: is a DICOM file of 4 frames, and one is expected. Choose one with `frame` (--frame), 0 to 3, or read all as a volume with `decodeDicom`.',
    );
  });

  it('holds a JPEG', async () => {
    for (const image of goldenImages.filter(({ format }) => format === 'jpeg')) {
      const { bytes, samples } = image;
      const plain = await decodeImage(bytes, 'plain');
      const inside = await decodeImage(wrapped(bytes, plain.size, samples), 'wrapped');
      expect([inside.size, inside.channels]).toEqual([plain.size, plain.channels]);
      const [, width] = plain.size as [number, number];
      const off = Array.from(inside.values, (value, i) => {
        const pixel = Math.floor(i / samples);
        return Math.abs(
          255 * value - goldenValue(image, Math.floor(pixel / width), pixel % width, i % samples),
        );
      });
      expect(off.reduce((sum, value) => sum + value, 0) / off.length).toBeLessThan(1.2);
      await expect(decodeImage(wrapped(bytes, [3, 5], samples), 'wrapped')).rejects.toThrow(
        'wrapped: is a damaged or cut off DICOM file (its JPEG is of another size)',
      );
    }
  });
});

describe('a series', () => {
  it.each([
    ['of files in any order', slices],
    ['of frames in one file', [{ name: 'enhanced.dcm', bytes: bytesOf(golden.stack.enhanced) }]],
  ])('%s becomes a volume in its place', async (_, files) => {
    const { data, shape, affine, spacingMm } = await decodeDicom(files);
    expect(shape).toEqual(golden.stack.shape);
    expect([...data]).toEqual(golden.stack.values);
    for (const [i, row] of affine.entries()) expectClose([...row], golden.stack.affine[i]!, 6);
    expectClose([...spacingMm], [2.5, 0.5, 0.75], 6);
  });

  it('is refused with a slice missing or twice, of another series, or among other files', async () => {
    const other = { name: 'other.dcm', bytes: goldenFile('8 bits') };
    const without = slices.filter((_, i) => i !== 3);
    await expect(decodeDicom(without)).rejects.toThrow(
      /^0\.dcm: lies 5\.00 mm behind 1\.dcm, and slices are 3\.75 mm apart on average\. Add the slices/,
    );
    await expect(decodeDicom([...slices, { ...slices[0]!, name: 'again.dcm' }])).rejects.toThrow(
      /^again\.dcm: has a slice at the place of one in 0\.dcm\./,
    );
    await expect(decodeDicom([...slices, other])).rejects.toThrow(/^other\.dcm: /);
    await expect(decodeDicom([{ name: 'a.png', bytes: goldenImages[0]!.bytes }])).rejects.toThrow(
      /^a\.png: is not a DICOM file\./,
    );
    await expect(decodeDicom([])).rejects.toThrow(ValueError);
    await expect(decodeDicom(slices, { maxVoxels: 59 })).rejects.toThrow(/more than the limit of 59/);
    const elsewhere = replaced(slices[0]!.bytes, '.498.1\0', '.498.2\0');
    await expect(decodeDicom([slices[1]!, { name: 'b.dcm', bytes: elsewhere }])).rejects.toThrow(
      /^b\.dcm: is of another series than 1\.dcm\./,
    );
  });

  it('names the compression that it does not read', async () => {
    const video = wrapped(new Uint8Array(8), [3, 5], 1, '1.2.840.10008.1.2.4.102');
    await expect(decodeDicom([{ name: 'x.dcm', bytes: video }])).rejects.toThrow(
      'x.dcm: is a DICOM file with a video, which is not supported. Export its frames as images.',
    );
    const unknown = wrapped(new Uint8Array(8), [3, 5], 1, '1.2.840.10008.1.2.4.90');
    await expect(decodeDicom([{ name: 'x.dcm', bytes: unknown }])).rejects.toThrow(
      'x.dcm: is a damaged or cut off DICOM file (a frame that begins like no compression that is read).',
    );
  });
});

it('throws FileErrors and nothing else for damaged files, soon', async () => {
  const rng = Rng.fromSeed(7);
  const originals = [...golden.files.map(({ base64 }) => bytesOf(base64)), bytesOf(golden.stack.enhanced)];
  let [read, refused, slowest] = [0, 0, 0];
  for (let i = 0; i < 1500; i++) {
    const original = originals[i % originals.length]!;
    const bytes = rng.integer(3) === 0 ? original.slice(0, rng.integer(original.length)) : original.slice();
    for (let changes = rng.integer(4); changes > 0; changes--)
      bytes[132 + rng.integer(Math.max(1, bytes.length - 132))] = [0, 1, 127, 255, rng.integer(256)][
        rng.integer(5)
      ]!;
    const before = cpuTime();
    for (const decode of [
      async () => decodeDicom([{ name: 'fuzz', bytes }]),
      async () => decodeImage(bytes, 'fuzz'),
    ]) {
      try {
        await decode();
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
  expect(read).toBeGreaterThan(200);
  expect(refused).toBeGreaterThan(1000);
  expect(slowest).toBeLessThan(2000);
});

const folder = sharedFolder('data/formats/dicom');
describe.skipIf(folder === undefined)('files of scanners', () => {
  // Sums by pydicom 2.3.
  it.each([
    ['CT_small.dcm', [1, 128, 128], -1_950_906],
    ['MR_small.dcm', [1, 64, 64], 2_125_338],
    ['MR_small_RLE.dcm', [1, 64, 64], 2_125_338],
    ['MR_small_bigendian.dcm', [1, 64, 64], 2_125_338],
    ['MR_small_implicit.dcm', [1, 64, 64], 2_125_338],
    ['image_dfl.dcm', [1, 512, 512], 33_322_688],
  ])('%s', async (name, shape, total) => {
    const volume = await decodeDicom([{ name, bytes: new Uint8Array(readFileSync(`${folder}/${name}`)) }]);
    expect(volume.shape).toEqual(shape);
    expect((volume.data as Float32Array).reduce((sum, value) => sum + value, 0)).toBe(total);
  });

  it.each(['MR_truncated.dcm', 'no_meta.dcm'])('%s is refused', async (name) => {
    expect(existsSync(`${folder}/${name}`)).toBe(true);
    const bytes = new Uint8Array(readFileSync(`${folder}/${name}`));
    await expect(decodeDicom([{ name, bytes }])).rejects.toThrow(FileError);
  });
});

/** Where text occurs last in a file, other text of the same length in its place. */
function replaced(bytes: Uint8Array, from: string, to: string): Uint8Array {
  const text = String.fromCharCode(...bytes);
  expect(text).toContain(from);
  expect(to).toHaveLength(from.length);
  const at = text.lastIndexOf(from);
  const changed = text.slice(0, at) + to + text.slice(at + from.length);
  return Uint8Array.from(changed, (c) => c.charCodeAt(0));
}

/** A compressed image as the one frame of a DICOM file. */
function wrapped(
  content: Uint8Array,
  [height, width]: readonly number[],
  samples: number,
  syntax = '1.2.840.10008.1.2.4.50',
): Uint8Array {
  const u16 = (...values: number[]) => values.flatMap((value) => [value & 255, value >> 8]);
  const u32 = (value: number) => [...u16(value & 0xffff), ...u16(value >>> 16)];
  const ascii = (text: string) => [...text].map((c) => c.charCodeAt(0));
  const padded = (text: string, pad: string) => ascii(text.length % 2 === 0 ? text : text + pad);
  const element = (group: number, tag: number, vr: string, value: number[]) => [
    ...u16(group, tag),
    ...ascii(vr),
    ...u16(value.length),
    ...value,
  ];
  const transfer = element(2, 0x10, 'UI', padded(syntax, '\0'));
  const kind = samples === 1 ? 'MONOCHROME2' : 'YBR_FULL_422';
  const even = content.length % 2 === 0 ? [...content] : [...content, 0];
  return Uint8Array.from([
    ...new Array(128).fill(0),
    ...ascii('DICM'),
    ...element(2, 0, 'UL', u32(transfer.length)),
    ...transfer,
    ...element(0x28, 2, 'US', u16(samples)),
    ...element(0x28, 4, 'CS', padded(kind, ' ')),
    ...element(0x28, 0x10, 'US', u16(height!)),
    ...element(0x28, 0x11, 'US', u16(width!)),
    ...element(0x28, 0x100, 'US', u16(8)),
    ...element(0x28, 0x103, 'US', u16(0)),
    ...u16(0x7fe0, 0x10),
    ...ascii('OB'),
    ...u16(0),
    ...u32(0xffffffff),
    ...u16(0xfffe, 0xe000),
    ...u32(0),
    ...u16(0xfffe, 0xe000),
    ...u32(even.length),
    ...even,
    ...u16(0xfffe, 0xe0dd),
    ...u32(0),
  ]);
}
