import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { sharedFolder } from '@sshn-internal/testing';
import { describe, expect, test } from 'vitest';
import { decodeImage } from '../../formats/decode.js';
import { openFolder } from '../../node/index.js';
import { decodeDicom } from './decode.js';

const cases = sharedFolder('cases');

describe.skipIf(cases === undefined)('files that once were read wrong, or refused', () => {
  const bytesOf = (path: string) => new Uint8Array(readFileSync(join(cases!, path)));
  const seriesIn = (folder: string) =>
    decodeDicom(
      readdirSync(join(cases!, folder)).map((name) => ({ name, bytes: bytesOf(join(folder, name)) })),
    );
  const volumeOf = (name: string) => decodeDicom([{ name, bytes: bytesOf(name) }]);
  const range = (data: ArrayLike<number>) => [Math.min(...Array.from(data)), Math.max(...Array.from(data))];

  test.each([
    ['mixedrep', [-1000, 60_019]],
    ['mixedrep2', [-10, 40_019]],
    ['mixedbits', [0, 1019]],
  ])('slices of different types, dicom-mixed-sign/%s: a type that holds all', async (name, wanted) => {
    expect(range((await seriesIn(`dicom-mixed-sign/${name}`)).data)).toEqual(wanted);
  });

  test('the offsets of the frames of a dose', async () => {
    const { shape, affine } = await volumeOf('dicom-multiframe-position/rtdose.dcm');
    expect(shape).toEqual([3, 4, 5]);
    expect(affine[2]![0]).toBe(4);
  });

  test.each([
    ['nm_pos', 30, 0],
    ['nm_neg', 20, 40],
  ])('%s: place from the detector sequence, negative spacing between slices', async (name, z, first) => {
    const { affine, data } = await volumeOf(`dicom-nm-spacing/${name}.dcm`);
    expect(affine.map((row) => row.map((entry) => entry + 0))).toEqual([
      [0, 0, -3, -10],
      [0, -2, 0, -20],
      [5, 0, 0, z],
    ]);
    expect(data[0]).toBe(first);
  });

  test('Float Pixel Data', async () => {
    const { data } = await volumeOf('dicom-float-pixels/floatpixel.dcm');
    expect(data).toBeInstanceOf(Float32Array);
    expect(data[1]).toBeCloseTo(1 / 7, 6);
  });

  test.each(['jpeg_rgb_jfif', 'jpeg_rgb_nomarker'])('RGB within JPEG without a marker: %s', async (name) => {
    const { values } = await decodeImage(bytesOf(`dicom-jpeg-rgb/${name}.dcm`), name);
    expect(Array.from(values.subarray(0, 3), (value) => Math.round(255 * value))).toEqual([200, 30, 60]);
  });

  test.each([
    ['deep', ['p/q/a']],
    ['deepmix', ['a', 'p/b', 'p/q/c']],
  ])('folder-too-deep/%s: files of all depths', async (name, ids) => {
    expect((await openFolder(join(cases!, 'folder-too-deep', name))).ids).toEqual(ids);
  });
});
