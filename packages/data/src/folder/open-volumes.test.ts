import { FileError, OptionError, Rng, ShapeError, ValueError } from '@sshn/core';
import { sharedFolder } from '@sshn-internal/testing';
import { describe, expect, it } from 'vitest';
import { splitDataset } from '../dataset/split.js';
import { openFolder } from '../node/open-folder.js';
import { type Files, open, image as png, sources, text } from '../testing/folder.js';
import { expectClose } from '../testing/volumes.js';
import { encodeNifti } from '../volumes/nifti/encode.js';
import { reorient } from '../volumes/orientation.js';
import { type Triple, type Volume, type VoxelData, volumeOf } from '../volumes/volume.js';
import { openFiles } from './open-files.js';

/** Intensities 10, 11, 12, … and labels 0, 1, 2, 0, … */
const scan = (shape: Triple, spacingMm: Triple = [1, 1, 1]): Volume<Float32Array> =>
  volumeOf(
    Float32Array.from({ length: shape[0] * shape[1] * shape[2] }, (_, i) => 10 + i),
    shape,
    { spacingMm },
  );
const labelsOf = (volume: Volume, of = (i: number) => i % 3): Volume<Uint8Array> => ({
  ...volume,
  data: Uint8Array.from(volume.data, (_, i) => of(i)),
});
const nii = (volume: Volume<VoxelData>, gzip = true): Uint8Array => encodeNifti(volume, { gzip });
const pair = (name: string, volume: Volume): Files => ({
  [`images/${name}.nii.gz`]: nii(volume),
  [`labels/${name}.nii.gz`]: nii(labelsOf(volume)),
});
const one = scan([2, 3, 4]);
const good: Files = { ...pair('a', one), ...pair('b', scan([2, 3, 4])) };

describe('a folder of volumes', () => {
  it('pairs them by name and reads them, compressed or not', async () => {
    const files = {
      ...pair('b.1', one),
      'images/a.nii': nii(one, false),
      'labels/a.nii.gz': nii(labelsOf(one)),
    };
    const dataset = await open(files);
    expect(dataset).toMatchObject({ name: 'cells', ids: ['a', 'b.1'], size: [2, 3, 4], channels: 1 });
    expect(dataset.labelNames).toEqual(['background', 'label 1', 'label 2']);
    const { image, labels, spacingMm } = await dataset.load('a');
    expect([image.size, image.channels, labels.size, spacingMm]).toEqual([
      [2, 3, 4],
      1,
      [2, 3, 4],
      [1, 1, 1],
    ]);
    expect(image.values).toEqual(one.data);
    expect([...labels.values.subarray(0, 4)]).toEqual([0, 1, 2, 0]);
    await expect(dataset.load('c')).rejects.toThrow(ValueError);
  });

  it('may be one folder per subject', async () => {
    const dataset = await open({
      's-1/t1.nii.gz': nii(one),
      's-1/labels.nii.gz': nii(labelsOf(one)),
      's-2/flair.nii': nii(one, false),
      's-2/labels.nii': nii(labelsOf(one), false),
      's-2/notes.txt': text('x'),
      'labels.json': text(['background', 'wall', 'core']),
    });
    expect([dataset.ids, dataset.labelNames]).toEqual([
      ['s-1', 's-2'],
      ['background', 'wall', 'core'],
    ]);
    expect((await dataset.load('s-2')).image.values).toEqual(one.data);
  });

  it('turns all to canonical orientation, image and labels each from its own', async () => {
    const files = {
      'images/a.nii': nii(reorient(one, 'PIR'), false),
      'labels/a.nii': nii(reorient(labelsOf(one), 'LSA'), false),
    };
    const { image, labels } = await (await open(files)).load('a');
    expect(image).toMatchObject({ values: one.data, size: [2, 3, 4] });
    expect(labels.values).toEqual(labelsOf(one).data);
  });

  it('brings volumes of several sizes to one, stretched or padded', async () => {
    const files = { ...pair('a', one), ...pair('b', scan([4, 3, 2])) };
    await expect(open(files)).rejects.toThrow(
      "data/cells/images/b.nii.gz: is of size 4 × 3 × 2, but images/a.nii.gz of 2 × 3 × 4. Give a size to bring all to, such as [2, 3, 4], or fit 'pad'.",
    );
    const stretched = await open(files, { size: [2, 3, 2] });
    expect((await stretched.load('b')).image.size).toEqual([2, 3, 2]);
    expect((await stretched.load('b')).spacingMm).toEqual([2, 1, 1]);
    const padded = await open(files, { volumes: { fit: 'pad' } });
    expect(padded.size).toEqual([4, 3, 4]);
    const { image, labels } = await padded.load('a');
    // Half of two new slices on either side, of the lowest intensity and of background.
    expect([...image.values.subarray(0, 12)]).toEqual(Array(12).fill(10));
    expect([...image.values.subarray(12, 36)]).toEqual([...one.data]);
    expect([...labels.values.subarray(0, 15)]).toEqual([...Array(13).fill(0), 1, 2]);
    const cropped = await open(files, { size: [2, 3, 2], volumes: { fit: 'pad' } });
    expect([...(await cropped.load('a')).image.values.subarray(0, 4)]).toEqual([11, 12, 15, 16]);
  });

  it('resamples to a spacing before that', async () => {
    const files = { ...pair('a', scan([2, 2, 2], [2, 2, 2])), ...pair('b', scan([4, 4, 4], [1, 1, 1])) };
    const dataset = await open(files, { volumes: { spacingMm: 1 } });
    expect(dataset.size).toEqual([4, 4, 4]);
    expectClose([...(await dataset.load('a')).spacingMm!], [1, 1, 1], 9);
    expect((await open(files, { volumes: { spacingMm: [2, 1, 4] }, size: [2, 4, 1] })).size).toEqual([
      2, 4, 1,
    ]);
  });

  it('names labels by the tables of FreeSurfer, ITK-SNAP and BIDS, those that occur', async () => {
    const volume = { ...one, data: Int32Array.from(one.data, (_, i) => [0, 17, 1035, 53][i % 4]!) };
    const files = { 'images/a.nii.gz': nii(one), 'labels/a.nii.gz': nii(volume) };
    const line = (text: string) => new TextEncoder().encode(text);
    const tables = {
      'ColorLUT.txt': `#No. Label Name:  R G B A
0   Unknown                 0   0   0   0
17  Left-Hippocampus        220 216 20  0
53  Right-Hippocampus       220 216 20  0
99  Not-here                1   2   3   0
1035 ctx-lh-insula          255 192 32  0`,
      'snap.label': `################################################
# ITK-SnAP Label Description File
    0     0    0    0        0  0  0    "Clear Label"
   17   220  216   20        1  1  1    "Left-Hippocampus"
   53   220  216   20        1  1  1    "Right-Hippocampus"
 1035   255  192   32        1  1  1    "ctx-lh-insula"`,
      'labels/atlas_dseg.tsv':
        'index\tname\tcolor\n17\tLeft-Hippocampus\t#dcd814\n53\tRight-Hippocampus\t#dcd814\n1035\tctx-lh-insula\t#ffc020\n',
    };
    for (const [path, text] of Object.entries(tables)) {
      const dataset = await open({ ...files, [path]: line(text) });
      expect(dataset.labelNames).toEqual([
        'background',
        'Left-Hippocampus',
        'Right-Hippocampus',
        'ctx-lh-insula',
      ]);
      expect(dataset.labelColors?.slice(1)).toEqual([
        [220, 216, 20],
        [220, 216, 20],
        [255, 192, 32],
      ]);
      expect([...(await dataset.load('a')).labels.values.subarray(0, 4)]).toEqual([0, 1, 3, 2]);
    }
    const prose = { ...files, 'notes.txt': line('12 volumes were left out') };
    expect((await open(prose)).labelNames[1]).toBe('label 17');
  });

  it('rounds labels that a header scales, with a warning', async () => {
    const scaled = { ...one, data: Float32Array.from(one.data, (_, i) => (i % 3) * 1.0000153) };
    const files = { 'images/a.nii.gz': nii(one), 'labels/a.nii.gz': nii(scaled) };
    const warnings: string[] = [];
    const dataset = await open(files, { onWarning: (warning) => warnings.push(warning) });
    expect([...(await dataset.load('a')).labels.values.subarray(0, 3)]).toEqual([0, 1, 2]);
    expect(warnings[0]).toMatch(/^label files hold scaled numbers \(1\.00001\d* in labels\/a\.nii\.gz\)/);
    const soft = { ...one, data: Float32Array.from(one.data, (_, i) => (i % 3) / 2) };
    await expect(open({ ...files, 'labels/a.nii.gz': nii(soft) })).rejects.toThrow(
      /holds the value 0\.5, and labels are whole numbers from 0 to 65535\. If it was resampled/,
    );
  });

  it('reads .hdr with .img, and passes over .bval and .bvec', async () => {
    const split = (volume: Volume<VoxelData>) => {
      const whole = nii(volume, false);
      const hdr = whole.slice(0, 348);
      new DataView(hdr.buffer).setFloat32(108, 0, true);
      hdr.set([0x6e, 0x69, 0x31, 0], 344);
      return { hdr, img: whole.slice(352) };
    };
    const [image, labels] = [split(one), split(labelsOf(one))];
    const dataset = await open({
      'images/a.hdr': image.hdr,
      'images/a.img': image.img,
      'labels/a.hdr': labels.hdr,
      'labels/a.img': labels.img,
      'images/a.bval': text(1),
      'images/a.bvec': text(1),
    });
    expect(dataset.ids).toEqual(['a']);
    expect((await dataset.load('a')).image.values).toEqual(one.data);
  });

  it('numbers labels as labels.json says', async () => {
    const volume = labelsOf(one, (i) => (i === 0 ? 200 : 0));
    const files = { 'images/a.nii.gz': nii(one), 'labels/a.nii.gz': nii(volume) };
    const named = { ...files, 'labels.json': text({ 0: 'background', 200: 'tumor' }) };
    expect((await (await open(named)).load('a')).labels.values[0]).toBe(1);
    const other = { ...files, 'labels.json': text(['background', 'tumor']) };
    await expect((await open(other)).load('a')).rejects.toThrow(
      /labels\/a\.nii\.gz: holds the label value 200\. /,
    );
    const warnings: string[] = [];
    const unnamed = await open(files, { onWarning: (warning) => warnings.push(warning) });
    expect(unnamed.labelNames).toEqual(['background', 'label 200']);
    expect((await unnamed.load('a')).labels.values[0]).toBe(1);
    expect(warnings).toEqual([
      'label values have gaps (0, 200): they are numbered 0 to 1 in this order; labels.json can name them, such as {"0":"background","200":"label 200"}',
    ]);
  });
});

describe('files without a partner', () => {
  const lonely = { ...good, 'images/c.nii.gz': nii(one), 'labels/d.nii.gz': nii(labelsOf(one)) };

  it('are refused, or left out with a warning that lists them', async () => {
    await expect(open(lonely)).rejects.toThrow(
      /images\/c\.nii\.gz: has no labels\. Add labels\/c\.nii\.gz, or/,
    );
    const warnings: string[] = [];
    const dataset = await open(lonely, { unpaired: 'skip', onWarning: (warning) => warnings.push(warning) });
    expect(dataset.ids).toEqual(['a', 'b']);
    expect(warnings).toEqual([
      'left out, as there are no labels: data/cells/images/c.nii.gz',
      'left out, as there is no image: data/cells/labels/d.nii.gz',
    ]);
    // @ts-expect-error -- from JavaScript
    await expect(open(lonely, { unpaired: 'keep' })).rejects.toThrow(OptionError);
  });

  it('are left out of folders of images as well', async () => {
    const files = { 'images/a.png': png, 'labels/a.png': png, 'images/b.png': png };
    expect((await open({ ...files, 'labels.json': text(scheme) }, { unpaired: 'skip' })).ids).toEqual(['a']);
  });
  const scheme = Object.fromEntries([0, 51, 102, 153, 204, 255].map((value) => [value, `grey ${value}`]));
});

describe('slices of volumes', () => {
  const coronal = { volumes: { slices: { axis: 'coronal' } } } as const;

  it('are examples, upright, with the split by subject', async () => {
    const dataset = await open({ ...pair('a', one), ...pair('b', scan([2, 3, 4])) }, coronal);
    expect(dataset.ids).toEqual(['a', 'b'].flatMap((id) => [0, 1, 2].map((i) => `${id}/coronal-00${i}`)));
    expect([dataset.size, dataset.subjectOf?.('b/coronal-002')]).toEqual([[2, 4], 'b']);
    const { image, labels, spacingMm } = await dataset.load('a/coronal-001');
    // Depth 1, the upper one, in the first row; height 1.
    expect([...image.values]).toEqual([26, 27, 28, 29, 14, 15, 16, 17]);
    expect([...labels.values]).toEqual([16, 17, 18, 19, 4, 5, 6, 7].map((i) => i % 3));
    expect([image.size, labels.size, spacingMm]).toEqual([
      [2, 4],
      [2, 4],
      [1, 1],
    ]);
  });

  it('are those of a range, every so many', async () => {
    const ids = async (slices: object) =>
      (await open(pair('a', scan([9, 2, 2])), { volumes: { slices: { axis: 'axial', ...slices } } })).ids.map(
        (id) => Number(id.slice(-3)),
      );
    expect(await ids({ range: [2, 5] })).toEqual([2, 3, 4, 5]);
    expect(await ids({ range: [2, 100], step: 3 })).toEqual([2, 5, 8]);
    expect(await ids({ step: 4 })).toEqual([0, 4, 8]);
    await expect(ids({ range: [9, 12] })).rejects.toThrow(/has no axial slices from 9 to 12/);
    for (const range of [[1], [3, 2], [-1, 2], [0.5, 2]])
      await expect(ids({ range })).rejects.toThrow(ValueError);
    await expect(ids({ step: 0 })).rejects.toThrow(ValueError);
  });

  it('get one size by stretching or padding, and never part a subject', async () => {
    const names = Array.from({ length: 10 }, (_, i) => `s${i}`);
    const files = Object.assign({}, ...names.map((name, i) => pair(name, scan([2 + (i % 2), 3, 4]))));
    await expect(open(files, coronal)).rejects.toThrow(
      /is of size 3 × 4, but images\/s0\.nii\.gz of 2 × 4\./,
    );
    expect((await open(files, { ...coronal, size: [4, 4] })).size).toEqual([4, 4]);
    const dataset = await open(files, { volumes: { ...coronal.volumes, fit: 'pad' } });
    expect(dataset.size).toEqual([3, 4]);
    const { train, validation, test } = splitDataset(dataset, Rng.fromSeed(3));
    const subjects = [train, validation, test].map((ids) => new Set(ids.map((id) => dataset.subjectOf!(id))));
    expect(subjects.map((ids) => ids.size)).toEqual([6, 2, 2]);
    expect(new Set(subjects.flatMap((ids) => [...ids])).size).toBe(10);
  });

  it('read each volume once while they are asked for in order', async () => {
    const reads: string[] = [];
    const files = sources({ ...good, 'labels.json': text(['background', 'wall', 'core']) }).map((file) => ({
      ...file,
      read: (limit?: number) => {
        if (limit === undefined) reads.push(file.path);
        return file.read(limit);
      },
    }));
    const dataset = await openFiles('data/cells', files, coronal);
    for (const id of dataset.ids) await dataset.load(id);
    expect(reads.filter((path) => path.startsWith('images/'))).toEqual([
      'images/a.nii.gz',
      'images/b.nii.gz',
    ]);
  });
});

describe('volumes are refused', () => {
  const other = scan([2, 3, 5]);
  const shifted = { ...labelsOf(one), affine: one.affine.map(([d, h, w, at]) => [d, h, w, at + 4]) };
  const cases: Array<[string, Files, RegExp]> = [
    [
      'with labels on another grid',
      { 'images/a.nii': nii(one, false), 'labels/a.nii': nii(labelsOf(other), false) },
      /labels\/a\.nii: has 5 × 3 × 2 voxels, but its image images\/a\.nii has 4 × 3 × 2\. Export/,
    ],
    [
      'with labels elsewhere',
      { 'images/a.nii': nii(one), 'labels/a.nii': nii(shifted as unknown as Volume) },
      /labels\/a\.nii: lies 6\.9 mm away from its image/,
    ],
    [
      'beside images',
      { ...good, 'images/c.png': png, 'labels/c.png': png },
      /images\/c\.png: is not a volume of a format/,
    ],
    [
      'with fractions for labels',
      { 'images/a.nii': nii(one), 'labels/a.nii': nii({ ...one, data: one.data.map((x) => x / 2) }) },
      /labels\/a\.nii: holds the value 5\.5, and labels are whole/,
    ],
    [
      'of several time points',
      { 'images/a.nii': encodeNifti([one, one]), 'labels/a.nii': nii(labelsOf(one)) },
      /images\/a\.nii: holds 2 volumes/,
    ],
    [
      'two for one subject',
      { 's/t1.nii': nii(one), 's/t2.nii': nii(one), 's/labels.nii': nii(labelsOf(one)) },
      /s\/t2\.nii: lies beside s\/t1\.nii, and one volume per subject/,
    ],
  ];
  it.each(cases)('%s', async (_, files, message) => {
    await expect(open(files)).rejects.toThrow(FileError);
    await expect(open(files)).rejects.toThrow(message);
  });

  it('with values that are no numbers, when they are loaded', async () => {
    const broken = { ...one, data: one.data.map((x, i) => (i === 3 ? Number.NaN : x)) };
    const dataset = await open({ 'images/a.nii': nii(broken), 'labels/a.nii': nii(labelsOf(one)) });
    await expect(dataset.load('a')).rejects.toThrow(
      /images\/a\.nii: holds values that are not finite numbers/,
    );
  });

  it('with options that make no sense', async () => {
    await expect(open(good, { size: [4, 4] })).rejects.toThrow(ShapeError);
    await expect(open(good, { size: [4, 4, 0] })).rejects.toThrow(ValueError);
    await expect(open(good, { channels: 3 })).rejects.toThrow(ValueError);
    await expect(open(good, { volumes: { spacingMm: [1, 2] } })).rejects.toThrow(ValueError);
    await expect(open(good, { volumes: { spacingMm: -1 } })).rejects.toThrow(ValueError);
    // @ts-expect-error -- from JavaScript
    await expect(open(good, { volumes: { fit: 'crop' } })).rejects.toThrow(OptionError);
    const images = { 'images/a.png': png, 'labels/a.png': png };
    await expect(open(images, { volumes: { fit: 'pad' } })).rejects.toThrow(
      'volumes.fit: got "data/cells", expected NIfTI volumes, and this folder holds images: leave the option out.',
    );
  });
});

const brains = sharedFolder('data/oasis-trt-20');
describe.skipIf(brains === undefined)('brains', () => {
  it('as coronal slices, split 13 / 3 / 4 by subject', { timeout: 60_000 }, async () => {
    const slices = { axis: 'coronal', range: [90, 100], step: 5 } as const;
    const dataset = await openFolder(brains!, { volumes: { slices }, cache: false });
    expect(dataset).toMatchObject({ size: [224, 160], channels: 1 });
    expect(dataset.ids).toHaveLength(60);
    expect(dataset.labelNames).toHaveLength(26);
    const { train, validation, test } = splitDataset(dataset, Rng.fromSeed(1));
    expect([train.length, validation.length, test.length]).toEqual([39, 9, 12]);
    const { image, labels } = await dataset.load('subject-03/coronal-095');
    expect(image.values.some((value) => value > 0)).toBe(true);
    expect(new Set(labels.values).size).toBeGreaterThan(10);
  });
});
