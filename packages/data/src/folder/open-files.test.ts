import { dicomSeries } from '@sshn-internal/testing';
import { describe, expect, it } from 'vitest';
import { buildBmp, buildPng, bytesOf } from '../testing/build.js';
import { bmp, good, image, labels, open, png, sources, text } from '../testing/folder.js';
import { openFiles } from './open-files.js';

describe('openFiles, generic layout', () => {
  it('pairs images and labels by name, whatever their formats, and reads them', async () => {
    const palette = Array.from({ length: 256 }, (_, i) => [i, i, i, 0]).flat();
    const asBmp = buildBmp({ width: 3, height: 2, bits: 8, palette, rows: [0, 1, 2, 0, 0, 1, 2, 0] });
    const dataset = await open({
      'images/b.x.png': image,
      'labels/b.x.BMP': asBmp,
      'labels/p1/a.tif': labels,
      'images/p1/a': image,
    });
    expect(dataset).toMatchObject({ name: 'cells', ids: ['b.x', 'p1/a'], size: [2, 3], channels: 1 });
    expect(dataset.labelNames).toEqual(['background', 'label 1', 'label 2']);
    const example = await dataset.load('b.x');
    expect([...example.image.values]).toEqual([0, 0.2, 0.4, 0.6, 0.8, 1].map(Math.fround));
    expect([...example.labels.values]).toEqual([0, 1, 2, 0, 1, 2]);
    await expect(dataset.load('c')).rejects.toThrow(`dataset 'cells': got "c"`);
  });

  it('takes DICOM slices, whose numbers stay the scanner’s', async () => {
    const [scan] = dicomSeries({
      values: [-1000, 0, 40, 80, 300, 1000],
      shape: [1, 2, 3],
      spacingMm: [1, 1, 1],
      originMm: [0, 0, 0],
    });
    const dataset = await open({ 'images/a.dcm': scan!.bytes, 'labels/a.png': labels });
    expect(dataset).toMatchObject({ ids: ['a'], size: [2, 3], channels: 1 });
    expect([...(await dataset.load('a')).image.values]).toEqual([-1000, 0, 40, 80, 300, 1000]);
  });

  it('takes masks/ for labels/, and passes over what is no image', async () => {
    const files = {
      'images/a.png': image,
      'masks/a.png': labels,
      'images/.DS_Store': bytesOf('x'),
      'images/Thumbs.db': bytesOf('x'),
      'images/README.md': bytesOf('x'),
      LICENSE: bytesOf('x'),
      'other/c.png': image,
    };
    expect((await open(files)).ids).toEqual(['a']);
  });

  it('pairs names in two Unicode forms, and labels with a suffix', async () => {
    const files = {
      'images/ma\u0308r.png': image,
      'labels/m\u00e4r.png': labels,
      'images/b.png': image,
      'labels/b_mask.png': labels,
      'images/c_seg.png': image,
      'labels/c_seg.png': labels,
    };
    expect((await open(files)).ids).toEqual(['b', 'c_seg', 'm\u00e4r']);
    await expect(open({ ...files, 'labels/b-seg.png': labels })).rejects.toThrow(/same name as .*b_mask/);
  });

  it('says which images it does not use', async () => {
    const warnings: string[] = [];
    const files = {
      ...good,
      'other/x.png': image,
      'images/p/q/r/deep.png': image,
      'labels/p/q/r/deep.png': labels,
    };
    const dataset = await open(files, { onWarning: (warning) => warnings.push(warning) });
    expect(dataset.ids).toEqual(['a', 'b', 'p/q/r/deep']);
    expect(warnings).toEqual(['left out, as they lie where this layout has no images: other/x.png']);
  });

  it('takes label values with gaps as they are, with a note', async () => {
    const warnings: string[] = [];
    const files = { 'images/a.png': image, 'labels/a.png': png(3, 2, (i) => (i % 2) * 255) };
    const dataset = await open(files, { onWarning: (warning) => warnings.push(warning) });
    expect(dataset.labelNames).toEqual(['background', 'label 255']);
    expect([...(await dataset.load('a')).labels.values]).toEqual([0, 1, 0, 1, 0, 1]);
    expect(warnings[0]).toMatch(/^label values have gaps \(0, 255\): they are numbered 0 to 1/);
  });

  it('brings images to a size and to channels, labels along', async () => {
    const mixed = { ...good, 'images/c.bmp': bmp(6, 4), 'labels/c.png': png(6, 4, () => 1) };
    const dataset = await open(mixed, { size: [4, 6], channels: 3 });
    expect(dataset).toMatchObject({ size: [4, 6], channels: 3 });
    const [a, c] = [await dataset.load('a'), await dataset.load('c')];
    expect([a.image.size, a.image.channels, a.labels.size]).toEqual([[4, 6], 3, [4, 6]]);
    expect([...a.labels.values.subarray(0, 6)]).toEqual([0, 0, 1, 1, 2, 2]);
    expect(c.image.values.every((v) => v === 1)).toBe(true);
  });

  it('numbers the labels that labels.json names, in a list or by value', async () => {
    const listed = await open({ ...good, 'labels.json': text(['background', 'wall', 'core']) });
    expect(listed.labelNames).toEqual(['background', 'wall', 'core']);
    const masks = { 'images/a.png': image, 'labels/a.png': png(3, 2, (i) => [0, 128, 255][i % 3]!) };
    const keyed = await open({
      ...masks,
      'labels.json': text({ 255: 'core', 0: 'background', 128: 'wall' }),
    });
    expect(keyed.labelNames).toEqual(['background', 'wall', 'core']);
    expect([...(await keyed.load('a')).labels.values]).toEqual([0, 1, 2, 0, 1, 2]);
  });

  it('takes colors and codes from labels.json, of SNOMED by number alone', async () => {
    const described = {
      0: 'background',
      1: { name: 'liver', color: [180, 60, 40], code: '10200004' },
      2: {
        name: 'nodule',
        code: { value: 'RID3875', scheme: 'RADLEX', meaning: 'Nodule' },
        category: { value: '49755003', scheme: 'SCT', meaning: 'Morphologically Abnormal Structure' },
      },
    };
    const dataset = await open({ ...good, 'labels.json': text(described) });
    expect(dataset).toMatchObject({
      labelNames: ['background', 'liver', 'nodule'],
      labelColors: [undefined, [180, 60, 40], undefined],
      labelCodes: [
        undefined,
        { type: { value: '10200004', scheme: 'SCT', meaning: 'liver' } },
        {
          type: { value: 'RID3875', scheme: 'RADLEX', meaning: 'Nodule' },
          category: { value: '49755003', scheme: 'SCT', meaning: 'Morphologically Abnormal Structure' },
        },
      ],
    });
  });

  it('reads the beginning of a file only, as long as labels.json says what the labels are', async () => {
    const reads: Array<[string, number | undefined]> = [];
    const files = sources({ ...good, 'labels.json': text(['background', 'wall', 'core']) }).map((file) => ({
      ...file,
      read: (limit?: number) => {
        reads.push([file.path, limit]);
        return file.read(limit);
      },
    }));
    const dataset = await openFiles('data/cells', files, { cache: false });
    expect(reads.filter(([path]) => path !== 'labels.json').map(([, limit]) => limit)).toEqual([
      540, // are these volumes?
      65536,
      65536,
      65536,
      65536,
    ]);
    reads.length = 0;
    await dataset.load('a');
    await dataset.load('a');
    expect(reads).toHaveLength(4);
    const cached = await openFiles('data/cells', files);
    reads.length = 0;
    await cached.load('a');
    await cached.load('a');
    expect(reads).toHaveLength(2);
  });

  it('reads all of a file whose header lies far inside', async () => {
    const extra = [['teXt', new Uint8Array(70_000)]] as const;
    const palette = [0, 0, 0, 255, 0, 0];
    const far = buildPng({
      width: 3,
      height: 2,
      bits: 1,
      colorType: 3,
      palette,
      extra,
      pixels: [0, 0, 0, 0],
    });
    const dataset = await open({ 'images/a.png': far, 'labels/a.png': labels });
    expect(dataset.channels).toBe(3);
  });
});

describe('openFiles, WBC layout', () => {
  const mask = png(3, 2, (i) => [0, 128, 255, 7, 78, 205][i]!);
  const files = {
    'Dataset 2/001.bmp': bmp(3, 2),
    'Dataset 2/001.png': mask,
    'Dataset 1/010.bmp': bmp(3, 2),
    'Dataset 1/010.png': mask,
    LICENSE: bytesOf('GPL'),
    'Class Labels of Dataset 1.csv': bytesOf('image ID,class label'),
  };

  it('pairs 001.bmp with 001.png and tells the labels by the nearest grey', async () => {
    const dataset = await open(files);
    expect(dataset.ids).toEqual(['Dataset 1/010', 'Dataset 2/001']);
    expect(dataset.labelNames).toEqual(['background', 'cytoplasm', 'nucleus']);
    expect([...(await dataset.load('Dataset 1/010')).labels.values]).toEqual([0, 1, 2, 0, 1, 2]);
  });

  it('reads one of its folders alone', async () => {
    expect((await open({ '001.bmp': bmp(3, 2), '001.png': mask })).ids).toEqual(['001']);
  });

  it('refuses greys between the labels', async () => {
    const dataset = await open({ ...files, 'Dataset 1/010.png': png(3, 2, (i) => (i === 4 ? 60 : 0)) });
    await expect(dataset.load('Dataset 1/010')).rejects.toThrow(
      'data/cells/Dataset 1/010.png: holds the label value 60 at row 1, column 1. Restore the file: masks',
    );
  });

  it('misses masks', async () => {
    await expect(open({ '001.bmp': bmp(3, 2), '002.bmp': bmp(3, 2), '002.png': mask })).rejects.toThrow(
      'data/cells/001.bmp: has no labels. Add 001.png, or take the file out of the folder.',
    );
  });
});
