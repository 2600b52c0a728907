import { FileError } from '@sshn/core';
import { describe, expect, it } from 'vitest';
import { decodeImage } from '../../formats/decode.js';
import { cpuTime } from '../../testing/cpu-time.js';
// Files by dcmtk, Pillow and OpenJPH, and what dcmtk and pydicom read from them: see generate-compressed-dicom.py.
import golden from '../../testing/dicom-compressed.json' with { type: 'json' };
import { decodeDicom } from './decode.js';

const bytesOf = (base64: string) => Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
const [height, width] = golden.size as [number, number];
const files = golden.files.map((file) => ({ ...file, bytes: bytesOf(file.base64) }));
/** Cosine transforms are rounded in ways of one's own. */
const isLossy = (name: string) => /baseline|extended|with loss/.test(name);

async function valuesIn(name: string, bytes: Uint8Array): Promise<number[]> {
  if (/RGB/.test(name))
    return [...(await decodeImage(bytes, 'x')).values].map((value) => Math.round(value * 255));
  const { data, shape } = await decodeDicom([{ name: 'x.dcm', bytes }]);
  expect(shape).toEqual([name.includes('frames') ? 3 : 1, height, width]);
  return [...data];
}

describe('compressed frames', () => {
  it.each(files)('$name', async ({ name, bytes, values }) => {
    const read = await valuesIn(name, bytes);
    expect(read).toHaveLength(values.length);
    const worst = Math.max(...read.map((value, i) => Math.abs(value - values[i]!)));
    expect(worst).toBeLessThanOrEqual(isLossy(name) ? 1 : 0);
    // What is compared is no blank picture.
    expect(new Set(values).size).toBeGreaterThan(20);
  });

  it('choose their codec by themselves, whatever the transfer syntax says', async () => {
    for (const { name, syntax, bytes, values } of files.filter((file) => !isLossy(file.name))) {
      const text = String.fromCharCode(...bytes);
      const at = text.indexOf(syntax);
      const other = '1.2.840.10008.1.2.1'.padEnd(syntax.length + (syntax.length % 2), '\0');
      const changed = bytes.slice();
      for (let i = 0; i < other.length; i++) changed[at + i] = other.charCodeAt(i);
      expect(await valuesIn(name, changed)).toEqual(values);
    }
  });

  it('are refused when they promise work without end', async () => {
    const file = (name: string) => files.find((other) => other.name === name)!.bytes;
    const patched = (
      bytes: Uint8Array,
      marker: readonly number[],
      offset: number,
      values: readonly number[],
    ) => {
      const at = bytes.findIndex((_, i) => marker.every((byte, k) => bytes[i + k] === byte));
      const changed = bytes.slice();
      changed.set(values, at + offset);
      return changed;
    };
    const jpeg2000 = file('JPEG 2000, 8 bits');
    // Tiles of one pixel: one for each. Layers: as many as 16 bits count.
    const tiles = patched(jpeg2000, [0xff, 0x4f, 0xff, 0x51], 24, [0, 0, 0, 1, 0, 0, 0, 1]);
    await expect(valuesIn('tiles', tiles)).rejects.toThrow(/lacks tiles/);
    const layers = patched(jpeg2000, [0xff, 0x52, 0, 12], 6, [0xff, 0xff]);
    await expect(valuesIn('layers', patched(layers, [0xff, 0x52, 0, 12], 9, [200]))).rejects.toThrow(
      /JPEG 2000 of 13172535 packets/,
    );
  });

  it('are refused soon where JPEG-LS lacks its last marker', async () => {
    // Bytes on which CharLS alone computes for a quarter of a minute.
    const { name, bytes } = files.find((file) => file.name === 'JPEG-LS, RGB')!;
    const changed = bytes.slice();
    const begin = changed.findIndex((byte, i) => byte === 0xff && changed[i + 1] === 0xd8);
    for (const [at, byte] of [
      [77, 254],
      [153, 24],
      [195, 1],
      [214, 1],
    ] as const)
      changed[begin + at] = byte;
    const start = cpuTime();
    await expect(valuesIn(name, changed)).rejects.toThrow(/its JPEG-LS has no end/);
    expect(cpuTime() - start).toBeLessThan(1000);
  });

  it('are refused when they are cut off, at any place', async () => {
    for (const { name, bytes } of files.filter((file) => !file.name.includes('frames'))) {
      const begin = bytes.length - 60;
      for (const share of [0.1, 0.5, 0.9]) {
        const cut = bytes.slice(0, Math.floor(400 + (begin - 400) * share));
        await expect(valuesIn(name, cut)).rejects.toThrow(FileError);
      }
    }
  });
});
