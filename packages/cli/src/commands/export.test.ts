import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generatePhantoms } from '@sshn/data';
import { diceScore } from '@sshn/losses';
import { Segmenter } from '@sshn/predict';
import { openModel, readPicture } from '@sshn/predict/node';
import { useBackend } from '@sshn-internal/testing';
import { loadGraphModel } from '@tensorflow/tfjs-converter';
import { dispose, tensor } from '@tensorflow/tfjs-core';
import { encode } from 'fast-png';
import { InferenceSession, Tensor } from 'onnxruntime-node';
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
  folder = await mkdtemp(join(tmpdir(), 'sshn-export-'));
  await useBackend('wasm');
  await storeModel(
    at('cells.safetensors'),
    { hypernetwork: { hidden: [10, 32] } },
    { size: [16, 16], channels: 3 },
  );
  await storeModel(at('gaps.safetensors'), {}, { size: [16, 16], channels: 3 }, [0, 41, 1024]);
  const cells = generatePhantoms({ kind: 'cells', count: 1, size: [20, 24], seed: 1 });
  const { image } = await cells.load(cells.ids[0]!);
  const data = Uint8Array.from(image.values, (value) => Math.round(255 * value));
  await writeFile(at('a.png'), encode({ width: 24, height: 20, channels: 3, depth: 8, data }));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** What the library says of an image. */
async function labelsOf(model: string, image: string, setting = {}): Promise<number[]> {
  using opened = await openModel(at(model));
  if (!(opened instanceof Segmenter)) throw new Error('expected a segmenter');
  return [...(await opened.predict(await readPicture(at(image)), setting)).labels.data];
}

test('export: the plain network predicts the same, is smaller, and opens with the same commands', async () => {
  expect(await sshn('export @cells.safetensors --factor 0.25 -o @plain.safetensors --threads 1')).toBe(0);
  const [whole, plain] = [
    (await stat(at('cells.safetensors'))).size,
    (await stat(at('plain.safetensors'))).size,
  ];
  expect(plain).toBeLessThan(whole / 20);
  expect(await labelsOf('plain.safetensors', 'a.png')).toEqual(
    await labelsOf('cells.safetensors', 'a.png', { factor: 0.25 }),
  );
  expect(await sshn('info @plain.safetensors')).toBe(0);
  expect(output.stdout).toContain('fixed');
  expect(await sshn('info @cells.safetensors --json')).toBe(0);
  expect(JSON.parse(output.stdout)).toMatchObject({
    method: { kind: 'sshn' },
    preprocessing: { size: [16, 16] },
  });
});

describe('export as float16', () => {
  test('a plain network: half the file, the loss on the images of --data is in it, and info shows it', async () => {
    const line = 'export @cells.safetensors --factor 0.25 --threads 1';
    expect(await sshn(`${line} -o @whole.safetensors`)).toBe(0);
    expect(await sshn(`${line} -o @half.safetensors --dtype float16 --data phantoms:cells:3:5`)).toBe(0);
    expect(output.stdout).toContain('rounded to 16-bit floats; Dice 0.');
    const bytesOf = async (name: string) => (await stat(at(name))).size;
    expect(await bytesOf('half.safetensors')).toBeLessThan(0.7 * (await bytesOf('whole.safetensors')));
    expect(await sshn('info @half.safetensors --json')).toBe(0);
    const { rounded } = JSON.parse(output.stdout);
    expect(rounded).toMatchObject({ dtype: 'float16', measured: { images: 3, points: [{ factor: 0.25 }] } });
    const [{ before, after }] = rounded.measured.points;
    expect(Math.abs(before - after)).toBeLessThan(0.05);
    // What is stored is the Dice of that file, as predict gives it.
    const dataset = generatePhantoms({ kind: 'cells', count: 3, seed: 5, size: [16, 16] });
    using opened = await openModel(at('half.safetensors'));
    if (!(opened instanceof Segmenter)) throw new Error('expected a segmenter');
    const scores: number[] = [];
    for (const id of dataset.ids) {
      const { image, labels } = await dataset.load(id);
      const found = await opened.predict(image);
      scores.push(diceScore(found.labels.data, labels.values, { labels: 3 }).mean);
    }
    expect(after).toBeCloseTo(scores.reduce((sum, one) => sum + one, 0) / scores.length, 6);
    expect(await sshn('info @half.safetensors')).toBe(0);
    expect(output.stdout).toMatch(/^weights +rounded to 16-bit floats; Dice .* at φ = 0.25 \(3 images of /m);
  });

  test('the model for all factors: three of them are compared, and it takes any', async () => {
    expect(
      await sshn(
        'export @cells.safetensors --whole --dtype float16 -o @all.safetensors --data phantoms:cells:2:5 --threads 1',
      ),
    ).toBe(0);
    expect(output.stdout).toContain('The model for all factors.');
    using opened = await openModel(at('all.safetensors'));
    expect(opened.manifest.rounded?.measured?.points.map(({ factor }) => factor)).toEqual([0, 0.25, 0.5]);
    expect(opened.manifest.method.kind).toBe('sshn');
    // Of one factor, what was measured of it is kept.
    expect(opened.plainAt(opened.choose({ factor: 0.25 })).manifest.rounded?.measured?.points).toHaveLength(
      1,
    );
    expect(opened.plainAt(opened.choose({ factor: 0.3 })).manifest.rounded).toEqual({ dtype: 'float16' });
    const [exact, rounded] = [
      await labelsOf('cells.safetensors', 'a.png', { factor: 0.4 }),
      await labelsOf('all.safetensors', 'a.png', { factor: 0.4 }),
    ];
    expect(exact.filter((label, i) => label !== rounded[i]).length).toBeLessThan(10);
  });

  const small = '--features 2 --stages 2 --hyper-hidden 4 --epochs 1 --batch-size 4 --threads 1 --seed 3';

  test.each([
    ['segmentation', `train phantoms:cells:12:4 --size 16x16 ${small}`, 'validation images of'],
    [
      'registration with λ',
      `train phantoms:blobs:12:4 --size 16x16 --task registration --lambda-range 0.01,0.9 ${small}`,
      'validation pairs from',
    ],
  ])('of a run of %s, on its validation images', async (task, train, data) => {
    const run = task.split(' ')[0]!;
    expect(await sshn(`${train} --out @${run}`)).toBe(0);
    expect(await sshn(`export @${run} --factor 0.5 --dtype float16 -o @${run}.safetensors --threads 1`)).toBe(
      0,
    );
    using opened = await openModel(at(`${run}.safetensors`));
    const { measured } = opened.manifest.rounded!;
    expect(measured!.data).toContain(data);
    expect(measured!.points).toHaveLength(1);
    const evaluated = await sshn(
      `evaluate @${run} --factors 0.5 --split validation --json --threads 1${task === 'segmentation' ? '' : ' --lambda 0.0949'}`,
    );
    expect(evaluated).toBe(0);
    const [{ dice }] = JSON.parse(output.stdout).results;
    // λ is the middle of training, 0.0949 to four digits.
    expect(measured!.points[0]!.before).toBeCloseTo(dice, task === 'segmentation' ? 10 : 3);
    expect(Math.abs(measured!.points[0]!.after - dice)).toBeLessThan(0.05);
    await rm(at(run), { recursive: true });
  });

  test('without images it is said that nothing was measured', async () => {
    expect(await sshn('export @cells.safetensors --dtype float16 -o @unknown.safetensors --threads 1')).toBe(
      0,
    );
    expect(output.stderr).toContain('note: what rounding costs is not measured: give --data');
    expect(await sshn('info @unknown.safetensors')).toBe(0);
    expect(output.stdout).toContain('what that cost was not measured');
  });
});

test('export to ONNX: onnxruntime gives the logits of the plain network, and the file says what it expects', async () => {
  expect(await sshn('export @cells.safetensors --dice 0.75 -o @cells.onnx --threads 1')).toBe(0);
  expect(output.stdout).toContain('Factor 0.1');
  const session = await InferenceSession.create(at('cells.onnx'));
  const values = Float32Array.from({ length: 3 * 16 * 16 }, (_, i) => (i % 17) / 17);
  const { logits } = await session.run({ image: new Tensor('float32', values, [1, 3, 16, 16]) });
  expect(logits!.dims).toEqual([1, 3, 16, 16]);
  expect((await readFile(at('cells.onnx'))).toString('latin1')).toContain('"factor":0.1');
  await session.release();
});

test('export to tfjs: tf.loadGraphModel gives the logits of the plain network', async () => {
  expect(await sshn('export @cells.safetensors --factor 0.25 --to tfjs -o @graph --threads 1')).toBe(0);
  expect((await readdir(at('graph'))).sort()).toEqual(['group1-shard1of1.bin', 'model.json']);
  const file = async (url: unknown) =>
    new Response(await readFile(at(`graph/${`${url}`.split('/').at(-1)}`)));
  const graph = await loadGraphModel('http://localhost/model.json', { fetchFunc: file as typeof fetch });
  using opened = await openModel(at('cells.safetensors'));
  const place = opened.choose({ factor: 0.25 }).at;
  const x = tensor(
    Float32Array.from({ length: 3 * 16 * 16 }, (_, i) => (i % 17) / 17),
    [1, 16, 16, 3],
  );
  const wanted = opened.network.apply(opened.weightsAt(place), x, place);
  const got = graph.execute({ image: x }, 'logits') as typeof x;
  const values = await wanted.data();
  for (const [i, value] of (await got.data()).entries()) expect(value).toBeCloseTo(values[i]!, 4);
  graph.dispose();
  dispose([x, wanted, got]);
});

test.each([
  ['export @cells.safetensors -o @cells.bin', 2, 'names no format'],
  [
    'export @cells.safetensors -o @cells.onnx --dtype float16',
    2,
    '--dtype float16 is for safetensors, not for onnx',
  ],
  ['export @cells.safetensors -o @x.safetensors --whole --factor 0.2', 2, "'--whole' cannot be used with"],
  ['export @cells.safetensors -o @x.safetensors --data phantoms', 2, '--data is for --dtype float16'],
  [
    'export @cells.safetensors -o @x.safetensors --dtype float16 --data phantoms:blobs:2 --threads 1',
    1,
    'phantoms:blobs:2: has images of 1 channels, and the model takes 3',
  ],
  [
    'export @gaps.safetensors -o @x.safetensors --dtype float16 --data phantoms:cells:2 --threads 1',
    1,
    'phantoms:cells:2: has labels of the values 0, 1, 2, and the model has 0, 41, 1024',
  ],
  ['export @cells.safetensors -o @no/such/cells.onnx', 1, 'there is no such folder'],
])('%s is refused', async (line, code, message) => {
  expect(await sshn(line)).toBe(code);
  expect(output.stderr).toContain(message);
});
