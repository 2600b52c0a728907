import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  decodeDicom,
  decodeNifti,
  decodeNrrd,
  encodeNifti,
  generatePhantoms,
  reorient,
  volumeOf,
} from '@sshn/data';
import { updateManifest } from '@sshn/model/node';
import { Segmenter } from '@sshn/predict';
import { openModel, readPicture } from '@sshn/predict/node';
import { dicomSeries, python, pythonHas, useBackend } from '@sshn-internal/testing';
import { decode, encode } from 'fast-png';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runCommandLine } from '../command-line.js';
import { captureOutput } from '../testing/captured-output.js';
import { storeModel } from '../testing/random-model.js';

let folder: string;
const output = captureOutput();
const at = (name: string): string => join(folder, name);
const sshn = (line: string): Promise<number> => {
  output.clear();
  return runCommandLine(line.split(' ').map((word) => word.replace('@', `${folder}/`)));
};

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sshn-predict-'));
  await useBackend('wasm');
  await storeModel(at('cells.safetensors'), {}, { size: [16, 16], channels: 3 });
  await storeModel(at('brains.safetensors'), {}, { size: [8, 8, 8], channels: 1 });
  await mkdir(at('images/deep/er'), { recursive: true });
  const cells = generatePhantoms({ kind: 'cells', count: 3, size: [20, 24], seed: 1 });
  for (const [i, id] of cells.ids.entries()) {
    const { image } = await cells.load(id);
    const data = Uint8Array.from(image.values, (value) => Math.round(255 * value));
    const place = ['images/a.png', 'images/b.png', 'images/deep/er/a.png'][i]!;
    await writeFile(at(place), encode({ width: 24, height: 20, channels: 3, depth: 8, data }));
  }
  const scan = volumeOf(
    Float32Array.from({ length: 6 * 7 * 9 }, (_, i) => i % 29),
    [6, 7, 9],
    { spacingMm: [2, 1, 1] },
  );
  await writeFile(at('scan.nii.gz'), encodeNifti(scan));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** What the library says of an image. */
async function labelsOf(model: string, image: string, setting = {}): Promise<number[]> {
  using opened = await openModel(at(model));
  if (!(opened instanceof Segmenter)) throw new Error('expected a segmenter');
  return [...(await opened.predict(await readPicture(at(image)), setting)).labels.data];
}

test('a folder: label maps as the library gives them, a table, names and colors', async () => {
  expect(await sshn('predict @cells.safetensors @images -o @out --factor 0.25 --overlays --threads 1')).toBe(
    0,
  );
  for (const name of ['a', 'b', 'deep/er/a']) {
    const { data, width, height } = decode(await readFile(at(`out/${name}.png`)));
    expect([width, height]).toEqual([24, 20]);
    expect([...data]).toEqual(await labelsOf('cells.safetensors', `images/${name}.png`, { factor: 0.25 }));
    expect(decode(await readFile(at(`out/overlays/${name}.png`)))).toMatchObject({
      width: 24,
      height: 20,
      channels: 3,
    });
  }
  const rows = (await readFile(at('out/volumes.csv'), 'utf8')).trim().split('\n');
  expect(rows[0]).toBe('input,output,factor,label,voxels,mm3,ml,dice');
  expect(rows.length).toBe(1 + 3 * 3);
  const pixels = rows.slice(1).map((row) => Number(row.split(',')[4]));
  expect(pixels.slice(0, 3).reduce((sum, count) => sum + count, 0)).toBe(480);
  expect(await readFile(at('out/labels.dseg.tsv'), 'utf8')).toContain('1\tnucleus\t#');
  expect(output.stdout).toContain('3 label map(s) in');
});

test('on onnxruntime: the same label maps, but where two labels are as likely', async () => {
  const line = 'predict @cells.safetensors @images --factor 0.25 --threads 1';
  expect(await sshn(`${line} -o @native --runtime onnxruntime`)).toBe(0);
  expect(output.stderr).toContain('On onnxruntime.');
  const wanted = await labelsOf('cells.safetensors', 'images/a.png', { factor: 0.25 });
  const { data } = decode(await readFile(at('native/a.png')));
  const differing = [...data].filter((label, i) => label !== wanted[i]).length;
  expect(differing).toBeLessThanOrEqual(2);
});

test('what is done is not done again, unless the image or the setting changed', async () => {
  const times = async () => (await stat(at('again/a.png'))).mtimeMs;
  const line = 'predict @cells.safetensors @images -o @again --threads 1 --json';
  expect(await sshn(`${line} --factor 0.1`)).toBe(0);
  expect(
    output.stdout
      .trim()
      .split('\n')
      .map((one) => JSON.parse(one).output),
  ).toEqual(['a.png', 'b.png', 'deep/er/a.png']);
  const first = await times();
  expect(await sshn(`${line} --factor 0.1`)).toBe(0);
  expect([output.stdout, await times()]).toEqual(['', first]);
  await utimes(at('images/a.png'), new Date(), new Date(Date.now() - 5000));
  expect(await sshn(`${line} --factor 0.1`)).toBe(0);
  expect(JSON.parse(output.stdout)).toMatchObject({ output: 'a.png', factor: [0.1] });
  expect(await sshn(`${line} --factor 0.2`)).toBe(0);
  expect(output.stdout.trim().split('\n').length).toBe(3);
});

test('a bad image is reported, the others go on, and the exit code tells', async () => {
  await mkdir(at('mixed'));
  await writeFile(at('mixed/bad.png'), 'no image');
  await writeFile(at('mixed/good.png'), await readFile(at('images/a.png')));
  expect(await sshn('predict @cells.safetensors @mixed -o @mixed-out --threads 1')).toBe(1);
  expect(output.stderr).toContain(`error: ${at('mixed/bad.png')}: `);
  expect(output.stderr).toContain('1 of 2 images could not be predicted');
  expect(await readdir(at('mixed-out'))).toContain('good.png');
});

test('Dice against known labels', async () => {
  expect(await sshn('predict @cells.safetensors @images/a.png -o @truth --factor 0.5 --threads 1')).toBe(0);
  expect(
    await sshn(
      'predict @cells.safetensors @images/a.png -o @scored --factor 0.5 --labels @truth/a.png --json --threads 1',
    ),
  ).toBe(0);
  const { labels } = JSON.parse(output.stdout);
  for (const { voxels, dice } of labels) expect(dice).toBe(voxels > 0 ? 1 : null);
  expect(
    await sshn('predict @cells.safetensors @images/a.png -o @scored --labels @images/b.png --threads 1'),
  ).toBe(1);
  expect(output.stderr).toContain(`${at('images/b.png')}: is a color image, and labels are numbers`);
  const small = encode({ width: 3, height: 2, channels: 1, depth: 8, data: new Uint8Array(6) });
  await writeFile(at('small.png'), small);
  expect(
    await sshn('predict @cells.safetensors @images/a.png -o @scored --labels @small.png --threads 1'),
  ).toBe(1);
  expect(output.stderr).toContain(`${at('small.png')}: does not fit the image ${at('images/a.png')}`);
});

test('known labels of a volume may have their axes in another order, and have to lie on its grid', async () => {
  const predict = 'predict @brains.safetensors @scan.nii.gz --json --threads 1';
  expect(await sshn(`${predict} -o @plain`)).toBe(0);
  const labels = decodeNifti(await readFile(at('plain/scan.nii.gz')), 'labels');
  await writeFile(at('turned.nii.gz'), encodeNifti(reorient(labels, 'PSL')));
  expect(await sshn(`${predict} -o @turned --labels @turned.nii.gz`)).toBe(0);
  for (const { voxels, dice } of JSON.parse(output.stdout).labels) expect(dice).toBe(voxels > 0 ? 1 : null);
  const [x, y, [a, b, c, top]] = labels.affine;
  await writeFile(at('elsewhere.nii.gz'), encodeNifti({ ...labels, affine: [x, y, [a, b, c, top + 4]] }));
  expect(await sshn(`${predict} -o @elsewhere --labels @elsewhere.nii.gz`)).toBe(1);
  expect(output.stderr).toMatch(/elsewhere\.nii\.gz: lies up to 4\.0 mm away from .*on its grid\.$/m);
});

test('a volume comes back as NIfTI on its own grid, or as a segmentation for 3D Slicer', async () => {
  expect(await sshn('predict @brains.safetensors @scan.nii.gz -o @volumes --threads 1')).toBe(0);
  const labels = decodeNifti(await readFile(at('volumes/scan.nii.gz')), 'scan.nii.gz');
  expect(labels.shape).toEqual([6, 7, 9]);
  expect(labels.spacingMm[0]).toBeCloseTo(2, 6);
  expect([...labels.data]).toEqual(await labelsOf('brains.safetensors', 'scan.nii.gz'));
  const row = (await readFile(at('volumes/volumes.csv'), 'utf8')).split('\n')[1]!.split(',');
  expect(Number(row[5])).toBe(2 * Number(row[4]));
  expect(await sshn('predict @brains.safetensors @scan.nii.gz -o @slicer --format nrrd --threads 1')).toBe(0);
  const nrrd = (await readFile(at('slicer/scan.seg.nrrd'))).toString('latin1');
  expect(nrrd).toContain('Segment0_Name:=nucleus\n');
  expect(nrrd).toContain('sizes: 9 7 6\n');
  expect(await sshn('predict @brains.safetensors @scan.nii.gz -o @slicer --format png --threads 1')).toBe(1);
});

describe('a DICOM series', () => {
  const [shape, spacingMm] = [
    [6, 7, 9],
    [2, 1, 1.5],
  ] as const;
  beforeAll(async () => {
    await mkdir(at('series'));
    const values = Int16Array.from({ length: 6 * 7 * 9 }, (_, i) => (i * 37) % 400);
    const scan = { values, shape, spacingMm, originMm: [-8, 5, 20] } as const;
    for (const { name, bytes } of dicomSeries(scan)) await writeFile(at(`series/${name}`), bytes);
    await writeFile(at('series/readme.txt'), 'no image');
  });
  const hasPydicom = pythonHas('pydicom, numpy');

  test.each(['dicom', 'dicom-labelmap'])('becomes a segmentation of it, %s', async (format) => {
    const line = `predict @brains.safetensors @series -o @${format} --format ${format} --threads 1`;
    expect(await sshn(line)).toBe(0);
    const bytes = await readFile(at(`${format}/series.dcm`));
    const read = await decodeDicom([{ name: 'series.dcm', bytes }]);
    expect(read.segments?.map(({ number, label }) => [number, label])).toEqual([
      [1, 'nucleus'],
      [2, 'cytoplasm'],
    ]);
    const expected = await labelsOf('brains.safetensors', 'series');
    expect(new Set(expected).size).toBeGreaterThan(1);
    const picture = await readPicture(at('series'));
    // Slices at the ends that have no label are left out of single bits.
    const area = 7 * 9;
    const shift = Math.round((read.affine[2]![3] - picture.channels[0].affine[2]![3]) / 2);
    const whole = new Array<number>(expected.length).fill(0);
    for (const [i, label] of read.data.entries()) whole[shift * area + i] = label;
    expect(whole).toEqual(expected);
    expect(read.spacingMm).toEqual(picture.channels[0].spacingMm);
  });

  test.skipIf(!hasPydicom)('is read by pydicom as it was written', async () => {
    const line = 'predict @brains.safetensors @series -o @pydicom --format dicom --threads 1';
    expect(await sshn(line)).toBe(0);
    const script = `
import json, sys, pydicom
d = pydicom.dcmread(sys.argv[1])
json.dump([d.Modality, d.SegmentationType, d.ReferencedSeriesSequence[0].SeriesInstanceUID,
  [s.SegmentLabel for s in d.SegmentSequence], int(d.pixel_array.sum())], sys.stdout)`;
    const out = execFileSync(python, ['-W', 'ignore', '-c', script, at('pydicom/series.dcm')], {
      encoding: 'utf8',
    });
    const labeled = (await labelsOf('brains.safetensors', 'series')).filter((label) => label > 0).length;
    expect(JSON.parse(out)).toEqual(['SEG', 'BINARY', '1.2.3', ['nucleus', 'cytoplasm'], labeled]);
  });

  test('has the codes that the manifest gives its labels, and for the others those of any tissue', async () => {
    const type = { value: '10200004', scheme: 'SCT', meaning: 'Liver' };
    const category = { value: '123037004', scheme: 'SCT', meaning: 'Body structure' };
    await writeFile(at('coded.safetensors'), await readFile(at('brains.safetensors')));
    await updateManifest(at('coded.safetensors'), ({ format: _, version: __, ...manifest }) => ({
      ...manifest,
      labels: manifest.labels.map((label, i) => (i === 1 ? { ...label, codes: { type, category } } : label)),
    }));
    for (const format of ['dicom', 'dicom-labelmap']) {
      const line = `predict @coded.safetensors @series -o @coded-${format} --format ${format} --threads 1`;
      expect(await sshn(line)).toBe(0);
      const bytes = await readFile(at(`coded-${format}/series.dcm`));
      const { segments } = await decodeDicom([{ name: 'series.dcm', bytes }]);
      expect(segments).toMatchObject([
        { number: 1, type, category },
        { number: 2, type: { value: '85756007', meaning: 'Tissue' } },
      ]);
    }
  });

  test('is needed for one', async () => {
    const line = 'predict @brains.safetensors @scan.nii.gz -o @none --format dicom --threads 1';
    expect(await sshn(line)).toBe(1);
    expect(output.stderr).toContain('is no DICOM file, and a DICOM segmentation refers to the series');
    expect(await readdir(at('none'))).not.toContain('scan.dcm');
  });
});

test('labels have the values, names and colors of the files that the model was trained with', async () => {
  await storeModel(at('gaps.safetensors'), {}, { size: [8, 8, 8], channels: 1 }, [0, 41, 1024]);
  const wanted = (await labelsOf('gaps.safetensors', 'scan.nii.gz')).map((label) => [0, 41, 1024][label]!);
  expect(new Set(wanted).size).toBeGreaterThan(1);
  expect(await sshn('predict @gaps.safetensors @scan.nii.gz -o @gaps --threads 1')).toBe(0);
  expect([...decodeNifti(await readFile(at('gaps/scan.nii.gz')), 'labels').data]).toEqual(wanted);
  expect(await readFile(at('gaps/labels.dseg.tsv'), 'utf8')).toMatch(
    /^0\tbackground.*\n41\tnucleus.*\n1024\tcytoplasm/m,
  );
  expect(await readFile(at('gaps/labels.lut.txt'), 'utf8')).toMatch(/^1024 cytoplasm /m);
  const line = 'predict @gaps.safetensors @scan.nii.gz -o @gaps-nrrd --format nrrd --threads 1';
  expect(await sshn(`${line} --labels @gaps/scan.nii.gz`)).toBe(0);
  const nrrd = await readFile(at('gaps-nrrd/scan.seg.nrrd'));
  expect([...decodeNrrd(nrrd, 'labels').data]).toEqual(wanted);
  expect(nrrd.toString('latin1')).toContain('Segment1_LabelValue:=1024');
  const { images } = JSON.parse(await readFile(at('gaps-nrrd/predictions.json'), 'utf8'));
  for (const { voxels, dice } of images.scan.labels) expect(dice).toBe(voxels > 0 ? 1 : null);
});

test('of a file of several volumes one is chosen with --frame, as the message says', async () => {
  const scan = decodeNifti(await readFile(at('scan.nii.gz')), 'scan');
  const other = { ...scan, data: scan.data.map((value, i) => (value * 7 + i) % 31) };
  await writeFile(at('moments.nii.gz'), encodeNifti([other, scan]));
  const line = 'predict @brains.safetensors @moments.nii.gz -o @moments --threads 1';
  expect(await sshn(line)).toBe(1);
  expect(output.stderr).toContain(
    'holds 2 volumes, and one is expected. Choose one with `frame` (--frame), 0 to 1',
  );
  expect(await sshn(`${line} --frame 1`)).toBe(0);
  const labels = decodeNifti(await readFile(at('moments/moments.nii.gz')), 'labels');
  expect([...labels.data]).toEqual(await labelsOf('brains.safetensors', 'scan.nii.gz'));
  // Another frame is another result: it is not taken for done.
  expect(await sshn(`${line} --frame 0`)).toBe(0);
  await writeFile(at('other.nii.gz'), encodeNifti(other));
  const first = decodeNifti(await readFile(at('moments/moments.nii.gz')), 'labels');
  expect([...first.data]).toEqual(await labelsOf('brains.safetensors', 'other.nii.gz'));
  expect(await sshn(`${line} --frame 2`)).toBe(1);
  expect(output.stderr).toContain('frame: got 2, expected an index from 0 to 1');
});

test('a pipe among the images is left out, and one that is named is refused', async () => {
  await mkdir(at('piped'));
  await writeFile(at('piped/a.png'), await readFile(at('images/a.png')));
  execFileSync('mkfifo', [at('piped/b.png')]);
  await symlink('/dev/zero', at('piped/c.png'));
  await symlink(at('images/b.png'), at('piped/d.png'));
  expect(await sshn('predict @cells.safetensors @piped -o @piped-out --threads 1')).toBe(0);
  expect((await readdir(at('piped-out'))).filter((name) => name.endsWith('.png'))).toEqual([
    'a.png',
    'd.png',
  ]);
  expect(await sshn('predict @cells.safetensors @piped/b.png -o @piped-out --threads 1')).toBe(1);
  expect(output.stderr).toContain('is neither a file nor a folder');
  await expect(readPicture(at('piped/b.png'))).rejects.toThrow(/is a folder, a pipe, a socket or a device/);
});

test.each([
  ['predict @cells.safetensors @nothing -o @x', 1, 'does not exist'],
  ['predict @cells.safetensors @none/*.png -o @x', 1, 'matches no file'],
  ['predict @missing.safetensors @images -o @x', 1, 'is not there'],
  [
    'predict @cells.safetensors @images -o @x --factor 0.2 --gflops 1',
    2,
    '--factor names the setting itself',
  ],
  ['predict @cells.safetensors @images -o @x --gflops 1e-9', 1, 'the nearest, factor 0.1'],
  ['predict @cells.safetensors @scan.nii.gz -o @x --threads 1', 1, 'expected a raster image'],
])('%s is refused', async (line, code, message) => {
  expect(await sshn(line)).toBe(code);
  expect(output.stderr).toContain(message);
});

describe('how sure it is', () => {
  beforeAll(async () => {
    const line = { slope: 0.5, intercept: 0.4, error: 0.05 };
    const rung = { error: 0.03, labels: [line, null] };
    for (const [name, size] of [
      ['sure', [16, 16]],
      ['sure3d', [8, 8, 8]],
    ] as const) {
      const path = at(`${name}.safetensors`);
      await storeModel(path, {}, { size: [...size], channels: size.length === 3 ? 1 : 3 });
      await updateManifest(path, (manifest) => ({
        ...manifest,
        cascade: {
          images: 7,
          rungs: [
            { factor: 0.1, dice: 0.8, ...rung },
            { factor: 0.4, dice: 0.9, ...rung },
          ],
        },
      }));
    }
  });

  test('--uncertainty writes a map beside each label map, and the Dice that is predicted', async () => {
    expect(await sshn('predict @sure.safetensors @images/a.png -o @unsure --uncertainty --threads 1')).toBe(
      0,
    );
    using model = await openModel(at('sure.safetensors'));
    if (!(model instanceof Segmenter)) throw new Error('expected a segmenter');
    const wanted = await model.predict(await readPicture(at('images/a.png')), { uncertainty: true });
    const { data, width, height, depth } = decode(await readFile(at('unsure/a.uncertainty.png')));
    expect([width, height, depth]).toEqual([24, 20, 16]);
    expect([...data]).toEqual([...wanted.uncertainty!.data].map((value) => Math.round(65535 * value)));
    const labels = decode(await readFile(at('unsure/a.png')));
    expect([...labels.data]).toEqual([...wanted.labels.data]);
    const { mean, error, labels: each } = wanted.predictedDice!;
    const { images } = JSON.parse(await readFile(at('unsure/predictions.json'), 'utf8'));
    expect(images.a).toMatchObject({ factor: [0.4], settings: 2, predictedDice: { mean, error } });
    expect(images.a.labels.map((label: { predictedDice?: unknown }) => label.predictedDice)).toEqual([
      undefined,
      each[0],
      null,
    ]);
    const rows = (await readFile(at('unsure/volumes.csv'), 'utf8')).trim().split('\n');
    expect(rows[0]).toBe('input,output,factor,label,voxels,mm3,ml,dice,predictedDice,predictedDiceError');
    expect(rows[2]!.endsWith(`,${each[0]!.dice},0.05`)).toBe(true);
    expect(rows[3]!.endsWith(',,')).toBe(true);
    expect(output.stdout).toContain('predicted Dice');
    expect(output.stderr).toContain('Runs all 2 settings of its cascade.');
  });

  test('of volumes it is NIfTI on their grid', async () => {
    expect(
      await sshn('predict @sure3d.safetensors @scan.nii.gz -o @unsure3d --uncertainty --threads 1'),
    ).toBe(0);
    const map = decodeNifti(await readFile(at('unsure3d/scan.uncertainty.nii.gz')), 'map');
    const labels = decodeNifti(await readFile(at('unsure3d/scan.nii.gz')), 'labels');
    expect([map.shape, map.affine]).toEqual([labels.shape, labels.affine]);
    expect(Math.max(...map.data)).toBeLessThanOrEqual(1);
    expect(Math.min(...map.data)).toBeGreaterThanOrEqual(0);
  });

  test('--cascade ends at the first setting that predicts --dice, or at the last within the budget', async () => {
    const line = (dice: number, out: string) =>
      `predict @sure.safetensors @images/a.png @images/b.png -o @${out} --cascade --dice ${dice} --json --threads 1`;
    const settings = () =>
      output.stdout
        .trim()
        .split('\n')
        .map((text) => JSON.parse(text).settings);
    expect(await sshn(line(0.1, 'few'))).toBe(0);
    expect(settings()).toEqual([1, 1]);
    expect(await sshn(line(1, 'all'))).toBe(0);
    expect(settings()).toEqual([2, 2]);
    expect(await readdir(at('all'))).not.toContain('a.uncertainty.png');
    using model = await openModel(at('sure.safetensors'));
    if (!(model instanceof Segmenter)) throw new Error('expected a segmenter');
    const least = model.rungs[0]!.gflops!;
    expect(await sshn(`${line(1, 'within')} --gflops ${least * 1.01}`)).toBe(0);
    expect(settings()).toEqual([1, 1]);
    expect(await sshn(`${line(1, 'none')} --gflops ${least / 2}`)).toBe(1);
    expect(output.stderr).toContain('No setting has at most');
  });

  test('--dice with another budget goes through the cascade, --no-cascade takes one setting for all', async () => {
    await updateManifest(at('sure.safetensors'), (manifest) => ({
      ...manifest,
      accuracyCost: [0.1, 0.4].map((factor) => ({
        ...{ factor, dice: 0.8 + factor / 4, gflops: factor / 100, milliseconds: null },
      })),
    }));
    const line = (out: string) =>
      `predict @sure.safetensors @images/a.png @images/b.png -o @${out} --dice 0.1 --json`;
    const told = () =>
      output.stdout
        .trim()
        .split('\n')
        .map((text) => JSON.parse(text))
        .map(({ factor, settings }) => [factor[0], settings]);
    expect(await sshn(`${line('usual')} --milliseconds 1e6 --threads 1`)).toBe(0);
    expect(told()).toEqual([0.1, 0.1].map((factor) => [factor, 1]));
    expect(output.stderr).toContain('Until Dice 0.1 is predicted');
    // The same folder: other labels are another result.
    expect(await sshn(`${line('usual')} --milliseconds 1e6 --threads 1 --no-cascade`)).toBe(0);
    expect(told()).toEqual([0.4, 0.4].map((factor) => [factor, undefined]));
    expect(output.stderr).toContain('has the highest Dice of the 2 of 2');
    expect(await sshn(`${line('flipped')} --gflops 1 --flips --threads 1`)).toBe(0);
    expect(told()).toEqual([0.4, 0.4].map((factor) => [factor, undefined]));
  });

  test.each([
    ['--cascade', '--cascade needs --dice'],
    ['--uncertainty --factor 0.3', 'leave out --factor, or it'],
    ['--cascade --dice 0.9 --flips', 'leave out --flips, or it'],
  ])('%s is refused', async (flags, message) => {
    expect(await sshn(`predict @sure.safetensors @images/a.png -o @refused ${flags}`)).toBe(2);
    expect(output.stderr).toContain(message);
  });
});
