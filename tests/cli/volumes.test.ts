import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { decodeNifti, encodeNifti, generatePhantoms, reorient, volumeOf } from '@sshn/data';
import { parseHTML } from 'linkedom';
import { beforeAll, expect, test } from 'vitest';
import { scratchFolder, sshn } from './command.js';

const scratch = scratchFolder();
const small = ['--features', '4', '--stages', '3', '--batch-size', '2', '--threads', '1', '--epochs', '1'];
const train = (...args: string[]) => sshn(['train', 'scans', ...small, ...args], scratch.path);
const read = (...path: string[]) => readFile(join(scratch.path, ...path), 'utf8');

/** What `sshn analyze` finds in the layers of a run, of an image of its own data. */
async function features(run: string): Promise<string> {
  const away = ['analyze', run, '--factors', '0.5', '--threads', '1'];
  const refused = await sshn([...away, '--data', 'nowhere', '--out', 'weights'], scratch.path);
  expect([refused.code, (await readdir(join(scratch.path, 'weights'))).sort()]).toEqual([
    1,
    ['variation.csv', 'variation.svg', 'weights.csv', 'weights.svg'],
  ]);
  expect(await sshn(away, scratch.path)).toMatchObject({ code: 0, stderr: '' });
  return read(run, 'analysis', 'features.csv');
}

/** What label files call the labels, as FreeSurfer numbers structures. */
const fileValues = [0, 17, 1021];
const table =
  '0 Unknown 0 0 0 0\n17 Left-Hippocampus 220 216 20 0\n53 Right-Hippocampus 220 216 20 0\n1021 ctx-lh-pericalcarine 120 100 60 0\n';

/** Eight volumes of two sizes and two orientations, and an image that has no labels. */
beforeAll(async () => {
  for (const part of ['images', 'labels'])
    await mkdir(join(scratch.path, 'scans', part), { recursive: true });
  for (let i = 0; i < 8; i++) {
    const size = [10, 12, 14 + (i % 2)] as const;
    const phantoms = generatePhantoms({ kind: 'blobs', count: 1, size, seed: i });
    const { image, labels } = await phantoms.load(phantoms.ids[0]!);
    const scan = reorient(volumeOf(image.values, size), i < 4 ? 'RAS' : 'PSR');
    const values = Uint16Array.from(labels.values, (label) => fileValues[label]!);
    const truth = reorient(volumeOf(values, size), i < 4 ? 'RAS' : 'PSR');
    await writeFile(join(scratch.path, 'scans/images', `${i}.nii.gz`), encodeNifti(scan));
    await writeFile(join(scratch.path, 'scans/labels', `${i}.nii.gz`), encodeNifti(truth));
  }
  await writeFile(join(scratch.path, 'scans/lut.txt'), table);
  const lonely = volumeOf(new Uint8Array(8), [2, 2, 2]);
  await writeFile(join(scratch.path, 'scans/images/lonely.nii.gz'), encodeNifti(lonely));
});

test('volumes are trained on in 3D, augmented, and reported by their middle slice', {
  timeout: 60_000,
}, async () => {
  const refused = await train('--out', 'refused');
  expect(refused.code).toBe(1);
  expect(refused.stderr).toMatch(/images\/lonely\.nii\.gz: has no labels\. Add labels\/lonely\.nii\.gz/);

  const augmented = ['--augment-flip', 'depth', '--augment-rotation-degrees', '10', '--augment-scale', '0.1'];
  const trained = await train(
    '--fit',
    'pad',
    '--unpaired',
    'skip',
    '--intensity',
    'zScore',
    ...augmented,
    '--out',
    '3d',
  );
  expect(trained).toMatchObject({ code: 0, stderr: '' });
  expect(trained.stdout).toMatch(/^warning {2}left out, as there are no labels: .*lonely\.nii\.gz$/m);
  expect(trained.stdout).toMatch(/8 images, 10×12×15 pixels, 1 channel/);
  expect(JSON.parse(await read('3d', 'run.json'))).toMatchObject({
    config: { data: { fit: 'pad', unpaired: 'skip' } },
    dataset: { size: [10, 12, 15], images: 8 },
  });

  expect(JSON.parse(await read('3d', 'run.json'))).toMatchObject({
    dataset: { labelNames: ['background', 'Left-Hippocampus', 'ctx-lh-pericalcarine'] },
    labels: [{ value: 0 }, { value: 17, color: [220, 216, 20] }, { value: 1021, color: [120, 100, 60] }],
  });
  const predicted = await sshn(
    ['predict', '3d', 'scans/images/0.nii.gz', '-o', 'out', '--labels', 'scans/labels', '--threads', '1'],
    scratch.path,
  );
  expect(predicted.code).toBe(0);
  expect(await read('out', 'labels.lut.txt')).toContain('1021 ctx-lh-pericalcarine 120 100 60 0');
  const { data } = decodeNifti(await readFile(join(scratch.path, 'out/0.nii.gz')), 'labels');
  for (const value of new Set(data)) expect(fileValues).toContain(value);

  const pareto = await sshn(['pareto', '3d', '--by', '0.5', '--threads', '1'], scratch.path);
  expect(pareto.code).toBe(0);
  const [, ...rows] = (await read('3d', 'pareto', 'pareto.csv')).trimEnd().split('\n');
  expect(rows.map((row) => row.split(',').slice(0, 3).join())).toEqual(['sshn,unet,0', 'sshn,unet,0.5']);
  expect(await features('3d')).toContain('encoder.0.0,0.5,10x12x15,');
  const { document } = parseHTML(await read('3d', 'pareto', 'report.html'));
  expect(document.querySelector('[aria-labelledby=predictions]')?.textContent).toContain(
    'the middle slice of each volume',
  );
});

test('their slices are trained on in 2D, split by subject', { timeout: 60_000 }, async () => {
  const slices = ['--slices', 'coronal', '--slice-range', '4,8', '--slice-step', '2', '--size', '8x16'];
  const { code, stdout } = await train(...slices, '--unpaired', 'skip', '--out', '2d');
  expect(code).toBe(0);
  expect(stdout).toMatch(/24 images, 8×16 pixels/);
  expect(await features('2d')).toContain('encoder.0.0,0.5,8x16,');
  const alone = await train('--slice-step', '2', '--out', 'alone');
  expect(alone).toMatchObject({ code: 1 });
  expect(alone.stderr).toContain('--slices: say which slices: sagittal, coronal or axial');
});
