import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Affine, decodeNifti, encodeNifti, resampleOnto, type Volume, volumeOf } from '@sshn/data';
import { readField } from '@sshn/predict/node';
import { affineMatrix, invertAffine } from '@sshn/registration';
import { decode, encode } from 'fast-png';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runCommandLine } from '../command-line.js';
import { captureOutput } from '../testing/captured-output.js';

let folder: string;
const output = captureOutput();
const at = (name: string) => join(folder, name);
const load = async (name: string) => decodeNifti(await readFile(at(name)), name);

/** Runs a command whose words that begin with @ are files of the folder. */
async function sshn(line: string): Promise<number> {
  const words = line.split(' ').map((word) => (word.startsWith('@') ? at(word.slice(1)) : word));
  return runCommandLine(words);
}

/** Three balls without symmetry, around the place [20, 25, 30] mm. */
function object([x, y, z]: readonly number[]): number {
  const ball = (a: number, b: number, c: number, radius: number) =>
    1 / (1 + Math.exp(Math.hypot(x! - a, y! - b, z! - c) - radius));
  return 90 * ball(18, 24, 28, 9) + 120 * ball(26, 28, 36, 5) - 60 * ball(15, 21, 27, 3);
}

const placed = (affine: Affine, voxel: readonly number[]) =>
  affine.map((row) => row[0] * voxel[0]! + row[1] * voxel[1]! + row[2] * voxel[2]! + row[3]);

function scan(shape: Volume['shape'], affine: Affine, toObject: (mm: number[]) => readonly number[]) {
  const values = new Float32Array(shape[0] * shape[1] * shape[2]);
  for (let d = 0, i = 0; d < shape[0]; d++)
    for (let h = 0; h < shape[1]; h++)
      for (let w = 0; w < shape[2]; w++) values[i++] = object(toObject(placed(affine, [d, h, w])));
  return volumeOf(values, shape, { affine });
}

/** Both in the axes of a file, of other voxels. */
const fixedAffine: Affine = [
  [0, 0, 2, -4],
  [0, 2, 0, 1],
  [2, 0, 0, 5],
];
const movingAffine: Affine = [
  [0, 0, -1.5, 62],
  [0, 2.5, 0, 8],
  [2, 0, 0, 0],
];
/** From the fixed scan's millimeters to the moving one's: 12°, up to 11 mm. */
const turned = affineMatrix(3, {
  rotationRad: [0.12, -0.1, 0.15],
  translation: [6, 11, -4],
  center: [20, 25, 30],
});
const far: Affine = [[0, 0, 2, 300], fixedAffine[1], fixedAffine[2]];
const aside: Affine = [[0, 0, 2, 26], fixedAffine[1], fixedAffine[2]];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sshn-affine-'));
  const inverse = invertAffine(turned) as unknown as Affine;
  const fixed = scan([24, 26, 25], fixedAffine, (mm) => mm);
  await writeFile(at('fixed.nii.gz'), encodeNifti(fixed));
  await writeFile(
    at('moving.nii.gz'),
    encodeNifti(scan([30, 24, 36], movingAffine, (mm) => placed(inverse, mm))),
  );
  const bent = (mm: number[]) => placed(inverse, mm).map((at, axis) => at + 2.5 * Math.sin(at / 7 + axis));
  await writeFile(at('bent.nii.gz'), encodeNifti(scan([30, 24, 36], movingAffine, bent)));
  for (const [name, affine] of Object.entries({ far, aside }))
    await writeFile(at(`${name}.nii.gz`), encodeNifti({ ...fixed, affine }));
  for (const [name, angle, size] of [
    ['a', 0.25, 44],
    ['b', 0, 40],
  ] as const) {
    const data = Uint8Array.from({ length: size * 40 }, (_, i) => {
      const [y, x] = [Math.floor(i / size) - 19.5, (i % size) - 19.5 - (size - 40)];
      const [v, u] = [Math.cos(angle) * y - Math.sin(angle) * x, Math.sin(angle) * y + Math.cos(angle) * x];
      return Math.max(0, Math.min(255, 1.6 * object([u / 1.2 + 20, v / 1.2 + 25, 30])));
    });
    await writeFile(at(`${name}.png`), encode({ width: size, height: 40, channels: 1, data }));
  }
});
afterAll(() => rm(folder, { recursive: true }));

const apart = (a: Volume, b: Volume) =>
  Array.from(a.data).reduce((sum, value, i) => sum + Math.abs(value - b.data[i]!), 0) / a.data.length;

describe('sshn register --affine', () => {
  test('alone: finds the place from the images, on any grids; matrix and field say the same', {
    timeout: 120_000,
  }, async () => {
    const outputs = '-o @moved.nii.gz --field @field.nii.gz --matrix @matrix.txt';
    expect(
      await sshn(`register none @moving.nii.gz @fixed.nii.gz --affine rigid --threads 1 ${outputs}`),
    ).toBe(0);
    expect(output.stdout).toMatch(/rigid +loss \S+ before, \S+ after\ncovered +\S+ % of the fixed grid\n/);
    const rows = (await readFile(at('matrix.txt'), 'utf8')).trim().split('\n');
    const matrix = rows.map((row) => row.split(' ').map(Number));
    expect(matrix[3]).toEqual([0, 0, 0, 1]);
    const [fixed, moved] = [await load('fixed.nii.gz'), await load('moved.nii.gz')];
    const { grid, displacementMm } = await readField(at('field.nii.gz'));
    for (const voxel of [
      [3, 4, 5],
      [12, 13, 12],
      [20, 10, 18],
    ]) {
      const i = (voxel[0]! * 26 + voxel[1]!) * 25 + voxel[2]!;
      const place = placed(grid.affine, voxel);
      const there = placed(matrix as unknown as Affine, place);
      const truth = placed(turned as unknown as Affine, place);
      for (const axis of [0, 1, 2]) {
        expect(place[axis]! + displacementMm[axis]![i]!).toBeCloseTo(there[axis]!, 3);
        expect(Math.abs(there[axis]! - truth[axis]!)).toBeLessThan(1.5);
      }
    }
    const unaligned = resampleOnto(await load('moving.nii.gz'), fixed);
    expect(apart(moved, fixed)).toBeLessThan(apart(unaligned, fixed) / 4);
    expect(await sshn('warp @moving.nii.gz --field @field.nii.gz -o @again.nii.gz')).toBe(0);
    expect(apart(await load('again.nii.gz'), moved)).toBeLessThan(1e-3);
  });

  test('before refinement: one field for both', { timeout: 120_000 }, async () => {
    const refine = '--refine 15 --similarity mse --weight 0.01 --levels 1 --spacing 4';
    const outputs = '-o @moved.nii.gz --field @field.nii.gz';
    const line = `register none @bent.nii.gz @fixed.nii.gz --affine similarity ${refine} --threads 1 ${outputs}`;
    expect(await sshn(line)).toBe(0);
    const [, before, after] = /mse loss +(\S+) before, (\S+) after/.exec(output.stdout)!;
    expect(Number(after)).toBeLessThan(0.9 * Number(before));
    const fixed = await load('fixed.nii.gz');
    const moved = await load('moved.nii.gz');
    const unaligned = resampleOnto(await load('bent.nii.gz'), fixed);
    expect(apart(moved, fixed)).toBeLessThan(apart(unaligned, fixed) / 2);
    const { displacementMm } = await readField(at('field.nii.gz'));
    const again = resampleOnto(await load('bent.nii.gz'), fixed, { displacementMm });
    expect(apart(again, moved)).toBeLessThan(1e-3);
  });

  test('of raster images of two sizes', async () => {
    const line =
      'register none @a.png @b.png --affine rigid --affine-similarity mutualInformation --threads 1';
    expect(await sshn(`${line} -o @moved.png`)).toBe(0);
    const [moved, fixed] = [decode(await readFile(at('moved.png'))), decode(await readFile(at('b.png')))];
    expect([moved.width, moved.height]).toEqual([40, 40]);
    const differences = Array.from(moved.data, (value, i) => Math.abs(value - fixed.data[i]!));
    expect(differences.reduce((sum, value) => sum + value, 0) / differences.length).toBeLessThan(4);
  });

  test.each([
    ['register none @a.png @b.png', '--affine'],
    ['register none @a.png @b.png --refine 1 --matrix @m.txt', '--matrix is for an alignment'],
    ['register none @a.png @b.png --affine warped', 'Allowed choices'],
  ])('%s is no command', async (line, says) => {
    expect(await sshn(line)).toBe(2);
    expect(output.stderr).toContain(says);
  });
});

describe('a model whose images were aligned for training', () => {
  test('aligns pairs as they were: one field for alignment and network', { timeout: 180_000 }, async () => {
    const poses = [0.25, -0.2, 0.1, -0.3, 0.15, 0, -0.1, 0.2];
    const [height, width] = [36, 40];
    for (const part of ['images', 'labels']) await mkdir(at(`poses/${part}`), { recursive: true });
    for (const [i, angle] of poses.entries()) {
      const values = Array.from({ length: height * width }, (_, pixel) => {
        const [y, x] = [Math.floor(pixel / width) - 17 - 8 * angle, (pixel % width) - 19 + 10 * angle];
        const [v, u] = [Math.cos(angle) * y - Math.sin(angle) * x, Math.sin(angle) * y + Math.cos(angle) * x];
        return Math.min(255, Math.max(0, 1.6 * object([u / 1.2 + 20, v / 1.2 + 25, 30])));
      });
      for (const [part, data] of [
        ['images', Uint8Array.from(values)],
        ['labels', Uint8Array.from(values, (value) => (value > 60 ? 1 : 0))],
      ] as const)
        await writeFile(at(`poses/${part}/s${i}.png`), encode({ width, height, channels: 1, data }));
    }
    const small = '--features 4 --stages 2 --hyper-hidden 4 --epochs 1 --pairs-per-image 1 --split 4/2/2';
    expect(
      await sshn(`train @poses --task registration --align rigid ${small} --threads 1 --out @aligned`),
    ).toBe(0);
    output.clear();
    const pair = '@poses/images/s3.png @poses/images/s0.png';
    expect(
      await sshn(`register @aligned ${pair} --threads 1 -o @moved.png --field @field.nii.gz --matrix @m.txt`),
    ).toBe(0);
    const matrix = (await readFile(at('m.txt'), 'utf8'))
      .trim()
      .split('\n')
      .map((row) => row.split(' ').map(Number));
    expect(matrix).toHaveLength(4);
    // The two are turned by -0.3 and 0.25.
    expect(Math.abs(Math.acos(matrix[0]![0]!) - 0.55)).toBeLessThan(0.08);
    expect(output.stdout).toMatch(/covered +\d+\.\d % of the fixed grid/);
    const [moving, moved, fixed] = await Promise.all(
      ['poses/images/s3.png', 'moved.png', 'poses/images/s0.png'].map(async (name) =>
        decode(await readFile(at(name))),
      ),
    );
    const apartBy = (a: typeof fixed) =>
      Array.from(a!.data, (value, i) => Math.abs(value - fixed!.data[i]!)).reduce((sum, d) => sum + d, 0);
    expect(apartBy(moved)).toBeLessThan(apartBy(moving) / 4);
    expect(await sshn('warp @poses/images/s3.png --field @field.nii.gz -o @again.png')).toBe(0);
    expect(decode(await readFile(at('again.png'))).data).toEqual(moved!.data);
    expect(await sshn(`register @aligned ${pair} --affine rigid --threads 1 -o @moved.png`)).toBe(1);
    expect(output.stderr).toContain('the model aligns both images');
  });
});

describe('images that do not overlap', () => {
  const none = (moving: string) =>
    `register none @${moving} @fixed.nii.gz --refine 1 --levels 1 --spacing 8 --threads 1`;

  test('are refused, and nothing is written', async () => {
    expect(await sshn(`${none('far.nii.gz')} --resample -o @out.nii.gz`)).toBe(1);
    expect(output.stderr).toContain('does not overlap with');
    expect(output.stderr).toContain('--affine');
    await expect(readFile(at('out.nii.gz'))).rejects.toThrow('ENOENT');
  });

  test('by half: a warning says how much is covered', async () => {
    expect(await sshn(`${none('aside.nii.gz')} --resample -o @out.nii.gz`)).toBe(0);
    expect(output.stderr).toMatch(/warning: \S+aside.nii.gz covers 40.0 % of the grid of \S+fixed.nii.gz/);
    expect(output.stdout).toContain('covered         40.0 % of the fixed grid');
  });

  test('with a field are refused by sshn warp too', async () => {
    expect(await sshn(`${none('fixed.nii.gz')} --field @zero.nii.gz`)).toBe(0);
    expect(await sshn('warp @far.nii.gz --field @zero.nii.gz -o @out2.nii.gz')).toBe(1);
    expect(output.stderr).toContain('does not overlap with the field');
    expect(await sshn('warp @aside.nii.gz --field @zero.nii.gz -o @out2.nii.gz')).toBe(0);
    expect(output.stderr).toContain('covers 40.0 % of the grid of the field');
  });
});
