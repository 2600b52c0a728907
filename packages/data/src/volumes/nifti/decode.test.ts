import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { FileError, Rng, ValueError } from '@sshn/core';
import { sharedFolder } from '@sshn-internal/testing';
import { gzipSync } from 'fflate';
import { describe, expect, it } from 'vitest';
import { cpuTime } from '../../testing/cpu-time.js';
import { buildNifti1, expectClose, type Nifti1 } from '../../testing/volumes.js';
import { orientationOf, reorient } from '../orientation.js';
import { decodeNifti, readNiftiHeader } from './decode.js';
import { encodeNifti } from './encode.js';

const counted = Array.from({ length: 24 }, (_, i) => i + 1);

describe('decodeNifti', () => {
  it('reads voxels width first, so that depth is the first axis', () => {
    const { data, shape, spacingMm, affine } = decodeNifti(buildNifti1(), 'a.nii');
    expect([shape, spacingMm]).toEqual([
      [2, 3, 4],
      [3, 2, 1],
    ]);
    expect(data).toEqual(Uint8Array.from(counted));
    expect(affine).toEqual([
      [0, 0, 1, 0],
      [0, 2, 0, 0],
      [3, 0, 0, 0],
    ]);
  });

  const types = [
    [2, 8, 'Uint8', Uint8Array],
    [256, 8, 'Int8', Int8Array],
    [512, 16, 'Uint16', Uint16Array],
    [4, 16, 'Int16', Int16Array],
    [768, 32, 'Uint32', Uint32Array],
    [8, 32, 'Int32', Int32Array],
    [16, 32, 'Float32', Float32Array],
    [64, 64, 'Float64', Float64Array],
    [1024, 64, 'BigInt64', Float64Array],
    [1280, 64, 'BigUint64', Float64Array],
  ] as const;
  it.each(types)(
    'reads datatype %i in either byte order, compressed or not',
    (datatype, bits, name, Voxels) => {
      for (const isBig of [false, true]) {
        const voxels = (view: DataView, isLittle: boolean): void => {
          for (const [i, value] of counted.entries()) {
            const at = (i * bits) / 8;
            if (name === 'BigInt64' || name === 'BigUint64') view[`set${name}`](at, BigInt(value), isLittle);
            else view[`set${name}`](at, value, isLittle);
          }
        };
        const bytes = buildNifti1({ isBig, datatype, bits, voxels, voxelBytes: 3 * bits });
        expect(decodeNifti(bytes, 'a').data).toEqual(Voxels.from(counted));
        expect(decodeNifti(gzipSync(bytes), 'a').data).toEqual(Voxels.from(counted));
        // A part of another Buffer, whose slices are views.
        const part = Buffer.concat([Buffer.alloc(3, 0xff), bytes]).subarray(3);
        expect(decodeNifti(part, 'a').data).toEqual(Voxels.from(counted));
      }
    },
  );

  it('scales by slope and intercept where there are any', () => {
    const scaled = decodeNifti(buildNifti1({ slope: 0.5, intercept: -3 }), 'a');
    expect(scaled.data).toEqual(Float32Array.from(counted, (value) => value / 2 - 3));
    for (const none of [{ slope: 0, intercept: 5 }, { slope: Number.NaN }, { slope: 1 }]) {
      expect(decodeNifti(buildNifti1(none), 'a').data).toEqual(Uint8Array.from(counted));
    }
  });

  it('takes the place of voxels from the sform, else from the qform', () => {
    // Half a turn about the vertical: b = c = 0, d = 1.
    const qform = [0, 0, 1, 10, 20, 30];
    const turned = decodeNifti(buildNifti1({ qform }), 'a');
    expect(orientationOf(turned)).toBe('LPS');
    expect(turned.affine.map((row) => row[3])).toEqual([10, 20, 30]);
    expect(turned.spacingMm).toEqual([3, 2, 1]);
    const mirrored = decodeNifti(buildNifti1({ qform, pixdim: [-1, 1, 2, 3] }), 'a');
    expect(orientationOf(mirrored)).toBe('LPI');
    const sform = [0, 0, 5, 1, 6, 0, 0, 2, 0, 7, 0, 3];
    const both = decodeNifti(buildNifti1({ qform, sform }), 'a');
    expect(both.affine).toEqual([
      [5, 0, 0, 1],
      [0, 0, 6, 2],
      [0, 7, 0, 3],
    ]);
    expect(orientationOf(both)).toBe('ASR');
  });

  it('turns meters and micrometers into millimeters', () => {
    const edges = (units: number) => readNiftiHeader(buildNifti1({ units }), 'a').spacingMm;
    expect(edges(1)).toEqual([3000, 2000, 1000]);
    expectClose(edges(3), [0.003, 0.002, 0.001], 12);
    expect(edges(0)).toEqual([3, 2, 1]);
  });

  it('reads one of several volumes, if told which', () => {
    const series = buildNifti1({ dims: [4, 2, 2, 1, 6], voxelBytes: 24 });
    expect(() => decodeNifti(series, 's.nii')).toThrow(
      's.nii: holds 6 volumes, and one is expected. Choose one with `frame` (--frame), 0 to 5',
    );
    expect([...decodeNifti(series, 's.nii', { frame: 2 }).data]).toEqual([9, 10, 11, 12]);
    expect(() => decodeNifti(series, 's.nii', { frame: 6 })).toThrow(ValueError);
    expect(readNiftiHeader(series, 's.nii').frames).toBe(6);
    const flat = buildNifti1({ dims: [2, 6, 4] });
    expect(decodeNifti(flat, 'f').shape).toEqual([1, 4, 6]);
  });

  const refused: Array<[string, Nifti1, RegExp]> = [
    ['128-bit numbers', { datatype: 1536 }, /with 128-bit numbers, which is not supported\. Convert it/],
    ['complex numbers', { datatype: 32 }, /complex numbers/],
    ['an unknown type', { datatype: 77 }, /unknown type 77/],
    ['no voxels', { dims: [3, 4, 0, 2] }, /dimensions 4 × 0 × 2/],
    ['negative edges', { dims: [3, 4, -3, 2] }, /dimensions/],
    ['no dimensions', { dims: [0] }, /dimensions/],
    [
      'more voxels than there may be',
      { dims: [3, 32000, 32000, 32000] },
      /32000 × 32000 × 32000 voxels, more than/,
    ],
    ['missing voxels', { dims: [3, 4, 3, 3] }, /24 of 36 bytes of its voxels are there/],
    ['voxels in the header', { offset: 100 }, /voxels at byte 100/],
    ['voxels far away', { offset: 1e7 }, /0 of 24 bytes|too short for its size/],
    ['voxels billions of bytes away', { offset: 3.9e9 }, /voxels at byte 3900000000/],
    ['a CIFTI matrix', { intent: 3002 }, /holds values of brain surfaces \(CIFTI/],
    ['a surface', { intent: 1009 }, /holds the triangles of a surface, not a volume/],
    ['a surface of many vertices', { dims: [3, -1, 1, 1] }, /holds values of a surface, not a volume/],
    ['a flat place', { sform: [1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1, 0] }, /affine matrix has no inverse/],
    ['a place that is no number', { sform: [Number.NaN, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0] }, /no inverse/],
    ['a pair of files', { magic: 'ni1\0' }, /voxels in another file \(\.hdr and \.img\)/],
    ['no magic', { magic: 'xxxx' }, /is not a NIfTI volume/],
  ];
  it.each(refused)('refuses %s, compressed or not', (_, nifti, message) => {
    for (const bytes of [buildNifti1(nifti), gzipSync(buildNifti1(nifti))]) {
      expect(() => decodeNifti(bytes, 'bad.nii')).toThrow(FileError);
      expect(() => decodeNifti(bytes, 'bad.nii')).toThrow(message);
    }
  });

  it('has a limit that can be set', () => {
    expect(() => decodeNifti(buildNifti1(), 'a', { maxVoxels: 23 })).toThrow(
      'a: has 4 × 3 × 2 voxels, more than the limit of 23.',
    );
    expect(decodeNifti(buildNifti1(), 'a', { maxVoxels: 24 }).data).toHaveLength(24);
  });

  it('inflates no more than the header asks for', () => {
    const bomb = new Uint8Array(1 << 26);
    bomb.set(buildNifti1());
    const packed = gzipSync(bomb, { level: 1 });
    const before = cpuTime();
    expect(() => decodeNifti(packed, 'bomb')).toThrow(/holds more data than its size allows/);
    // Inflating all of it takes some hundred milliseconds.
    expect(cpuTime() - before).toBeLessThan(200);
  });

  it('verifies the checksum of compressed files: no flipped bit goes unseen', () => {
    const rng = Rng.fromSeed(3);
    const voxels = (view: DataView): void => {
      for (let i = 0; i < view.byteLength; i++) view.setUint8(i, rng.integer(64));
    };
    const plain = buildNifti1({ dims: [3, 32, 24, 16], voxels, voxelBytes: 32 * 24 * 16 });
    const good = gzipSync(plain);
    const { data } = decodeNifti(good, 'a');
    let unseen = 0;
    for (let i = 0; i < 200; i++) {
      // Not in the ten bytes before the stream, which hold a date and a system.
      const at = 10 + rng.integer(good.length - 10);
      const flipped = good.slice();
      flipped[at]! ^= 1 << rng.integer(8);
      try {
        decodeNifti(flipped, 'a');
        unseen++;
      } catch (error) {
        expect(error).toBeInstanceOf(FileError);
        expect((error as Error).message).toMatch(/checksum|damaged|end early|holds more data|NIfTI/);
      }
    }
    expect(unseen).toBe(0);
    const wrongLength = good.slice();
    wrongLength[good.length - 1]! ^= 1;
    expect(() => decodeNifti(wrongLength, 'a')).toThrow(/the checksum of its compressed data is wrong/);
    for (const cut of [1, 4, 8, 9, 100]) {
      expect(() => decodeNifti(good.subarray(0, good.length - cut), 'a')).toThrow(/end early/);
    }
    // As gzip does: what follows is ignored, and streams one after another are one.
    for (const tail of [new Uint8Array(500), Uint8Array.of(1, 2, 3, 4, 5), Uint8Array.of(0x1f)]) {
      expect(decodeNifti(Uint8Array.from([...good, ...tail]), 'a').data).toEqual(data);
    }
    const members = [...gzipSync(plain.subarray(0, 1000)), ...gzipSync(plain.subarray(1000))];
    expect(decodeNifti(Uint8Array.from(members), 'a').data).toEqual(data);
  });

  it('verifies what follows a frame, and holds no more than the frame against the limit', () => {
    const series = gzipSync(buildNifti1({ dims: [4, 2, 2, 1, 6], voxelBytes: 24 }));
    expect([...decodeNifti(series, 's', { frame: 1, maxVoxels: 4 }).data]).toEqual([5, 6, 7, 8]);
    expect(readNiftiHeader(series, 's', { maxVoxels: 4 }).frames).toBe(6);
    const flipped = series.slice();
    flipped[series.length - 8]! ^= 1;
    expect(() => decodeNifti(flipped, 's', { frame: 0 })).toThrow(/checksum/);
  });

  it('takes negative edges for positive ones, and an sform without an inverse for none where a qform is', () => {
    const qform = [0, 0, 0, 1, 2, 3];
    const negative = decodeNifti(buildNifti1({ qform, pixdim: [1, -2, -3, 4] }), 'a');
    // As nibabel 5.4 has it.
    expect(negative.spacingMm).toEqual([4, 3, 2]);
    expect(orientationOf(negative)).toBe('RAS');
    const flat = decodeNifti(buildNifti1({ qform, sform: Array(12).fill(0), pixdim: [1, 2, 3, 4] }), 'a');
    expect(flat.affine).toEqual([
      [0, 0, 2, 1],
      [0, 3, 0, 2],
      [4, 0, 0, 3],
    ]);
  });

  it.each([1006, 1007])('knows fields of vectors by intent %i', (intent) => {
    const field = { dims: [5, 2, 2, 2, 1, 3], voxelBytes: 24, intent };
    expect(readNiftiHeader(buildNifti1(field), 'f')).toMatchObject({ isVector: true, frames: 3 });
  });

  it('reads colors as their luma, without opacity', () => {
    const voxels = (view: DataView): void => {
      for (const [i, value] of [255, 0, 0, 9, 0, 255, 0, 9, 7, 7, 7, 9].entries()) view.setUint8(i, value);
    };
    const rgba = buildNifti1({ dims: [3, 3, 1, 1], datatype: 2304, bits: 32, voxels, voxelBytes: 12 });
    expectClose([...decodeNifti(rgba, 'c').data], [76.245, 149.685, 7], 3);
    const rgb = buildNifti1({ dims: [3, 4, 1, 1], datatype: 128, bits: 24, voxels, voxelBytes: 12 });
    expectClose(
      [...decodeNifti(rgb, 'c').data],
      [76.245, 0.299 * 9 + 0.587 * 0 + 0.114 * 255, 0.587 * 9 + 0.114 * 7, 0.299 * 7 + 0.587 * 7 + 0.114 * 9],
      3,
    );
  });

  it('throws FileErrors and nothing else at damaged files', () => {
    const rng = Rng.fromSeed(77);
    const originals = [
      buildNifti1(),
      gzipSync(buildNifti1()),
      encodeNifti(decodeNifti(buildNifti1(), 'a'), { version: 2 }),
    ];
    let [read, refusals] = [0, 0];
    for (let i = 0; i < 1500; i++) {
      const bytes = originals[i % 3]!.slice(0, rng.uniform() < 0.3 ? rng.integer(600) : undefined);
      for (let changes = rng.integer(4); changes > 0; changes--) {
        if (bytes.length > 0) bytes[rng.integer(bytes.length)] = rng.integer(256);
      }
      try {
        decodeNifti(bytes, 'fuzz');
        read++;
      } catch (error) {
        if (!(error instanceof FileError)) throw error;
        refusals++;
      }
    }
    expect(read).toBeGreaterThan(200);
    expect(refusals).toBeGreaterThan(400);
  });
});

const formats = sharedFolder('data/formats/nifti');
describe.skipIf(formats === undefined)('files of others', () => {
  const load = (name: string, frame = 0) =>
    decodeNifti(new Uint8Array(readFileSync(join(formats!, name))), name, { frame });

  it('four orientations of one volume agree once they are canonical', () => {
    const reference = load('RAS.nii.gz');
    expect(reorient(reference)).toBe(reference);
    for (const [name, orientation] of [
      ['ASL.nii.gz', 'ASL'],
      ['IPR.nii.gz', 'IPR'],
      ['LPS.nii.gz', 'LPS'],
    ] as const) {
      const other = load(name);
      expect(orientationOf(other)).toBe(orientation);
      const canonical = reorient(other);
      expect(canonical.data.findIndex((value, i) => value !== reference.data[i])).toBe(-1);
      expect(canonical.shape).toEqual(reference.shape);
      expectClose(canonical.affine.flat(), reference.affine.flat(), 3);
    }
  });

  it('reads big-endian, NIfTI-2 and series as nibabel does', () => {
    // Shape (as stored, width first), sum and offset of each as nibabel 5.4 gives them.
    const anatomical = load('anatomical.nii');
    expect([anatomical.shape, orientationOf(anatomical)]).toEqual([[25, 41, 33], 'LAS']);
    expect(Array.from(anatomical.data).reduce((sum, x) => sum + x, 0)).toBe(284166082);
    const second = load('example_nifti2.nii.gz', 1);
    expect([second.shape, orientationOf(second)]).toEqual([[12, 20, 32], 'LAS']);
    expect(load('example4d.nii.gz', 1).shape).toEqual([24, 96, 128]);
    expect(() => load('example4d.nii.gz', 2)).toThrow(ValueError);
  });
});

const cases = sharedFolder('cases');
describe.skipIf(cases === undefined)('files that went wrong', () => {
  const bytesOf = (path: string) => new Uint8Array(readFileSync(join(cases!, path)));

  it('are read as gzip and nibabel read them, or refused', () => {
    const { data } = decodeNifti(bytesOf('nifti-gz-checksum/good.nii.gz'), 'good');
    expect(() => decodeNifti(bytesOf('nifti-gz-checksum/flip183.nii.gz'), 'flip')).toThrow(FileError);
    for (const name of ['garbage', 'zeros']) {
      expect(decodeNifti(bytesOf(`nifti-gz-trailing/${name}.nii.gz`), name).data).toEqual(data);
    }
    expect(decodeNifti(bytesOf('nifti-negative-pixdim/pixdimneg_q.nii'), 'n').spacingMm).toEqual([4, 3, 2]);
    const { affine } = decodeNifti(bytesOf('nifti-zero-sform/sform0_q.nii'), 'z');
    expect(affine).toEqual([
      [0, 0, 2, 1],
      [0, 3, 0, 2],
      [4, 0, 0, 3],
    ]);
    expect(readNiftiHeader(bytesOf('field-intent-1006/f1006.nii.gz'), 'f').isVector).toBe(true);
  });
});
