import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { initialize, Rng } from '@sshn/core';
import {
  type Affine,
  decodeNifti,
  encodeNifti,
  readNiftiHeader,
  reorient,
  resampleOnto,
  type Volume,
} from '@sshn/data';
import { type ManifestInput, networkOf } from '@sshn/model';
import { writeModelFile } from '@sshn/model/node';
import { readField } from '@sshn/predict/node';
import { describeNetwork, parseRunConfig, type RunConfigInput } from '@sshn/training';
import { dicomSeries, useBackend } from '@sshn-internal/testing';
import { decode, encode } from 'fast-png';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runCommandLine } from '../command-line.js';
import { ball } from '../testing/balls.js';
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

/** Voxels of 2 × 1 × 1.5 mm, the origin elsewhere. */
const affine: Affine = [
  [0, 0, 1.5, -8],
  [0, 1, 0, 5],
  [2, 0, 0, 20],
];
const shape = [9, 16, 12] as const;
const moving = ball(shape, affine, [-1, 12, 28], 4);
const fixed = ball(shape, affine, [1, 14, 29], 5);
const turnedFixed = reorient(fixed.image, 'PIL');

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sshn-register-'));
  await writeFile(at('moving.nii.gz'), encodeNifti(moving.image));
  await writeFile(at('labels.nii.gz'), encodeNifti(moving.labels));
  await writeFile(at('fixed.nii.gz'), encodeNifti(turnedFixed));
  for (const [name, x] of [
    ['a', 7],
    ['b', 10],
  ] as const) {
    const inside = (i: number) => Math.hypot(Math.floor(i / 20) - 9, (i % 20) - x) < 5;
    const pixels = (value: number) => Uint8Array.from({ length: 360 }, (_, i) => (inside(i) ? value : 0));
    await writeFile(at(`${name}.png`), encode({ width: 20, height: 18, channels: 1, data: pixels(200) }));
    await writeFile(
      at(`${name}-labels.png`),
      encode({ width: 20, height: 18, channels: 1, data: pixels(3) }),
    );
  }
});
afterAll(() => rm(folder, { recursive: true }));

const mean = (values: ArrayLike<number>) => Array.from(values).reduce((sum, x) => sum + x, 0) / values.length;
const apart = (a: Volume, b: Volume) => mean(a.data.map((value, i) => Math.abs(value - b.data[i]!)));
const dice = (a: Volume, b: Volume) => {
  const both = Array.from(a.data).filter((value, i) => value === 7 && b.data[i] === 7).length;
  const each = [a, b].map(({ data }) => data.filter((value) => value === 7).length);
  return (2 * both) / (each[0]! + each[1]!);
};

const bare = '--similarity mse --regularizer diffusion --weight 0.01 --integration-steps 4 --threads 1';

describe('DICOM', () => {
  test('series in folders are volumes in their place, and give what NIfTI files give', {
    timeout: 60_000,
  }, async () => {
    for (const [name, { image }] of Object.entries({ moving, fixed })) {
      await mkdir(at(`${name}-series`));
      const values = image.data.map((value) => Math.round(100 * value));
      const scan = { values, shape, spacingMm: [2, 1, 1.5], originMm: [-8, 5, 20] } as const;
      for (const file of dicomSeries(scan)) await writeFile(at(`${name}-series/${file.name}`), file.bytes);
      await writeFile(at(`${name}-scan.nii.gz`), encodeNifti({ ...image, data: values }));
    }
    await writeFile(at('fixed-series/DICOMDIR'), 'an index, not an image');
    await writeFile(at('fixed-series/readme.txt'), 'a text, not an image');
    const run = (a: string, b: string, out: string) =>
      sshn(`register none @${a} @${b} --refine 10 ${bare} -o @${out}.nii.gz`);
    expect(await run('moving-series', 'fixed-series', 'of-series')).toBe(0);
    expect(output.stderr).toMatch(/warning: \S+readme\.txt: is not a DICOM file, and was left out/);
    expect(await run('moving-scan.nii.gz', 'fixed-scan.nii.gz', 'of-files')).toBe(0);
    const [series, files] = [await load('of-series.nii.gz'), await load('of-files.nii.gz')];
    expect(series.shape).toEqual(shape);
    for (const [i, value] of series.affine.flat().entries()) expect(value).toBeCloseTo(affine.flat()[i]!, 6);
    expect(apart(series, files)).toBeLessThan(1e-3 * Math.max(...files.data));
  });

  test('a single slice is an image, whatever its numbers; an empty folder is refused', async () => {
    const [slice] = dicomSeries({
      values: Int16Array.from({ length: 360 }, (_, i) => i - 500),
      shape: [1, 18, 20],
      spacingMm: [1, 1, 1],
      originMm: [0, 0, 0],
    });
    await writeFile(at('slice.dcm'), slice!.bytes);
    expect(await sshn(`register none @slice.dcm @slice.dcm --refine 1 ${bare} -o @slice.png`)).toBe(0);
    const written = decode(await readFile(at('slice.png')));
    expect([written.width, written.height, written.data[0], written.data.at(-1)]).toEqual([20, 18, 0, 255]);
    await mkdir(at('empty'));
    expect(await sshn('register none @empty @empty --refine 1 -o @x.nii.gz')).toBe(1);
    expect(output.stderr).toMatch(
      /empty: is a folder without files\. Give an image, or the folder of one DICOM series/,
    );
  });
});

describe('sshn register none', () => {
  beforeAll(async () => {
    const outputs =
      '-o @moved.nii.gz --field @field.nii.gz --labels @labels.nii.gz --moved-labels @moved-labels.nii.gz';
    const words = `register none @moving.nii.gz @fixed.nii.gz --refine 60 ${bare} ${outputs} --report @page.html`;
    expect(await sshn(words)).toBe(0);
  }, 60_000);

  test('moves image and labels onto the fixed one, on its grid, whatever its orientation', async () => {
    const moved = await load('moved.nii.gz');
    expect(moved).toMatchObject({ shape: turnedFixed.shape, affine: turnedFixed.affine });
    expect(apart(moved, turnedFixed)).toBeLessThan(0.35 * apart(reorient(moving.image, 'PIL'), turnedFixed));
    const labels = await load('moved-labels.nii.gz');
    const truth = reorient(fixed.labels, 'PIL');
    expect(labels.data).toBeInstanceOf(Int16Array);
    expect(new Set(labels.data)).toEqual(new Set([0, 7]));
    expect(dice(labels, truth)).toBeGreaterThan(dice(reorient(moving.labels, 'PIL'), truth) + 0.2);
  });

  test('stores where each voxel comes from, in mm toward right, front and top', async () => {
    const header = readNiftiHeader(await readFile(at('field.nii.gz')), 'field');
    expect(header).toMatchObject({ shape: turnedFixed.shape, frames: 3, isVector: true });
    const { grid, displacementMm } = await readField(at('field.nii.gz'));
    // From the center of the fixed ball to that of the moving one: −2, −2 and −1 mm.
    const inside = reorient(fixed.labels, 'PIL').data;
    const along = displacementMm.map((values) => mean(values.filter((_, i) => inside[i] === 7)));
    for (const [axis, wanted] of [-2, -2, -1].entries())
      expect(Math.abs(along[axis]! - wanted)).toBeLessThan(0.7);
    const moved = resampleOnto(moving.image, grid, { displacementMm });
    expect(apart(moved, await load('moved.nii.gz'))).toBeLessThan(1e-4);
  });

  test('sshn warp does the same from the file, from any grid', async () => {
    expect(await sshn('warp @moving.nii.gz --field @field.nii.gz -o @again.nii.gz')).toBe(0);
    expect(await readFile(at('again.nii.gz'))).toEqual(await readFile(at('moved.nii.gz')));
    expect(await sshn('warp @labels.nii.gz --labels --field @field.nii.gz -o @again.nii.gz')).toBe(0);
    expect(await readFile(at('again.nii.gz'))).toEqual(await readFile(at('moved-labels.nii.gz')));
    const turned = reorient(moving.labels, 'SLP');
    await writeFile(at('turned.nii.gz'), encodeNifti(turned));
    expect(await sshn('warp @turned.nii.gz --nearest --field @field.nii.gz -o @again.nii.gz')).toBe(0);
    expect((await load('again.nii.gz')).data).toEqual((await load('moved-labels.nii.gz')).data);
  });

  test('says what was reached, and shows it', async () => {
    const { displacementMm } = await readField(at('field.nii.gz'));
    expect(displacementMm).toHaveLength(3);
    const page = await readFile(at('page.html'), 'utf8');
    for (const text of ['deformed grid', 'difference after', '0.000 %', 'mse + 0.01 × diffusion']) {
      expect(page).toContain(text);
    }
    expect(page.match(/<img /g)).toHaveLength(6);
    expect(page).not.toMatch(/(src|href)="http/);
  });
});

describe('a model', () => {
  const words = {
    task: 'registration',
    architecture: { features: 4, stages: 2 },
    hypernetwork: { hidden: [4] },
  } as const satisfies RunConfigInput;

  /** A network that has learned nothing, so leaves everything where it is. */
  async function store(
    name: string,
    changes: RunConfigInput,
    size: number[],
    more: Partial<ManifestInput> = {},
  ): Promise<void> {
    await useBackend('cpu');
    const config = parseRunConfig({ ...words, ...changes }, 'test');
    const space = { size, channels: 2, labelNames: ['background', 'ball'] };
    const description = describeNetwork(config, space);
    const { specs } = networkOf(description);
    await writeModelFile(at(name), {
      specs,
      params: initialize(specs, Rng.fromSeed(1)),
      manifest: {
        task: 'registration',
        ...description,
        prior: { kind: 'uniform', low: 0, high: 0.5 },
        preprocessing: { size, channels: 1, intensity: { kind: 'minMax' } },
        labels: space.labelNames.map((label) => ({ name: label })),
        accuracyCost: [],
        provenance: {
          versions: {},
          seed: 1,
          dataset: 'balls',
          date: new Date(0).toISOString(),
          configHash: 'x',
        },
        ...more,
      },
    });
  }

  test('predicts, and its prediction is refined', async () => {
    await store('plain.safetensors', {}, [18, 20]);
    const pair = 'register @plain.safetensors @a.png @b.png --threads 1 -o @moved.png --similarity mse';
    expect(await sshn(pair)).toBe(0);
    // The network was not trained, and hardly moves anything.
    expect(output.stdout).toMatch(/0\.0\d pixels at most/);
    const [, before, after] = /loss +(\S+) before, (\S+) after/.exec(output.stdout)!;
    expect(Number(after)).toBeCloseTo(Number(before), 3);
    output.stdout = '';
    const labels = '--labels @a-labels.png --moved-labels @moved-labels.png';
    expect(await sshn(`${pair} --refine 30 --regularizer diffusion --weight 0.001 ${labels}`)).toBe(0);
    const [, , refined] = /loss +(\S+) before, (\S+) after/.exec(output.stdout)!;
    expect(Number(refined)).toBeLessThan(0.5 * Number(before));
  });

  test('tells on a terminal what is under way, layer by layer, and in a pipe nothing of it', async () => {
    const pair = 'register @plain.safetensors @a.png @b.png --threads 1 -o @moved.png';
    expect(await sshn(pair)).toBe(0);
    expect(output.stderr.trimEnd().split('\n')).toEqual([
      expect.stringMatching(/plain\.safetensors: Factor 0\.5, the largest of training\.$/),
      expect.stringMatching(/a\.png onto \S+b\.png, at 18×20, on /),
    ]);
    const { isTTY, hasColors } = process.stderr;
    Object.assign(process.stderr, { isTTY: true, hasColors: () => false });
    try {
      expect(await sshn(pair)).toBe(0);
    } finally {
      Object.assign(process.stderr, { isTTY, hasColors });
    }
    const stages = [
      'reading',
      'opening',
      'resampling both images to 18×20',
      ...[1, 2, 3, 4, 5, 6, 7, 8].map((layer) => `predicting  layer ${layer}/8  `),
      'scaling the field',
      'comparing',
      'warping',
      'writing',
    ];
    const places = stages.map((text) => output.stderr.indexOf(text));
    expect(Math.min(...places)).toBeGreaterThan(-1);
    expect(places).toEqual([...places].sort((a, b) => a - b));
  });

  test('takes the setting that a budget allows, and says which', async () => {
    const knobs = { widthRange: [0.5, 1], resolutionRange: [0.5, 1] };
    const row = { factor: 0.25, milliseconds: null };
    await store('knobs.safetensors', { knobs }, [18, 20], {
      accuracyCost: [
        { ...row, width: 0.5, resolution: 0.5, dice: 0.6, gflops: 0.0001 },
        { ...row, dice: 0.7, gflops: 0.002 },
      ],
    });
    const pair = 'register @knobs.safetensors @a.png @b.png --threads 1 -o @moved.png';
    expect(await sshn(`${pair} --gflops 0.001`)).toBe(0);
    expect(output.stderr).toMatch(/: Factor 0\.25, width 0\.5, resolution 0\.5 \(Dice 0\.6, /);
    output.stderr = '';
    expect(await sshn(`${pair} --milliseconds 1e6`)).toBe(0);
    expect(output.stderr).toMatch(/: Factor 0\.25 \(Dice 0\.7, [\d.]+ ms, /);
    expect(await sshn(`${pair} --gflops 0.00001`)).toBe(1);
    expect(output.stderr).toMatch(/the nearest, factor 0\.25, width 0\.5, resolution 0\.5, has .* too much/);
    expect(await sshn(`${pair} --gflops 1 --width 0.5`)).toBe(2);
  });

  test('that takes λ is told it; another one refuses it', async () => {
    await store('told.safetensors', { registration: { lambdaRange: [0, 1] } }, [18, 20]);
    const told = 'register @told.safetensors @a.png @b.png --threads 1';
    expect(await sshn(`${told} --lambda 0.3 --factor 0.25`)).toBe(0);
    expect(await sshn(told)).toBe(1);
    expect(output.stderr).toContain('Give --lambda');
    await store('knows.safetensors', { registration: { lambdaRange: [0.01, 1] } }, [18, 20], {
      registration: {
        similarity: 'globalNcc',
        window: 9,
        regularizer: 'bendingEnergy',
        weight: 0.01,
        lambda: { low: 0.01, high: 1, distribution: 'logUniform', endpoints: 0 },
      },
    });
    const page = '--refine 1 --report @knows.html';
    expect(await sshn(`register @knows.safetensors @a.png @b.png --threads 1 ${page}`)).toBe(0);
    expect(await readFile(at('knows.html'), 'utf8')).toContain('globalNcc + λ = 0.1 × bendingEnergy');
    expect(await sshn('register @plain.safetensors @a.png @b.png --lambda 0.3')).toBe(1);
    expect(output.stderr).toContain('lambda: got 0.3, expected none');
    expect(await sshn('register @plain.safetensors @a.png @b.png --factor 0.3,0.4,0.5')).toBe(1);
    expect(output.stderr).toContain('factor: got [0.3,0.4,0.5], expected one, as the model has');
  });

  test('of images refuses volumes', async () => {
    expect(await sshn('register @plain.safetensors @moving.nii.gz @fixed.nii.gz')).toBe(1);
    expect(output.stderr).toContain('an image of 3 dimensions", expected one of 2');
  });
});

describe('what does not fit is refused, with what to do', () => {
  test.each([
    '-o @early.nii.gz --report @no/page.html',
    '-o @no/early.nii.gz',
    '-o @early.nii.gz --field @no/field.nii.gz',
  ])('a folder that is not there, before the work: %s', async (outputs) => {
    expect(await sshn(`register none @moving.nii.gz @fixed.nii.gz --refine 1 ${bare} ${outputs}`)).toBe(1);
    expect(output.stderr).toMatch(/is to lie in \S+no, and there is no such folder\. Make it first/);
    await expect(readFile(at('early.nii.gz'))).rejects.toThrow('ENOENT');
  });

  beforeAll(async () => {
    const { data } = moving.labels;
    await writeFile(
      at('fractions.nii.gz'),
      encodeNifti({ ...moving.labels, data: Float32Array.from(data, (x) => x / 2) }),
    );
    const small = ball([9, 16, 11], affine, [0, 12, 28], 4).image;
    await writeFile(at('small.nii.gz'), encodeNifti(small));
    await writeFile(at('small-labels.nii.gz'), encodeNifti(ball([9, 16, 11], affine, [0, 12, 28], 4).labels));
    const hole = moving.image.data.slice();
    hole[100] = Number.NaN;
    const holed = { ...moving.image, data: hole };
    await writeFile(at('hole.nii.gz'), encodeNifti(holed));
    await writeFile(at('broken.nii.gz'), encodeNifti([holed, holed, holed], { series: 'vector' }));
    const [x, y, z] = affine;
    await writeFile(
      at('coarse.nii.gz'),
      encodeNifti({ ...moving.image, affine: [[0, 0, 3, -8], y, z], spacingMm: [2, 1, 3] }),
    );
    await writeFile(
      at('away.nii.gz'),
      encodeNifti({ ...moving.image, affine: [[...x.slice(0, 3), 30] as unknown as Affine[0], y, z] }),
    );
    await writeFile(
      at('away-labels.nii.gz'),
      encodeNifti({ ...moving.labels, affine: [[...x.slice(0, 3), 30] as unknown as Affine[0], y, z] }),
    );
    await writeFile(at('series.nii.gz'), encodeNifti([moving.image, moving.image, moving.image]));
    await writeFile(at('pair.nii.gz'), encodeNifti([moving.image, moving.image], { series: 'vector' }));
    await writeFile(
      at('wide.png'),
      encode({ width: 24, height: 18, channels: 1, data: new Uint8Array(432) }),
    );
  });

  const none = (pair: string) => `register none ${pair} --refine 1 --threads 1`;
  test.each([
    [none('@small.nii.gz @fixed.nii.gz'), 'has 9×16×11 voxels, and', 'With --resample'],
    [none('@coarse.nii.gz @fixed.nii.gz'), 'has voxels of 2×1×3 mm, and', 'With --resample'],
    [none('@away.nii.gz @fixed.nii.gz'), 'lies up to 38.0 mm away from', 'With --resample'],
    [none('@wide.png @b.png'), 'has 18×24 pixels, and', 'stretched'],
    [none('@a.png @fixed.nii.gz'), 'not of one kind', 'Convert'],
    [none('@nowhere.nii.gz @fixed.nii.gz'), 'nowhere.nii.gz', 'no such file'],
    [`${none('@a.png @b.png')} -o @out.nii.gz`, 'is no name for a raster image', 'Call it .png'],
    [`${none('@a.png @b.png')} --field @f.png`, 'is no name for a field', '.nii.gz'],
    [
      `${none('@moving.nii.gz @fixed.nii.gz')} --labels @fractions.nii.gz --moved-labels @out.nii.gz`,
      'holds the value 3.5, and labels are whole numbers',
      'nearest',
    ],
    [
      `${none('@moving.nii.gz @fixed.nii.gz')} --labels @away-labels.nii.gz --moved-labels @out.nii.gz`,
      'away-labels.nii.gz: lies up to 38.0 mm away from',
      'on its grid; with --resample',
    ],
    [
      `${none('@moving.nii.gz @fixed.nii.gz')} --labels @small-labels.nii.gz --moved-labels @out.nii.gz`,
      'voxels, and',
      'Give the labels of that image',
    ],
    [
      `${none('@a.png @b.png')} --labels @wide.png --moved-labels @out.png`,
      'does not fit the image',
      'of its size',
    ],
    [none('@hole.nii.gz @fixed.nii.gz'), 'holds values that are not finite numbers', 'Replace them'],
    [none('@moving.nii.gz @hole.nii.gz'), 'hole.nii.gz: holds values that are not finite', 'Replace them'],
    [
      'warp @moving.nii.gz --field @broken.nii.gz -o @out.nii.gz',
      'displacements that are not finite',
      'Make the field again',
    ],
    [
      'warp @fractions.nii.gz --labels --field @f.nii.gz -o @out.nii.gz',
      'holds the value 3.5',
      'leave out --labels',
    ],
    [
      'warp @moving.nii.gz --field @moving.nii.gz -o @out.nii.gz',
      'holds one number per voxel',
      'register --field',
    ],
    ['warp @moving.nii.gz --field @series.nii.gz -o @out.nii.gz', 'holds 3 volumes', 'intent 1007'],
    [
      'warp @moving.nii.gz --field @pair.nii.gz -o @out.nii.gz',
      'holds vectors of 2 components',
      'vector of 3',
    ],
  ])('%s', async (line, says, wayOut) => {
    expect(await sshn(line)).toBe(1);
    expect(output.stderr).toContain(says);
    expect(output.stderr).toContain(wayOut);
  });

  test.each([
    ['register none @a.png @b.png', 'give --refine'],
    ['register none @a.png @b.png --refine 2 --factor 0.2', '--factor is for a model'],
    ['register run @a.png @b.png --spacing 2', '--spacing is for registration without a model'],
    ['register run @a.png @b.png --weight 2', '--weight is for refinement'],
    ['register run @a.png @b.png --labels @a.png', 'go together'],
    [
      'register none @a.png @b.png --refine 1 --similarity mse --window 5',
      '--window is for the similarity localNcc',
    ],
    ['register run @a.png @b.png --similarity ssd', 'Allowed choices'],
    ['warp @a.png -o @b.png', "required option '--field"],
  ])('%s is no command', async (line, says) => {
    expect(await sshn(line)).toBe(2);
    expect(output.stderr).toContain(says);
  });

  test('but with --resample they are brought together: by their place, or stretched', async () => {
    for (const name of ['small.nii.gz', 'coarse.nii.gz']) {
      const line = `${none(`@${name} @fixed.nii.gz`)} --resample --spacing 3 -o @out.nii.gz`;
      expect(await sshn(line)).toBe(0);
      expect((await load('out.nii.gz')).shape).toEqual(turnedFixed.shape);
    }
    expect(output.stderr).toContain(', at 6×5×6, on');
    const labels = '--labels @small-labels.nii.gz --moved-labels @out.nii.gz';
    expect(await sshn(`${none('@moving.nii.gz @fixed.nii.gz')} --resample ${labels}`)).toBe(0);
    expect(await sshn(`${none('@wide.png @b.png')} --resample -o @out.png`)).toBe(0);
  });
});
