import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { decodeNifti, encodeNifti, generatePhantoms, volumeOf } from '@sshn/data';
import { beforeAll, expect, test } from 'vitest';
import { scratchFolder, sshn } from './command.js';

const scratch = scratchFolder();
const bytesOf = (...path: string[]) => readFile(join(scratch.path, ...path));
const ran = async (line: string) => {
  const ended = await sshn([...line.split(' '), '--threads', '1'], scratch.path);
  expect(ended, line).toMatchObject({ code: 0 });
  return ended.stdout;
};

/** Volumes of two sizes, of voxels that are 2 mm deep. */
beforeAll(async () => {
  for (const part of ['images', 'labels'])
    await mkdir(join(scratch.path, 'scans', part), { recursive: true });
  for (let i = 0; i < 12; i++) {
    const size = [8, 12, 11 + (i % 2)] as const;
    const phantoms = generatePhantoms({ kind: 'blobs', count: 1, size, seed: i });
    const { image, labels } = await phantoms.load(phantoms.ids[0]!);
    const space = { spacingMm: [2, 1, 1] } as const;
    const file = `${String.fromCharCode(97 + i)}.nii.gz`;
    await writeFile(
      join(scratch.path, 'scans/images', file),
      encodeNifti(volumeOf(image.values, size, space)),
    );
    await writeFile(
      join(scratch.path, 'scans/labels', file),
      encodeNifti(volumeOf(labels.values, size, space)),
    );
  }
});

/** What a model file says about itself. */
async function manifestOf(...path: string[]): Promise<Record<string, unknown>> {
  const bytes = await bytesOf(...path);
  const length = Number(bytes.readBigUInt64LE(0));
  const header = JSON.parse(bytes.subarray(8, 8 + length).toString()) as { __metadata__: { sshn: string } };
  return JSON.parse(header.__metadata__.sshn) as Record<string, unknown>;
}

test('a network that is told λ is trained, evaluated at any λ, and registers from its file alone', {
  timeout: 180_000,
}, async () => {
  await ran(
    'train scans --task registration --out run --epochs 1 --batch-size 2 --features 4 --stages 2 --hyper-hidden 4 ' +
      '--spacing 1 --fit pad --intensity minMax --pairs-per-image 1 --similarity localNcc --window 5 ' +
      '--regularizer diffusion --lambda-range 0.01,0.9 --lambda-distribution logUniform --lambda-endpoints 0.2 ' +
      '--integration-steps 3 --resolution half --bidirectional --dice-weight 0.5 --prior 0,0.5,0.1',
  );
  expect(await manifestOf('run', 'best.safetensors')).toMatchObject({
    task: 'registration',
    prior: { kind: 'uniform', low: 0, high: 0.5, endpoints: 0.1 },
    preprocessing: {
      size: [16, 12, 12],
      channels: 1,
      intensity: { kind: 'minMax' },
      volumes: { fit: 'pad', spacingMm: [1, 1, 1] },
    },
    network: { flow: { resolution: 'half', integrationSteps: 3 } },
    registration: {
      similarity: 'localNcc',
      window: 5,
      regularizer: 'diffusion',
      bidirectional: true,
      lambda: { low: 0.01, high: 0.9, distribution: 'logUniform', endpoints: 0.2 },
    },
  });

  const at = async (flags: string) =>
    JSON.parse(await ran(`evaluate run --factor 0.25 --json${flags}`)).results[0] as {
      dice: number;
      diceBefore: number;
      foldedPercent: number;
    };
  const [usual, low, high] = [await at(''), await at(' --lambda 0.01'), await at(' --lambda 0.9')];
  for (const { dice, diceBefore, foldedPercent } of [usual, low, high]) {
    expect(dice).toBeGreaterThan(0);
    expect(diceBefore).toBe(usual.diceBefore);
    expect(foldedPercent).toBe(0);
  }

  await ran(
    'register run/best.safetensors scans/images/a.nii.gz scans/images/c.nii.gz --factor 0.25 --refine 2 ' +
      '-o moved.nii.gz --field field.nii.gz --labels scans/labels/a.nii.gz --moved-labels moved-labels.nii.gz --report page.html',
  );
  const page = await readFile(join(scratch.path, 'page.html'), 'utf8');
  expect(page).toContain('localNcc + λ = 0.09');
  expect(page).toContain('16 × 12 × 12 voxels');
  expect(page).toContain('deformed grid');
  const moved = decodeNifti(await bytesOf('moved.nii.gz'), 'moved');
  expect(moved).toMatchObject({ shape: [8, 12, 11], spacingMm: [2, 1, 1] });
  expect(moved.data.every(Number.isFinite)).toBe(true);

  const refused = await sshn(['evaluate', 'run', '--lambda', '1.5'], scratch.path);
  expect(refused.code).toBe(2);
});

test('a network of a fixed weight refuses λ, and says which ones take it', { timeout: 120_000 }, async () => {
  await ran(
    'train scans --task registration --method fixed --out plain --epochs 1 --batch-size 4 --features 2 --stages 2 ' +
      '--fit pad --pairs-per-image 1',
  );
  const { code, stderr } = await sshn(
    ['evaluate', 'plain', '--lambda', '0.3', '--threads', '1'],
    scratch.path,
  );
  expect(code).toBe(1);
  expect(stderr).toContain('trained with a fixed weight of its regularizer');
  expect(stderr).toContain('registration.lambdaRange');
});
