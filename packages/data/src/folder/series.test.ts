import { FileError } from '@sshn/core';
import { describe, expect, it } from 'vitest';
import { dicomFile, without } from '../testing/dicom-files.js';
import { type Files, open, png, text } from '../testing/folder.js';
import { decodeDicom } from '../volumes/dicom/decode.js';
import { encodeSegmentation } from '../volumes/dicom/encode-segmentation.js';
import { encodeNifti } from '../volumes/nifti/encode.js';
import { reorient } from '../volumes/orientation.js';

/** Three slices of 2 × 3 pixels, 2 mm apart, their files out of order. */
const series = (name: string) =>
  [2, 0, 1].map((z) =>
    dicomFile(
      `${name}${z}.dcm`,
      [[0x7fe00010, 'OW', Array.from({ length: 6 }, (_, i) => 100 * z + i)]],
      2 * z,
    ),
  );
const inFolder = (
  folder: string,
  files: readonly { readonly name: string; readonly bytes: Uint8Array }[],
): Files => Object.fromEntries(files.map(({ name, bytes }) => [`${folder}/${name}`, bytes]));
const volume = await decodeDicom(series('a'));
const labelData = Uint8Array.from(volume.data, (_, i) => (i >= 6 && i < 12 ? i % 3 : 0));
const labels = { ...volume, data: labelData };
const segments = [
  { number: 1, label: 'liver' },
  { number: 2, label: 'spleen' },
];
const segmentation = encodeSegmentation(labels, series('a'), { segments });
const expected = reorient(volume);

describe('a folder of DICOM series', () => {
  const bystanders: Files = {
    'images/anna/README.md': text('x'),
    'images/anna/Thumbs.db': Uint8Array.of(1, 2, 3),
    'images/anna/notes.json': text({}),
    'images/anna/report.dcm': dicomFile('report', [
      [0x00080016, 'UI', '1.2.840.10008.5.1.4.1.1.88.11'],
      without(0x7fe00010),
    ]).bytes,
  };

  it('has a volume for each, and leaves out what else lies there, with a warning', async () => {
    const warnings: string[] = [];
    const dataset = await open(
      {
        ...inFolder('images/anna', series('a')),
        ...bystanders,
        ...inFolder('images/1.2.840', series('b')),
        'labels/anna.nii.gz': encodeNifti(labels),
        'labels/1.2.840.nii.gz': encodeNifti(reorient(labels)),
      },
      { onWarning: (warning) => warnings.push(warning) },
    );
    expect(dataset).toMatchObject({ ids: ['1.2.840', 'anna'], size: [3, 2, 3], channels: 1 });
    const { image, labels: read, spacingMm } = await dataset.load('anna');
    expect([...image.values]).toEqual([...expected.data]);
    expect([...read.values]).toEqual([...reorient(labels).data]);
    expect(spacingMm).toEqual([2, 1, 1]);
    expect([...(await dataset.load('1.2.840')).image.values]).toEqual([...expected.data]);
    expect(warnings.join('\n')).toMatch(/report\.dcm: .*structured report.*left out/);
    expect(warnings.join('\n')).toMatch(/Thumbs\.db: is not a DICOM file/);
  });

  it('of which each holds several volumes: `frame` chooses one, and without it they are refused', async () => {
    const moment = (t: number) =>
      [2, 0, 1].map((z) =>
        dicomFile(
          `${t}-${z}.dcm`,
          [
            [0x00200100, 'IS', String(t)],
            [0x7fe00010, 'OW', Array.from({ length: 6 }, (_, i) => 1000 * t + 100 * z + i)],
          ],
          2 * z,
        ),
      );
    const files: Files = {
      ...inFolder('images/anna', [...moment(2), ...moment(1)]),
      'labels/anna.nii.gz': encodeNifti(labels),
    };
    for (const frame of [0, 1]) {
      const dataset = await open(files, { volumes: { frame } });
      const { image } = await dataset.load('anna');
      expect([...image.values]).toEqual(Array.from(expected.data, (value) => value + 1000 * (frame + 1)));
    }
    await expect(open(files)).rejects.toThrow('`frame` (--frame), 0 to 1');
    await expect(open(files, { volumes: { frame: 2 } })).rejects.toThrow('frame: got 2');
  });

  it.each([
    ['a file', 'labels/anna.dcm'],
    ['a file of the name and an ending', 'labels/anna_seg.dcm'],
    ['a folder', 'labels/anna/whatever.dcm'],
  ])('takes a DICOM segmentation in %s, on the grid of its image, with its names', async (_, place) => {
    const dataset = await open({ ...inFolder('images/anna', series('a')), [place]: segmentation });
    expect(dataset.labelNames).toEqual(['background', 'liver', 'spleen']);
    expect([...(await dataset.load('anna')).labels.values]).toEqual([...reorient(labels).data]);
  });

  it('takes a segmentation of a NIfTI image too', async () => {
    const dataset = await open({
      'images/anna.nii.gz': encodeNifti(volume),
      'labels/anna.dcm': segmentation,
    });
    expect(dataset.labelNames).toEqual(['background', 'liver', 'spleen']);
    expect([...(await dataset.load('anna')).labels.values]).toEqual([...reorient(labels).data]);
  });

  it('refuses a segmentation of another place, and a series of two', async () => {
    const away = series('a').map((file, i) => dicomFile(file.name, [], 500 + i));
    await expect(open({ ...inFolder('images/anna', away), 'labels/anna.dcm': segmentation })).rejects.toThrow(
      /anna\.dcm: lies outside of its image/,
    );
    const mixed = [...series('a'), dicomFile('x.dcm', [[0x0020000e, 'UI', '1.2.9']], 9)];
    const refused = open({ ...inFolder('images/anna', mixed), 'labels/anna.nii.gz': encodeNifti(labels) });
    await expect(refused).rejects.toThrow(/of another series/);
    await expect(refused).rejects.toThrow(FileError);
  });

  it('differs from a folder of DICOM images with a label file each', async () => {
    const dataset = await open({
      'images/anna/1.dcm': dicomFile('1', []).bytes,
      'images/anna/2.dcm': dicomFile('2', []).bytes,
      'labels/anna/1.png': png(3, 2, (i) => i % 2),
      'labels/anna/2.png': png(3, 2, (i) => i % 2),
    });
    expect(dataset).toMatchObject({ ids: ['anna/1', 'anna/2'], size: [2, 3] });
  });
});

describe('images of several volumes', () => {
  const more = { ...volume, data: volume.data.map((value) => value + 1000) };
  const files: Files = {
    'images/a.nii.gz': encodeNifti([volume, more]),
    'labels/a.nii.gz': encodeNifti(labels),
  };

  it('give the one that is chosen, and say how where none is', async () => {
    const dataset = await open(files, { volumes: { frame: 1 } });
    expect([...(await dataset.load('a')).image.values]).toEqual([...reorient(more).data]);
    await expect(open(files)).rejects.toThrow(
      /holds 2 volumes, and one is expected. Choose one of the images' with `frame` \(--frame\), 0 to 1/,
    );
    await expect(open(files, { volumes: { frame: 2 } })).rejects.toThrow(
      /holds 2 volumes, and there is no number 2/,
    );
    await expect(open(files, { volumes: { frame: -1 } })).rejects.toThrow(
      /frame: got -1, expected an index from 0/,
    );
  });
});
