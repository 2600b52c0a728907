import { OptionError, ShapeError } from '@sshn/core';
import { gunzipSync } from 'fflate';
import { describe, expect, it } from 'vitest';
import { counting, expectClose } from '../../testing/volumes.js';
import { volumeOf } from '../volume.js';
import { decodeNifti, readNiftiHeader } from './decode.js';
import { encodeNifti } from './encode.js';

describe('encodeNifti', () => {
  it('puts fields where nifti1.h has them', () => {
    const volume = volumeOf(Int16Array.of(1, -2, 3, 4, 5, 6), [1, 2, 3], { spacingMm: [4, 5, 6] });
    const bytes = encodeNifti(volume, { gzip: false });
    const view = new DataView(bytes.buffer);
    expect(bytes).toHaveLength(352 + 12);
    expect(view.getInt32(0, true)).toBe(348);
    expect([0, 1, 2, 3, 4].map((i) => view.getInt16(40 + 2 * i, true))).toEqual([3, 3, 2, 1, 1]);
    expect([view.getInt16(70, true), view.getInt16(72, true)]).toEqual([4, 16]);
    expect([0, 1, 2, 3].map((i) => view.getFloat32(76 + 4 * i, true))).toEqual([1, 6, 5, 4]);
    expect([view.getFloat32(108, true), view.getFloat32(112, true)]).toEqual([352, 1]);
    expect([view.getInt16(252, true), view.getInt16(254, true)]).toEqual([0, 2]);
    const sform = Array.from({ length: 12 }, (_, i) => view.getFloat32(280 + 4 * i, true));
    expect(sform).toEqual([6, 0, 0, 0, 0, 5, 0, 0, 0, 0, 4, 0]);
    expect(new TextDecoder().decode(bytes.subarray(344, 348))).toBe('n+1\0');
    expect(view.getInt16(354, true)).toBe(-2);
  });

  const arrays = [
    Int8Array,
    Uint8Array,
    Int16Array,
    Uint16Array,
    Int32Array,
    Uint32Array,
    Float32Array,
    Float64Array,
  ] as const;
  it.each(arrays.map((Voxels) => [Voxels.name, Voxels] as const))(
    '%s is read back as it was',
    (_, Voxels) => {
      const volume = volumeOf(Voxels.of(1, 2, 3, 4, 5, 6), [3, 2, 1], { spacingMm: [1, 2, 3] });
      for (const version of [1, 2] as const) {
        for (const gzip of [true, false]) {
          expect(decodeNifti(encodeNifti(volume, { version, gzip }), 'a')).toEqual(volume);
        }
      }
    },
  );

  it('keeps an oblique place, to 32 bits in version 1 and exactly in version 2', () => {
    const volume = counting();
    expect(decodeNifti(encodeNifti(volume, { version: 2 }), 'a').affine).toEqual(volume.affine);
    expectClose(decodeNifti(encodeNifti(volume), 'a').affine.flat(), volume.affine.flat(), 5);
  });

  it('is compressed unless told otherwise, the same bytes every time', () => {
    const volume = counting();
    expect(gunzipSync(encodeNifti(volume))).toEqual(encodeNifti(volume, { gzip: false }));
    expect(encodeNifti(volume)).toEqual(encodeNifti(volume));
  });

  it('writes series along the fourth axis and vectors along the fifth', () => {
    const first = counting();
    const second = { ...first, data: first.data.map((x) => -x) };
    const dims = (bytes: Uint8Array) =>
      Array.from({ length: 6 }, (_, i) => new DataView(bytes.buffer).getInt16(40 + 2 * i, true));
    const series = encodeNifti([first, second], { gzip: false });
    expect(dims(series)).toEqual([4, 4, 3, 2, 2, 1]);
    const vector = encodeNifti([first, second, first], { gzip: false, series: 'vector' });
    expect(dims(vector)).toEqual([5, 4, 3, 2, 1, 3]);
    expect(new DataView(vector.buffer).getInt16(68, true)).toBe(1007);
    for (const bytes of [series, vector]) {
      expect(decodeNifti(bytes, 'a', { frame: 1 }).data).toEqual(second.data);
    }
  });

  it('takes version 2 for edges that version 1 cannot hold', () => {
    const long = volumeOf(new Uint8Array(40000), [1, 1, 40000]);
    const bytes = encodeNifti(long);
    expect(readNiftiHeader(bytes, 'a').shape).toEqual([1, 1, 40000]);
    expect(new DataView(gunzipSync(bytes).buffer).getInt32(0, true)).toBe(540);
  });

  it('refuses volumes that differ, and series of no known kind', () => {
    expect(() => encodeNifti([counting(), counting([2, 4, 3])])).toThrow(ShapeError);
    // @ts-expect-error -- from JavaScript
    expect(() => encodeNifti(counting(), { series: 'space' })).toThrow(OptionError);
  });
});
