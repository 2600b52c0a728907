/** NRRD and npz, and which format a volume has. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FileError, Rng, ValueError } from '@sshn/core';
import { python, pythonHas, sharedFolder } from '@sshn-internal/testing';
import { gzipSync, zipSync } from 'fflate';
import { describe, expect, it } from 'vitest';
import { bytesOf } from '../testing/build.js';
import { open } from '../testing/folder.js';
import { expectClose } from '../testing/volumes.js';
import { encodeNifti } from './nifti/encode.js';
import { decodeNpz } from './npz.js';
import { decodeNrrd, readNrrdHeader } from './nrrd.js';
import { orientationOf } from './orientation.js';
import { decodeVolume, volumeFormat } from './read.js';
import { volumeOf } from './volume.js';

const counted = Int16Array.from({ length: 24 }, (_, i) => i * 100 - 500);
const raw = new Uint8Array(counted.buffer);
const swapped = raw.map((_, i) => raw[i ^ 1]!);
const head = [
  'NRRD0005',
  '# a comment: no field',
  'type: short',
  'dimension: 3',
  'space: left-posterior-superior',
  'sizes: 4 3 2',
  'space directions: (2,0,0) (0,3,0) (0,0,4)',
  'space origin: (-1,-2,5)',
  'endian: little',
  'key:=value',
];
const nrrd = (change: Readonly<Record<string, string>> = {}, data: Uint8Array | string = raw): Uint8Array => {
  const fields = { encoding: 'raw', ...change };
  const lines = head.filter((line) => !Object.keys(fields).some((key) => line.startsWith(`${key}:`)));
  const added = Object.entries(fields).map(([key, value]) => `${key}: ${value}`);
  return bytesOf([...lines, ...added, '', ''].join('\n'), data);
};

describe('decodeNrrd', () => {
  it('reads raw, gzip and text data in either byte order', () => {
    // A part of another Buffer, whose slices are views.
    const part = Buffer.concat([Buffer.alloc(3, 0xff), nrrd()]).subarray(3);
    expect(decodeNrrd(part, 'a.nrrd')).toEqual(decodeNrrd(nrrd(), 'a.nrrd'));
    const volume = decodeNrrd(nrrd(), 'a.nrrd');
    expect(volume.data).toEqual(counted);
    expect([volume.shape, volume.spacingMm, orientationOf(volume)]).toEqual([[2, 3, 4], [4, 3, 2], 'LPS']);
    expect(volume.affine.map((row) => row[3])).toEqual([1, 2, 5]);
    expect(decodeNrrd(nrrd({ encoding: 'gzip' }, gzipSync(raw)), 'a').data).toEqual(counted);
    expect(decodeNrrd(nrrd({ encoding: 'ascii' }, counted.join(' ')), 'a').data).toEqual(counted);
    expect(decodeNrrd(nrrd({ endian: 'big' }, swapped), 'a').data).toEqual(counted);
    expect(decodeNrrd(nrrd({ 'byte skip': '-1' }, bytesOf('xyz', raw)), 'a').data).toEqual(counted);
    expect(readNrrdHeader(nrrd(), 'a')).toMatchObject({ shape: [2, 3, 4], frames: 1 });
  });

  it('reads one of several volumes, voxel by voxel or one after another', () => {
    const first = nrrd({
      dimension: '4',
      sizes: '2 2 3 2',
      'space directions': 'none (2,0,0) (0,3,0) (0,0,4)',
    });
    expect(() => decodeNrrd(first, 'a.nrrd')).toThrow('a.nrrd: holds 2 volumes, and one is expected.');
    expect([...decodeNrrd(first, 'a', { frame: 1 }).data]).toEqual([
      ...counted.filter((_, i) => i % 2 === 1),
    ]);
    const last = nrrd({
      dimension: '4',
      sizes: '2 3 2 2',
      'space directions': '(2,0,0) (0,3,0) (0,0,4) none',
    });
    expect([...decodeNrrd(last, 'a', { frame: 1 }).data]).toEqual([...counted.subarray(12)]);
    expect(() => decodeNrrd(last, 'a', { frame: 2 })).toThrow(ValueError);
  });

  it.each([
    [nrrd({}, raw.subarray(0, 40)), /40 of 48 bytes of its voxels are there/],
    [nrrd({ encoding: 'bzip2' }), /bzip2 encoding/],
    [nrrd({ type: 'block' }), /numbers of type block/],
    [nrrd({ 'data file': 'a.raw' }), /its voxels in another file/],
    [nrrd({ sizes: '4 3' }), /sizes 4 3 of dimension 3/],
    [nrrd({ sizes: '40000 30000 20000' }), /more than the limit/],
    [nrrd({ 'space directions': '(2,0,0) (2,0,0) (0,0,4)' }), /no inverse/],
    [bytesOf('NRRD0004\ntype: short\n'), /its header has no end/],
    [nrrd({ encoding: 'gzip' }, gzipSync(raw).with(15, 77)), /compressed data|checksum/],
    [bytesOf('something else'), /is not an NRRD volume/],
  ])('refuses what it cannot read (%#)', (bytes, message) => {
    expect(() => decodeNrrd(bytes, 'a.nrrd')).toThrow(FileError);
    expect(() => decodeNrrd(bytes, 'a.nrrd')).toThrow(message);
  });
});

const npy = (descr: string, shape: string, data: Uint8Array, order = 'False'): Uint8Array => {
  const header = `{'descr': '${descr}', 'fortran_order': ${order}, 'shape': (${shape}), }\n`;
  return bytesOf([0x93], 'NUMPY', [1, 0, header.length, 0], header, data);
};

describe('decodeNpz', () => {
  it('reads the array vol, or the only one, or the one that is named', () => {
    const file = zipSync({
      'vol.npy': npy('<i2', '2, 3, 4', raw),
      'seg.npy': npy('|u1', '2, 2', bytesOf([1, 2, 3, 4])),
    });
    expect(decodeNpz(Buffer.concat([Buffer.alloc(3, 0xff), file]).subarray(3), 'a.npz').data).toEqual(
      counted,
    );
    expect(decodeNpz(file, 'a.npz')).toMatchObject({ data: counted, shape: [2, 3, 4], spacingMm: [1, 1, 1] });
    expect([...decodeNpz(file, 'a.npz', { array: 'seg' }).data]).toEqual([1, 2, 3, 4]);
    const other = zipSync({ 'x.npy': npy('>i2', '2, 3, 4', swapped) }, { level: 0 });
    expect(decodeNpz(other, 'a.npz').data).toEqual(counted);
    const columns = decodeNpz(zipSync({ 'x.npy': npy('<i2', '4, 3, 2', raw, 'True') }), 'a.npz');
    expect([...columns.data.subarray(0, 3)]).toEqual([counted[0], counted[12], counted[4]]);
    expect(() => decodeNpz(file, 'a.npz', { array: 'no' })).toThrow(
      "a.npz: holds the arrays vol, seg, and no 'no'",
    );
  });

  it('refuses damaged archives, and throws nothing but FileErrors', () => {
    const file = zipSync({ 'vol.npy': npy('<i2', '2, 3, 4', raw) });
    const rng = Rng.fromSeed(4);
    let read = 0;
    for (let i = 0; i < 400; i++) {
      const bytes = file.slice(0, rng.uniform() < 0.2 ? rng.integer(file.length) : undefined);
      bytes[rng.integer(Math.max(1, bytes.length))]! ^= 1 << rng.integer(8);
      try {
        expect(decodeNpz(bytes, 'fuzz', { maxVoxels: 1000 }).data).toEqual(counted);
        read++;
      } catch (error) {
        if (!(error instanceof FileError)) throw error;
      }
    }
    expect(read).toBeLessThan(250);
  });
});

describe('damaged NRRD files', () => {
  it('throw FileErrors and nothing else', () => {
    const rng = Rng.fromSeed(6);
    const originals = [
      nrrd(),
      nrrd({ encoding: 'gzip' }, gzipSync(raw)),
      nrrd({ encoding: 'text' }, counted.join('\n')),
    ];
    for (let i = 0; i < 900; i++) {
      const original = originals[i % 3]!;
      const bytes = original.slice(0, rng.uniform() < 0.2 ? rng.integer(original.length) : undefined);
      for (let c = rng.integer(4); c > 0; c--)
        bytes[rng.integer(Math.max(1, bytes.length))] = rng.integer(256);
      try {
        decodeNrrd(bytes, 'fuzz', { maxVoxels: 1e6 });
      } catch (error) {
        if (!(error instanceof FileError)) throw error;
      }
    }
  });
});

describe('decodeVolume', () => {
  it('goes by the first bytes', async () => {
    const nifti = encodeNifti(volumeOf(counted, [2, 3, 4]), { gzip: false });
    for (const [bytes, format] of [
      [nifti, 'nifti'],
      [nrrd(), 'nrrd'],
      [zipSync({ 'vol.npy': npy('<i2', '2, 3, 4', raw) }), 'npz'],
    ] as const) {
      expect(volumeFormat(bytes)).toBe(format);
      expect((await decodeVolume(bytes, 'a')).data).toEqual(counted);
    }
    await expect(decodeVolume(bytesOf('else'), 'a')).rejects.toThrow(/a: is not a volume of a format/);
  });

  it('serves folders', async () => {
    const labels = Int16Array.from(counted, (_, i) => i % 3);
    const dataset = await open({
      'images/a.nrrd': nrrd(),
      'labels/a.nrrd': nrrd({}, new Uint8Array(labels.buffer)),
    });
    expect([dataset.size, dataset.labelNames.length]).toEqual([[2, 3, 4], 3]);
    expect((await dataset.load('a')).image.values).toHaveLength(24);
  });
});

const formats = sharedFolder('data/formats');
describe.skipIf(formats === undefined)('files of others', () => {
  it('an NRRD is the image of a NIfTI of the same name', async () => {
    const load = (path: string) => decodeVolume(new Uint8Array(readFileSync(join(formats!, path))), path);
    const [a, b] = await Promise.all([load('nrrd/FLAIR.nrrd'), load('nifti/FLAIR.nii.gz')]);
    expect(a.shape).toEqual(b.shape);
    expect(a.data.findIndex((value, i) => value !== b.data[i])).toBe(-1);
    expectClose(a.affine.flat(), b.affine.flat(), 3);
  });
});

describe.skipIf(!pythonHas('numpy'))('arrays that NumPy writes', () => {
  it('are read', () => {
    const folder = mkdtempSync(join(tmpdir(), 'sshn-npz-'));
    try {
      const script = `import sys, numpy as np
a = np.arange(24).reshape(2, 3, 4)
for kind in ('f4', 'f8', 'i8', 'u1', '>i4'):
    np.savez_compressed(f'{sys.argv[1]}/{kind.strip(">")}.npz', vol=np.asfortranarray(a.astype(kind)), seg=a)`;
      execFileSync(python, ['-c', script, folder], { stdio: 'pipe' });
      for (const kind of ['f4', 'f8', 'i8', 'u1', 'i4']) {
        const { data } = decodeNpz(new Uint8Array(readFileSync(join(folder, `${kind}.npz`))), kind);
        expect([...data]).toEqual(Array.from({ length: 24 }, (_, i) => i));
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
