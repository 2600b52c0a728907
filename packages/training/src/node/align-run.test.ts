import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { useFastWasm } from '@sshn/backend-wasm';
import { FileError, Rng, ValueError } from '@sshn/core';
import { type Dataset, datasetOf, type Example } from '@sshn/data';
import { readModelFile } from '@sshn/model/node';
import { affineMatrix } from '@sshn/registration';
import { dispose } from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseRunConfig, type RunConfigInput } from '../config/run-config.js';
import type { AlignEvent, TrainEvent } from '../trainer/events.js';
import { evaluateRun } from './evaluate-run.js';
import { loadRun } from './load-run.js';
import { trainRun } from './train-run.js';

let root: string;
beforeAll(async () => {
  await useFastWasm({ threads: 1 });
  root = await mkdtemp(join(tmpdir(), 'sshn-align-'));
});
afterAll(() => rm(root, { recursive: true }));

const size = [30, 34];

/** One object in poses of its own: turned by up to 17°, moved by up to 4 pixels. */
function example(i: number): Example {
  const rng = Rng.fromSeed(40 + i);
  const pose = affineMatrix(2, {
    rotationRad: [rng.uniform(-0.3, 0.3)],
    translation: [rng.uniform(-4, 4), rng.uniform(-4, 4)],
    center: [14.5, 16.5],
  });
  const at = (pixel: number) => {
    const [y, x] = [Math.floor(pixel / size[1]!), pixel % size[1]!];
    return pose.map((row) => row[0]! * y + row[1]! * x + row[2]!) as [number, number];
  };
  const disk = ([y, x]: readonly [number, number], a: number, b: number, radius: number) =>
    1 / (1 + Math.exp(2 * (Math.hypot(y - a, x - b) - radius)));
  const pixels = Array.from({ length: size[0]! * size[1]! }, (_, pixel) => at(pixel));
  const values = pixels.map(
    (p) => 100 * disk(p, 14, 15, 8) + 80 * disk(p, 19, 22, 4) - 60 * disk(p, 10, 12, 2.5),
  );
  const labels = pixels.map((p) => (disk(p, 19, 22, 4) > 0.5 ? 2 : disk(p, 14, 15, 8) > 0.5 ? 1 : 0));
  return {
    id: `s${i}`,
    image: { values: Float32Array.from(values), size, channels: 1 },
    labels: { values: Uint8Array.from(labels), size },
  };
}

const images: Dataset = datasetOf(
  Array.from({ length: 8 }, (_, i) => example(i)),
  { name: 'poses', labelNames: ['background', 'body', 'part'] },
);

async function train(folder: string, registration: RunConfigInput['registration'], signal?: AbortSignal) {
  const events: TrainEvent[] = [];
  const config = parseRunConfig(
    {
      task: 'registration',
      architecture: { features: 4, stages: 2 },
      hypernetwork: { hidden: [4] },
      epochs: 1,
      registration: { pairsPerImage: 1, ...registration },
      split: { kind: 'shares', train: 4, validation: 2, test: 2 },
    },
    'test',
  );
  const end = await trainRun({
    folder: join(root, folder),
    dataset: images,
    data: { path: 'poses', layout: 'auto' },
    config,
    onEvent: (event) => events.push(event),
    ...(signal === undefined ? {} : { signal }),
  });
  const aligned = events.filter((event): event is AlignEvent => event.kind === 'align');
  return { end, aligned, epochs: events.filter(({ kind }) => kind === 'epoch') };
}

/** Mean Dice of labels as they lie when a network that has learned nothing yet sees them. */
async function diceBefore(folder: string): Promise<number> {
  const run = await loadRun(join(root, folder));
  try {
    const [result] = await evaluateRun(run, images, {
      factors: [0.5],
      split: 'train',
      isTimed: false,
    });
    return result!.diceBefore!;
  } finally {
    run.dispose();
  }
}

describe('registration with align', { timeout: 120_000 }, () => {
  test.each<[string, RunConfigInput['registration'], number]>([
    ['with an atlas', { align: 'rigid', atlas: 's3' }, 8],
    ['with a mean', { align: 'rigid' }, 8 + 4],
  ])('%s: images lie alike, and their labels with them', async (name, registration, total) => {
    if (name === 'with an atlas') await train('plain', {});
    const { aligned, end } = await train(name, registration);
    expect(end.reason).toBe('finished');
    expect(aligned.map(({ done }) => done)).toEqual(aligned.map((_, i) => i + 1));
    expect(aligned.at(-1)).toMatchObject({ done: total, total });
    expect(await diceBefore('plain')).toBeLessThan(0.82);
    expect(await diceBefore(name)).toBeGreaterThan(0.92);
    const { manifest, params } = await readModelFile(join(root, name, 'best.safetensors'));
    dispose([...params.values()]);
    expect(manifest.preprocessing.alignment).toMatchObject({ kind: 'rigid', similarity: 'globalNcc' });
  });

  test('cut while it aligns, it goes on there, and ends with the same matrices', async () => {
    const abort = new AbortController();
    const folder = join(root, 'cut');
    const config = { align: 'rigid', atlas: 's3' } as const;
    const seen: string[] = [];
    const cut = await trainRun({
      folder,
      dataset: images,
      data: { path: 'poses', layout: 'auto' },
      config: parseRunConfig(
        {
          task: 'registration',
          architecture: { features: 4, stages: 2 },
          hypernetwork: { hidden: [4] },
          epochs: 1,
          registration: { pairsPerImage: 1, ...config },
          split: { kind: 'shares', train: 4, validation: 2, test: 2 },
        },
        'test',
      ),
      onEvent: (event) => {
        if (event.kind !== 'align') return;
        seen.push(event.id);
        if (event.done === 3) abort.abort();
      },
      signal: abort.signal,
    });
    expect(cut).toMatchObject({ reason: 'interrupted', epoch: 0 });
    expect(seen).toHaveLength(3);
    const { end, aligned } = await train('cut', config);
    expect(end.reason).toBe('finished');
    expect(aligned).toHaveLength(5);
    const matrices = async (name: string) =>
      (JSON.parse(await readFile(join(root, name, 'alignment.json'), 'utf8')) as { matrices: object })
        .matrices;
    expect(await matrices('cut')).toEqual(await matrices('with an atlas'));
    // All is there: nothing is aligned again.
    expect((await train('cut', config)).aligned).toEqual([]);
  });

  test('a lost or damaged alignment is said', async () => {
    const path = join(root, 'with an atlas', 'alignment.json');
    const kept = await readFile(path, 'utf8');
    await writeFile(path, kept.replace('"matrices"', '"matrixes"'));
    await expect(diceBefore('with an atlas')).rejects.toThrow(FileError);
    await rm(path);
    await expect(diceBefore('with an atlas')).rejects.toThrow('were aligned before training');
  });

  test('of slices, and to an atlas that is not there, is refused before anything is written', async () => {
    expect(() =>
      parseRunConfig(
        { task: 'registration', data: { slices: 'axial' }, registration: { align: 'rigid' } },
        'x',
      ),
    ).toThrow('registration.align');
    await expect(train('none', { align: 'rigid', atlas: 'nobody' })).rejects.toThrow(ValueError);
    await expect(readFile(join(root, 'none', 'run.json'))).rejects.toThrow('ENOENT');
  });
});
