import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FileError } from '@sshn/core';
import { python, pythonHas } from '@sshn-internal/testing';
import { describe, expect, it } from 'vitest';
import { buildNifti1, expectClose } from '../../testing/volumes.js';
import { decodeNifti } from './decode.js';
import { joinNiftiPair } from './pair.js';

const counted = Uint8Array.from({ length: 24 }, (_, i) => i + 1);

describe('joinNiftiPair', () => {
  it.each([false, true])('reads a NIfTI pair (big-endian: %s)', (isBig) => {
    const sform = [2, 0, 0, -1, 0, 3, 0, -2, 0, 0, 4, -3];
    const whole = buildNifti1({ isBig, sform, magic: 'ni1\0', offset: 0 });
    const joined = joinNiftiPair(whole.subarray(0, 348), whole.subarray(352), 'a.hdr');
    const { data, affine } = decodeNifti(joined, 'a.hdr');
    expect(data).toEqual(counted);
    expect(affine.map((row) => row[3])).toEqual([-1, -2, -3]);
  });

  it('reads Analyze, which has no matrix, as nibabel does', () => {
    const analyze = buildNifti1({ magic: '\0\0\0\0', offset: 0 });
    const { data, shape, affine } = decodeNifti(
      joinNiftiPair(analyze.subarray(0, 348), analyze.subarray(352), 'a.hdr'),
      'a.hdr',
    );
    expect([data, shape]).toEqual([counted, [2, 3, 4]]);
    expect(affine).toEqual([
      [0, 0, -1, 1.5],
      [0, 2, 0, -2],
      [3, 0, 0, -1.5],
    ]);
  });

  it('refuses what is no header', () => {
    expect(() => joinNiftiPair(new Uint8Array(100), counted, 'a.hdr')).toThrow(/ends within its header/);
    expect(() => joinNiftiPair(new Uint8Array(400), counted, 'a.hdr')).toThrow(FileError);
  });
});

const script = `
import sys, numpy, nibabel
d = sys.argv[1]
x = numpy.arange(2 * 3 * 5, dtype=numpy.int16).reshape(2, 3, 5)
a = numpy.array([[-2., .1, 0, 7], [.1, 3, 0, -4], [0, 0, 4, 9], [0, 0, 0, 1]])
for name, kind in (('nifti', nibabel.Nifti1Pair), ('spm', nibabel.Spm99AnalyzeImage)):
    nibabel.save(kind(x, a if name == 'nifti' else numpy.diag([-2., 3, 4, 1])), f'{d}/{name}.img')
    print(*nibabel.load(f'{d}/{name}.img').header.get_best_affine()[:3].ravel())
`;

describe.skipIf(!pythonHas('nibabel'))('pairs that nibabel writes', () => {
  it('have the values and the place that nibabel reads', () => {
    const folder = mkdtempSync(join(tmpdir(), 'sshn-pair-'));
    try {
      const lines = execFileSync(python, ['-c', script, folder], { encoding: 'utf8' }).trim().split('\n');
      for (const [i, name] of ['nifti', 'spm'].entries()) {
        // Not the .mat file in which SPM keeps a matrix besides.
        const [hdr, img] = ['hdr', 'img'].map((ending) => readFileSync(join(folder, `${name}.${ending}`)));
        const volume = decodeNifti(joinNiftiPair(hdr!, img!, name), name);
        expect(volume.shape).toEqual([5, 3, 2]);
        // nibabel's arrays run depth innermost, width outermost.
        expect([...volume.data.subarray(0, 4)]).toEqual([0, 15, 5, 20]);
        const expected = lines[i]!.split(' ').map(Number);
        const rows = volume.affine.flatMap(([d, h, w, offset]) => [w, h, d, offset]);
        expectClose(rows, expected, 4);
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
