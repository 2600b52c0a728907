import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { encodeNifti } from '@sshn/data';
import { openFolder } from '@sshn/data/node';
import { encode } from 'fast-png';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { runCommandLine } from '../command-line.js';
import { sources } from '../datasets/sources.js';

/** The images as they are published, where they are. */
const published = fileURLToPath(new URL('../../../../../shared/data/wbc', import.meta.url));

let folder: string;
let [stdout, stderr] = ['', ''];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sshn-data-'));
  [stdout, stderr] = ['', ''];
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    stdout += text;
    return true;
  });
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    stderr += text;
    return true;
  });
});
afterEach(async () => {
  vi.restoreAllMocks();
  await rm(folder, { recursive: true });
});

const put = async (path: string, bytes: Uint8Array | string) => {
  await mkdir(dirname(join(folder, 'raw', path)), { recursive: true });
  await writeFile(join(folder, 'raw', path), bytes);
};
const prepare = (name: string) =>
  runCommandLine(['data', name, join(folder, 'raw'), '-o', join(folder, 'out')]);

/** A file of width × height × depth voxels, the first axis fastest. */
const nifti = (
  shape: readonly [width: number, height: number, depth: number],
  data: Float32Array | Uint8Array,
) => {
  const [width, height, depth] = shape;
  const affine = [
    [0, 0, -1, 0],
    [1, 0, 0, 0],
    [0, -1, 0, 0],
  ] as const;
  return encodeNifti({ shape: [depth, height, width], spacingMm: [1, 1, 1], affine, data });
};
const png = (width: number, height: number, data: Uint8Array) =>
  encode({ width, height, channels: 1, depth: 8, data });
const ramp = (count: number, by = 1) => Float32Array.from({ length: count }, (_, i) => i * by);

describe('sshn data', () => {
  test('lists the datasets of the paper, and says where each is available', async () => {
    expect(await runCommandLine(['data'])).toBe(0);
    for (const { name } of sources) expect(stdout).toContain(`${name}\n`);
    for (const { name } of sources) {
      stdout = '';
      expect(await runCommandLine(['data', name])).toBe(0);
      expect(stdout).toMatch(/from +.*https:\/\//);
    }
    expect(await runCommandLine(['data', 'oasis2d'])).toBe(1);
    expect(stderr).toContain('oasis-2d');
  });

  test('neurite-OASIS in 2D becomes pictures, whose labels have their names', async () => {
    for (const [i, subject] of [
      'OASIS_OAS1_0001_MR1',
      'OASIS_OAS1_0002_MR1',
      'OASIS_OAS1_0003_MR1',
    ].entries()) {
      await put(`${subject}/slice_norm.nii.gz`, nifti([3, 4, 1], ramp(12, 0.08)));
      await put(
        `${subject}/slice_seg24.nii.gz`,
        nifti([3, 4, 1], Uint8Array.of(0, 1, 2, i, 0, 0, 0, 0, 0, 0, 0, 2)),
      );
      await put(`${subject}/slice_seg4.nii.gz`, nifti([3, 4, 1], new Uint8Array(12)));
    }
    await put(
      'seg24_labels.txt',
      '0 Unknown 0 0 0 0\n1 Left-Cerebral-White-Matter 245 245 245 0\n2 Left-Cerebral-Cortex 205 62 78 0\n',
    );
    expect([await prepare('oasis-2d'), stdout]).toEqual([0, expect.stringContaining('is ready: 3 images')]);
    expect(stderr).toContain('3 images are here, 414 are published');
    const dataset = await openFolder(join(folder, 'out'));
    expect(dataset.ids.length).toBe(3);
    expect(dataset.labelNames).toEqual(['background', 'Left-Cerebral-White-Matter', 'Left-Cerebral-Cortex']);
    const { image, labels } = await dataset.load('OASIS_OAS1_0002_MR1');
    expect(image.size).toEqual([4, 3]);
    expect([...labels.values]).toEqual([0, 1, 2, 1, 0, 0, 0, 0, 0, 0, 0, 2]);
    // In 16 bits over the range of the image.
    const stretched = Array.from(image.values, (value) => value / image.values.at(-1)!);
    for (const [i, value] of stretched.entries()) expect(value).toBeCloseTo(i / 11, 4);
  });

  test('neurite-OASIS in 3D becomes a folder for each subject', async () => {
    await put('S1/aligned_norm.nii.gz', nifti([3, 4, 2], ramp(24)));
    await put('S1/aligned_seg35.nii.gz', nifti([3, 4, 2], new Uint8Array(24).fill(1)));
    await put('seg35_labels.txt', '1 Left-Cerebral-White-Matter 245 245 245 0\n');
    expect(await prepare('oasis-3d')).toBe(0);
    const dataset = await openFolder(join(folder, 'out'));
    expect([dataset.ids, dataset.labelNames.at(-1)]).toEqual([['S1'], 'Left-Cerebral-White-Matter']);
    expect((await dataset.load('S1')).image.values.length).toBe(24);
  });

  test('CAMUS becomes pictures, divided by patient', async () => {
    for (const patient of ['patient0001', 'patient0002', 'patient0003', 'patient0004', 'patient0005'])
      for (const view of ['2CH', '4CH'])
        for (const phase of ['ED', 'ES']) {
          const path = `database_nifti/${patient}/${patient}_${view}_${phase}`;
          await put(`${path}.nii.gz`, nifti([2, 3, 1], ramp(6)));
          // The left atrium alone is 3, not the first label.
          await put(`${path}_gt.nii.gz`, nifti([2, 3, 1], Uint8Array.of(0, 3, 0, 0, 0, 0)));
        }
    await put('database_nifti/patient0001/patient0001_2CH_half_sequence.nii.gz', nifti([2, 3, 2], ramp(12)));
    expect(await prepare('camus')).toBe(0);
    const out = join(folder, 'out');
    const dataset = await openFolder(out);
    expect(dataset.ids.length).toBe(20);
    expect(dataset.labelNames[3]).toBe('left atrium');
    expect([...(await dataset.load('patient0001-2CH-ED')).labels.values]).toEqual([0, 3, 0, 0, 0, 0]);
    const split = JSON.parse(await readFile(join(out, 'split.json'), 'utf8')) as Record<string, string[]>;
    const parts = Object.values(split).map((ids) => new Set(ids.map((id) => id.slice(0, 11))));
    expect(Object.keys(split)).toEqual(['train', 'validation', 'test']);
    expect(parts.reduce((sum, subjects) => sum + subjects.size, 0)).toBe(5);
    expect(Object.values(split).flat().sort()).toEqual([...dataset.ids]);
  });

  test.each([false, true])('PanDental becomes label maps of its masks; with teeth: %s', async (hasTeeth) => {
    await put('Images/1.png', png(2, 2, Uint8Array.of(0, 50, 100, 200)));
    await put('Segmentation1/1.png', png(2, 2, Uint8Array.of(0, 255, 255, 0)));
    if (hasTeeth) await put('Teeth/1.png', png(2, 2, Uint8Array.of(0, 0, 255, 255)));
    expect(await prepare('pandental')).toBe(0);
    const dataset = await openFolder(join(folder, 'out'));
    expect(dataset.labelNames).toEqual(['background', 'mandible', ...(hasTeeth ? ['teeth'] : [])]);
    expect([...(await dataset.load('1')).labels.values]).toEqual(hasTeeth ? [0, 1, 2, 2] : [0, 1, 1, 0]);
  });

  test('WBC is checked, and read as it is', async () => {
    await put('Dataset 1/001.bmp', 'x');
    await put('Dataset 1/001.png', 'x');
    expect([await prepare('wbc'), stdout]).toEqual([
      0,
      expect.stringContaining('is read as it is: 1 images'),
    ]);
  });

  test('what may not be fetched by a program is not, and terms come first', async () => {
    expect([await runCommandLine(['data', 'camus', '--download']), stderr]).toEqual([
      1,
      expect.stringContaining('creatis.insa-lyon.fr'),
    ]);
    expect([await runCommandLine(['data', 'oasis-2d', '--download']), stderr]).toEqual([
      1,
      expect.stringContaining('--accept-terms beside it, if you agree to the data use agreement of OASIS'),
    ]);
  });

  test.skipIf(!existsSync(published))('the published images of WBC have their checksum', async () => {
    expect([await runCommandLine(['data', 'wbc', published]), stdout, stderr]).toEqual([
      0,
      expect.stringContaining('400 images'),
      '',
    ]);
    await cp(published, join(folder, 'raw'), { recursive: true });
    await put('Dataset 2/007.png', 'x');
    expect([await prepare('wbc'), stderr]).toEqual([
      1,
      expect.stringContaining('not those that were published'),
    ]);
  });

  test('another folder, missing labels and files that do not fit are refused', async () => {
    await put('Images/x.png', 'nothing');
    expect([await prepare('pandental'), stderr]).toEqual([
      1,
      expect.stringContaining('does not hold pandental'),
    ]);
    await put('Images/1.png', png(2, 2, new Uint8Array(4)));
    expect([await prepare('pandental'), stderr]).toEqual([
      1,
      expect.stringMatching(/Segmentation1\/1\.png: is not there/),
    ]);
    await put('Segmentation1/1.png', png(1, 2, new Uint8Array(2)));
    expect([await prepare('pandental'), stderr]).toEqual([
      1,
      expect.stringContaining('is 1×2, and its image 2×2'),
    ]);
    // What was refused left no half-written image behind.
    await put('Segmentation1/1.png', png(2, 2, new Uint8Array(4)));
    expect(await prepare('pandental')).toBe(0);
  });
});
