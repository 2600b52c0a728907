import { readFileSync } from 'node:fs';
import { FileError, Rng } from '@sshn/core';
import { sharedFolder } from '@sshn-internal/testing';
import { gzipSync, zipSync, zlibSync } from 'fflate';
import { describe, expect, it } from 'vitest';
import { buildBmp, buildPng, buildTiff, bytesOf } from '../testing/build.js';
import cmyk from '../testing/cmyk-jpeg.json' with { type: 'json' };
import { cpuTime } from '../testing/cpu-time.js';
import dicom from '../testing/dicom.json' with { type: 'json' };
import compressed from '../testing/dicom-compressed.json' with { type: 'json' };
import { dicomFile } from '../testing/dicom-files.js';
import { goldenImages } from '../testing/golden.js';
import mosaics from '../testing/mosaic.json' with { type: 'json' };
import { decodeDicom } from '../volumes/dicom/decode.js';
import { encodeSegmentation } from '../volumes/dicom/encode-segmentation.js';
import type { DicomSource } from '../volumes/dicom/series.js';
import { encodeNifti } from '../volumes/nifti/encode.js';
import { decodeVolume } from '../volumes/read.js';
import { decodeStack } from '../volumes/stack.js';
import { volumeOf } from '../volumes/volume.js';
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
const coded = buildBmp({
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
const originals = [...goldenImages.map(({ bytes }) => bytes), ...bitmaps, coded, floats, interlaced];

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

type Decode = (bytes: Uint8Array) => unknown;
const image: Decode = (bytes) => decodeImage(bytes, 'fuzz');
const labels: Decode = (bytes) => decodeLabels(bytes, 'fuzz');
const header: Decode = (bytes) => readImageHeader(bytes, 'fuzz');
const volume: Decode = (bytes) => decodeVolume(bytes, 'fuzz');
const series: Decode = (bytes) => decodeDicom([{ name: 'fuzz', bytes }]);
const bytesIn = (base64: string): Uint8Array => Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));

const scan = volumeOf(
  Int16Array.from({ length: 60 }, (_, i) => i * 37 - 500),
  [3, 4, 5],
);
const plain = encodeNifti(scan, { gzip: false });
const labelled = { ...scan, data: Uint8Array.from(scan.data, (_, i) => i % 3) };
const nrrd = (encoding: string, data: Uint8Array | string): Uint8Array => {
  const head = ['NRRD0004', 'type: short', 'dimension: 3', 'sizes: 5 4 3', 'endian: little'];
  return bytesOf([...head, `encoding: ${encoding}`, '', ''].join('\n'), data);
};
const voxels = new Uint8Array(scan.data.buffer);
const npy = bytesOf(
  [0x93, ...new TextEncoder().encode('NUMPY'), 1, 0, 118, 0],
  `{'descr': '<i2', 'fortran_order': False, 'shape': (3, 4, 5), }`.padEnd(117),
  '\n',
  voxels,
);

/** Every format, with every way it is read; `pack` is applied to the changed bytes, so that checksums are right. */
const kinds: ReadonlyArray<{
  readonly name: string;
  readonly files: readonly Uint8Array[];
  readonly decoders: readonly Decode[];
  readonly pack?: (bytes: Uint8Array) => Uint8Array;
}> = [
  { name: 'rasters', files: originals, decoders: [image, labels, header] },
  {
    name: 'JPEG of four inks',
    files: cmyk.images.map(({ file }) => bytesIn(file)),
    decoders: [image, header],
  },
  {
    name: 'TIFF as a stack',
    files: goldenImages.filter(({ format }) => format === 'tiff').map(({ bytes }) => bytes),
    decoders: [(bytes) => decodeStack(bytes, 'fuzz')],
  },
  { name: 'NIfTI', files: [plain, encodeNifti(scan, { gzip: false, version: 2 })], decoders: [volume] },
  { name: 'NIfTI, compressed', files: [encodeNifti(scan)], decoders: [volume] },
  { name: 'NIfTI, compressed after the change', files: [plain], decoders: [volume], pack: gzipSync },
  {
    name: 'NRRD',
    files: [nrrd('raw', voxels), nrrd('gzip', gzipSync(voxels)), nrrd('text', scan.data.join(' '))],
    decoders: [volume],
  },
  {
    name: 'npz',
    files: [zipSync({ 'a.npy': npy }), zipSync({ 'a.npy': npy }, { level: 0 })],
    decoders: [volume],
  },
  {
    name: 'npz, compressed after the change',
    files: [npy],
    decoders: [volume],
    pack: (bytes) => zipSync({ 'a.npy': bytes }),
  },
  {
    name: 'DICOM',
    files: dicom.files.map(({ base64 }) => bytesIn(base64)),
    decoders: [series, image, header],
  },
  {
    name: 'DICOM, compressed',
    files: compressed.files.map(({ base64 }) => bytesIn(base64)),
    decoders: [series, image],
  },
  {
    name: 'DICOM mosaics and segmentations',
    files: [
      ...Object.values(mosaics.volumes).map(({ file }) => bytesIn(file)),
      encodeSegmentation(labelled, [0, 1, 2].map(sliceOfSeries), {
        segments: [1, 2].map((number) => ({ number, label: `part ${number}` })),
      }),
    ],
    decoders: [series, image, labels],
  },
];

/** A slice of the grid of `labelled`. */
function sliceOfSeries(z: number): DicomSource {
  return dicomFile(
    `slice ${z}`,
    [
      [0x00280010, 'US', [4]],
      [0x00280011, 'US', [5]],
      [0x00200032, 'DS', `0\\0\\${z}`],
      [0x00200037, 'DS', '-1\\0\\0\\0\\-1\\0'],
      [0x7fe00010, 'OW', Array.from({ length: 20 }, (_, i) => i)],
    ],
    z,
  );
}

/** In all. `SSHN_FUZZ_RUNS=100000 pnpm test packages/data/src/formats/fuzz.test.ts` takes some ten minutes. */
const runs = Number(process.env.SSHN_FUZZ_RUNS ?? 20_000);

describe('damaged files', () => {
  it.each(kinds)(
    'of $name give a value or a FileError, soon and in little memory',
    {
      timeout: 60_000 + 20 * runs,
    },
    async ({ files, decoders, pack, name }) => {
      const rng = Rng.fromSeed(2024);
      const count = Math.ceil(runs / kinds.length);
      let [read, refused, slowest, worst] = [0, 0, 0, ''];
      const before = process.memoryUsage().rss;
      for (let i = 0; i < count; i++) {
        let bytes = files[i % files.length]!;
        for (let changes = 1 + rng.integer(4); changes > 0; changes--) bytes = mutate(bytes, rng);
        const file = pack?.(bytes) ?? bytes;
        const start = cpuTime();
        try {
          await decoders[i % decoders.length]!(file);
          read++;
        } catch (error) {
          if (!(error instanceof FileError)) throw new Error(`run ${i}`, { cause: error });
          expect(error.message).toMatch(/^fuzz: .*\. \S.*\.$/s);
          refused++;
        }
        const took = cpuTime() - start;
        if (took > slowest) [slowest, worst] = [took, `run ${i}`];
      }
      expect(read + refused).toBe(count);
      expect(refused).toBeGreaterThan(count / 10);
      // A compressed file that was changed has a wrong checksum, nearly always.
      if (!/compressed$/.test(name) || name.startsWith('DICOM')) expect(read).toBeGreaterThan(count / 100);
      expect(slowest, worst).toBeLessThan(3000);
      expect(process.memoryUsage().rss - before).toBeLessThan(2 ** 30);
    },
  );
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
