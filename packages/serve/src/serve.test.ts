import { execFile, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Validator } from '@seriousme/openapi-schema-validator';
import { useFastWasm } from '@sshn/backend-wasm';
import { decodeDicom, decodeNifti, decodeNrrd, encodeNifti, volumeOf } from '@sshn/data';
import {
  decodePicture,
  encodePicture,
  type Picture,
  Registrar,
  type RegistrarOptions,
  Segmenter,
  warpPicture,
} from '@sshn/predict';
import { openModel } from '@sshn/predict/node';
import { dicomSeries } from '@sshn-internal/testing';
import { decode } from 'fast-png';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Service, serve as serveSource } from './index.js';
import { builtService, grayPng, modelFolder, noisePng } from './testing/service.js';

let serve: typeof serveSource;
let folder: Awaited<ReturnType<typeof modelFolder>>;
let service: Service;
/** With a key, and small limits. */
let strict: Service;
const key = 'a key of more than sixteen';
const image = noisePng(20, 24, 1);
const scan = volumeOf(
  Float32Array.from({ length: 6 * 7 * 9 }, (_, i) => i % 29),
  [6, 7, 9],
  { spacingMm: [2, 1, 1] },
);

beforeAll(async () => {
  folder = await modelFolder();
  ({ serve } = await builtService());
  const named = (name: string) => ({ name, path: join(folder.path, `${name}.safetensors`) });
  [service, strict] = await Promise.all([
    serve({
      models: ['cells', 'brains', 'pairs', 'scans', 'knobs'].map(named),
      port: 0,
      workers: 2,
      maxVoxels: 1000,
      logLevel: 'silent',
    }),
    serve({
      models: [named('cells')],
      port: 0,
      workers: 1,
      queue: 2,
      apiKeys: ['another key, never used', key],
      bodyBytes: 2 ** 20,
      headersMs: 500,
      receiveMs: 1000,
      timeoutMs: 2000,
      logLevel: 'silent',
    }),
  ]);
  await useFastWasm({ threads: 1 });
}, 120_000);
afterAll(async () => {
  await Promise.all([service?.close(), strict?.close()]);
  await folder?.remove();
});

const get = (path: string) => fetch(`${service.address}${path}`);
const post = (query: string, body: BodyInit | Uint8Array, to = service, headers = {}) =>
  fetch(`${to.address}/predict?${query}`, {
    method: 'POST',
    body: body instanceof Uint8Array ? new Uint8Array(body) : body,
    headers,
  });
const bytesOf = async (response: Response) => new Uint8Array(await response.arrayBuffer());

/** What the library says, in this process. */
async function labelsOf(model: string, source: Uint8Array | Picture, factor: number): Promise<Uint8Array> {
  using opened = await openModel(join(folder.path, `${model}.safetensors`));
  if (!(opened instanceof Segmenter)) throw new Error('expected a segmenter');
  return (await opened.predict(source, { factor })).labels.data;
}

/** Checks that an answer is a problem with a message, which tells nothing of the server. */
async function problem(response: Response, status: number, says: string | RegExp): Promise<void> {
  const text = await response.text();
  expect([response.status, text]).toEqual([status, expect.stringMatching(says)]);
  expect(response.headers.get('content-type')).toContain('application/problem+json');
  expect(JSON.parse(text)).toMatchObject({ type: 'about:blank', status, title: expect.any(String) });
  expect(text).not.toMatch(/\/work|\/tmp|node_modules|\.[jt]s:\d|\bat [\w.<>]+ \(/);
}

describe('POST /predict', () => {
  test('a raster image as the body: a PNG of the labels that the library gives, and the factor used', async () => {
    const response = await post('model=cells&factor=0.25', image);
    expect([response.status, response.headers.get('content-type')]).toEqual([200, 'image/png']);
    expect(response.headers.get('x-sshn-factor')).toBe('0.25');
    expect(response.headers.get('x-sshn-model')).toBe('cells');
    expect(response.headers.get('server-timing')).toMatch(/^queue;dur=[\d.]+, predict;dur=[\d.]+$/);
    const { width, height, data } = decode(await bytesOf(response));
    expect([width, height]).toEqual([24, 20]);
    expect([...data]).toEqual([...(await labelsOf('cells', image, 0.25))]);
  });

  test('a form, with settings in its fields: amounts of each label as JSON', async () => {
    const form = new FormData();
    for (const [name, value] of Object.entries({ model: 'cells', factor: '0.4', format: 'json' }))
      form.set(name, value);
    form.set('image', new Blob([image]), 'photo.png');
    const response = await post('', form);
    const answer = (await response.json()) as { labels: { name: string; voxels: number }[] };
    expect(answer).toMatchObject({
      model: 'cells',
      factor: [0.4],
      reason: 'Factor 0.4, as asked for.',
      shape: [1, 20, 24],
      notes: [],
    });
    const labels = await labelsOf('cells', image, 0.4);
    const counts = [0, 1, 2].map((value) => labels.filter((label) => label === value).length);
    expect(answer.labels.map(({ name, voxels }) => [name, voxels])).toEqual(
      ['background', 'nucleus', 'cytoplasm'].map((name, i) => [name, counts[i]]),
    );
  });

  test('a volume, known by its content: nii.gz on its own grid, and a segmentation of 3D Slicer', async () => {
    const bytes = encodeNifti(scan, { gzip: false });
    const expected = [...(await labelsOf('brains', await decodePicture(bytes, 'scan.nii'), 0.5))];
    const response = await post('model=brains', bytes);
    expect([response.status, await response.clone().text()]).toEqual([200, expect.anything()]);
    expect(response.headers.get('content-disposition')).toBe('attachment; filename="labels.nii.gz"');
    const labels = decodeNifti(await bytesOf(response), 'labels.nii.gz');
    expect({ ...labels, data: [...labels.data] }).toEqual({ ...scan, data: expected });
    const packed = await post('model=brains&format=nrrd', encodeNifti(scan, { gzip: true }));
    expect([...decodeNrrd(await bytesOf(packed), 'labels.nrrd').data]).toEqual(expected);
    const amounts = await post('model=brains&format=json', bytes);
    const { labels: rows } = (await amounts.json()) as {
      labels: { voxels: number; mm3: number; ml: number }[];
    };
    for (const { voxels, mm3, ml } of rows) expect([mm3, ml]).toEqual([2 * voxels, 0.002 * voxels]);
  });

  test.each(['dicom', 'dicom-labelmap'])('a DICOM series in a form: %s that refers to it', async (format) => {
    const files = dicomSeries({
      values: scan.data,
      shape: [6, 7, 9],
      spacingMm: [2, 1, 1],
      originMm: [3, 4, 5],
    });
    const form = new FormData();
    for (const { name, bytes } of files) form.append('image', new Blob([new Uint8Array(bytes)]), name);
    const response = await post(`model=brains&format=${format}`, form);
    expect([response.status, response.headers.get('content-type')]).toEqual([200, 'application/dicom']);
    const found = await decodeDicom([{ name: 'labels.dcm', bytes: await bytesOf(response) }]);
    const volume = await decodeDicom(files);
    expect(found.shape).toEqual(volume.shape);
    const niftiAnswer = await post('model=brains', encodeNifti(volume));
    expect([...found.data]).toEqual([...decodeNifti(await bytesOf(niftiAnswer), 'labels.nii.gz').data]);
  });

  test('budgets: by the table of the model, and by what was measured here', async () => {
    const factorOf = async (query: string) =>
      (await post(`model=cells&${query}`, image)).headers.get('x-sshn-factor');
    expect(await factorOf('gflops=0.003')).toBe('0.2');
    expect(await factorOf('dice=0.84')).toBe('0.2');
    expect(await factorOf('milliseconds=1e6')).toBe('0.4');
    expect(await factorOf('')).toBe('0.5');
    expect(await factorOf('mebibytes=1000')).toBe('0.4');
    await problem(await post('model=cells&dice=0.95', image), 422, /nearest, factor 0.4, has Dice 0.9/);
    await problem(await post('model=cells&milliseconds=1e-9', image), 422, 'No setting has at most');
  });

  test('a budget that nothing meets: which limit, by how much, and what comes nearest', async () => {
    const refused = await post('model=cells&gflops=0.002&dice=0.9', image);
    expect(await refused.json()).toEqual({
      type: 'about:blank',
      title: 'Unprocessable Entity',
      status: 422,
      detail: expect.stringContaining('the nearest, factor 0.2, has Dice 0.85, 0.05 too little'),
      budget: { gflops: 0.002, dice: 0.9 },
      limit: 'dice',
      by: expect.closeTo(0.05),
      nearest: {
        ...{ factor: 0.2, dice: 0.85, gflops: 0.002, milliseconds: null },
        mebibytes: expect.any(Number),
      },
    });
    const slow = (await (await post('model=knobs&milliseconds=1e-9&gflops=1', image)).json()) as object;
    expect(slow).toMatchObject({ limit: 'milliseconds', nearest: { milliseconds: expect.any(Number) } });
    const other = (await (await post('model=cells&factor=2', image)).json()) as object;
    expect(Object.keys(other)).toEqual(['type', 'title', 'status', 'detail']);
  });

  test('a width and a resolution, of models that have such knobs', async () => {
    const answer = await post('model=knobs&factor=0.3&width=0.5&inputResolution=0.75&format=json', image);
    expect(answer.headers.get('x-sshn-width')).toBe('0.5');
    expect(await answer.json()).toMatchObject({
      factor: [0.3],
      width: 0.5,
      resolution: 0.75,
      reason: 'Factor 0.3, width 0.5, resolution 0.75, as asked for.',
    });
    const outside = await (await post('model=knobs&factor=0.9&width=0.1&format=json', image)).json();
    expect(outside.reason).toBe(
      'Factor 0.9, width 0.1, as asked for. Outside of training, which had factors 0 to 0.5 and widths 0.25 to 1: expect a worse answer.',
    );
    const small = await (await post('model=knobs&inputResolution=0.1&format=json', image)).json();
    expect(small.reason).toContain('which had resolutions 0.5 to 1');
    const cheap = await (await post('model=knobs&gflops=0.0015&format=json', image)).json();
    expect(cheap).toMatchObject({ factor: [0.1], width: 0.5, resolution: 0.5 });
    const narrow = await (await post('model=knobs&width=0.5&format=json', image)).json();
    expect(narrow).toMatchObject({ factor: [0.5], width: 0.5, resolution: 1 });
    await problem(await post('model=cells&width=0.5', image), 422, 'the model was trained at one width');
    await problem(await post('model=knobs&width=0.5&gflops=1', image), 400, 'a width or a budget, not both');
    await problem(await post('model=knobs&width=0', image), 400, 'width: expected a number above 0');
    expect(await (await get('/models/knobs')).json()).toMatchObject({
      steps: [{ factor: 0.1, width: 0.5, resolution: 0.5 }, { factor: 0.5 }],
    });
  });

  test('how sure it is: predicted Dice, and the map of uncertainty, as the library gives them', async () => {
    const ask = (query: string) => post(`model=knobs&${query}`, image);
    using opened = await openModel(join(folder.path, 'knobs.safetensors'));
    if (!(opened instanceof Segmenter)) throw new Error('expected a segmenter');
    const expected = await opened.predict(image, { uncertainty: true });
    const { mean, error, labels } = expected.predictedDice!;
    const told = {
      factor: [0.5],
      width: 1,
      reason: expected.setting.reason,
      predictedDice: { mean, error },
      spent: { settings: 2, of: 2, answered: [0, 1], gflops: expected.spent!.gflops },
      labels: [{ name: 'background' }, { predictedDice: labels[0] }, { predictedDice: labels[1] }],
    };
    expect(mean).toBeGreaterThan(0);
    const answer = await ask('uncertainty=true&format=json');
    expect(Number(answer.headers.get('x-sshn-predicted-dice'))).toBe(mean);
    const json = await answer.json();
    expect(json).toMatchObject(told);
    expect(Object.keys((json as { labels: object[] }).labels[0]!)).not.toContain('predictedDice');

    const map = Uint16Array.from(expected.uncertainty!.data, (value) => Math.round(65535 * value));
    const png = await ask('uncertainty=true&format=uncertainty');
    expect(png.headers.get('content-disposition')).toBe('attachment; filename="uncertainty.png"');
    const { data, depth } = decode(await bytesOf(png));
    expect([depth, [...data]]).toEqual([16, [...map]]);
    // All of it in one answer.
    const form = await (await ask('uncertainty=true&format=form')).formData();
    const pixelsOf = async (field: string) => [
      ...decode(new Uint8Array(await (form.get(field) as File).arrayBuffer())).data,
    ];
    expect(await pixelsOf('labels')).toEqual([...expected.labels.data]);
    expect(await pixelsOf('uncertainty')).toEqual([...map]);
    expect(JSON.parse(form.get('answer') as string)).toMatchObject(told);
    expect([...(await (await ask('format=form')).formData()).keys()]).toEqual(['labels', 'answer']);
  });

  test('a cascade: as far as the predicted Dice and the budget for all settings together say', async () => {
    const spent = async (query: string) => {
      const answer = await (await post(`model=knobs&format=json&${query}`, image)).json();
      const { width, reason, spent } = answer as {
        width: number;
        reason: string;
        spent: { settings: number };
      };
      return { width, reason, settings: spent.settings };
    };
    expect(await spent('cascade=true&dice=0.01')).toMatchObject({
      settings: 1,
      width: 0.5,
      reason: expect.stringContaining('as 0.01 was asked for'),
    });
    expect(await spent('cascade=true&dice=1')).toMatchObject({ settings: 2, width: 1 });
    expect(await spent('cascade=true&dice=1&gflops=0.004')).toMatchObject({
      settings: 1,
      reason: expect.stringContaining('the budget allows no more'),
    });
    // Dice with another limit goes through it, unless that is told not to.
    expect(await spent('dice=0.01&gflops=1')).toMatchObject({ settings: 1, width: 0.5 });
    expect(await spent('dice=0.01&milliseconds=1e6')).toMatchObject({ settings: 1, width: 0.5 });
    for (const query of ['cascade=false&', 'flips=true&']) {
      const single = await (await post(`model=knobs&format=json&${query}dice=0.01&gflops=1`, image)).json();
      expect(single).toMatchObject({
        factor: [0.5],
        width: 1,
        reason: expect.stringContaining('of the 2 of 2'),
      });
      expect(single).not.toHaveProperty('spent');
    }
    // Milliseconds of this machine are known of all settings of the cascade.
    expect(await spent('uncertainty=true&milliseconds=1e6')).toMatchObject({ settings: 2 });
    expect(await spent('uncertainty=true&dice=0.8')).toMatchObject({ settings: 1 });
    const { cascade } = (await (await get('/pareto?model=knobs')).json()) as { cascade: object[] };
    expect(cascade).toMatchObject([
      { factor: 0.1, width: 0.5, resolution: 0.5, dice: 0.8, gflops: 0.001 },
      { factor: 0.5, dice: 0.9, gflops: 0.005, milliseconds: expect.any(Number) },
    ]);
    const tooLittle = await post('model=knobs&uncertainty=true&gflops=1e-6', image);
    await problem(tooLittle, 422, /No setting has at most/);
  });

  test.each<[string, number, string]>([
    ['model=cells&uncertainty=true', 422, 'Run `sshn pareto` on its run'],
    ['model=cells&cascade=true&dice=0.9', 422, 'cells, a model that was not fitted to tell how sure it is'],
    ['model=knobs&cascade=true', 400, 'dice: expected the Dice that a cascade is to reach'],
    ['model=knobs&cascade=true&dice=93', 400, 'dice: expected at most 1'],
    ['model=knobs&uncertainty=true&factor=0.1', 400, 'factor: expected none with uncertainty or cascade'],
    ['model=knobs&uncertainty=true&flips=true', 400, 'flips: expected false with uncertainty'],
    ['model=knobs&format=uncertainty', 400, 'uncertainty: expected true with the format uncertainty'],
    ['model=knobs&uncertainty=yes', 400, 'uncertainty: '],
  ])('%s is refused', async (query, status, says) => {
    await problem(await post(query, image), status, says);
  });

  test('cleaning and flips have their effect', async () => {
    const plain = decode(await bytesOf(await post('model=cells', image))).data;
    const clean = decode(await bytesOf(await post('model=cells&minimumVoxels=1000', image))).data;
    expect(plain.some((label) => label > 0)).toBe(true);
    expect(clean.every((label) => label === 0)).toBe(true);
    const flipped = decode(await bytesOf(await post('model=cells&flips=true', image))).data;
    expect([...flipped]).not.toEqual([...plain]);
  });
});

describe('POST /register', () => {
  /** The moving image, and a fixed one. */
  const scans = [scan, { ...scan, data: scan.data.map((value) => 28 - value) }].map((volume) =>
    encodeNifti(volume, { gzip: false }),
  );
  const rasters = [grayPng(20, 24, 3), grayPng(20, 24, 4)];
  const formOf = (images: readonly Uint8Array[], fields: Record<string, string> = {}): FormData => {
    const form = new FormData();
    for (const [name, value] of Object.entries(fields)) form.set(name, value);
    for (const [i, bytes] of images.entries())
      form.set(['moving', 'fixed', 'image'][i]!, new Blob([new Uint8Array(bytes)]), 'scan');
    return form;
  };
  const register = (form: FormData) => fetch(`${service.address}/register`, { method: 'POST', body: form });

  /** What the library says, in this process. */
  async function registered(model: string, images: readonly Picture[], options: RegistrarOptions) {
    using opened = await openModel(join(folder.path, `${model}.safetensors`));
    if (!(opened instanceof Registrar)) throw new Error('expected a registrar');
    return opened.register(images[0]!, images[1]!, options);
  }

  test('volumes: the moved image, the field and figures are those of the library', async () => {
    const fields = { model: 'scans', factor: '0.25', lambda: '0.3', steps: '2' };
    const pictures = await Promise.all(scans.map((bytes) => decodePicture(bytes, 'scan.nii')));
    const { field, figures } = await registered('scans', pictures, { factor: 0.25, lambda: 0.3, steps: 2 });
    const moved = await register(formOf(scans, fields));
    expect([moved.status, moved.headers.get('content-disposition')]).toEqual([
      200,
      'attachment; filename="moved.nii.gz"',
    ]);
    const wanted = warpPicture(pictures[0]!, field, 'linear').channels[0];
    expect([...decodeNifti(await bytesOf(moved), 'moved.nii.gz').data]).toEqual([...wanted.data]);
    const vectors = await bytesOf(await register(formOf(scans, { ...fields, format: 'field' })));
    for (const frame of [0, 1, 2])
      expect(decodeNifti(vectors, 'field.nii.gz', { frame }).data).toEqual(field.displacementMm[frame]);
    const answer = await (await register(formOf(scans, { ...fields, format: 'json' }))).json();
    expect(answer).toMatchObject({ model: 'scans', factor: [0.25], shape: [6, 7, 9], figures });
    expect(figures.longestMm).toBeGreaterThan(0);
  });

  test('raster images: a PNG', async () => {
    const response = await register(formOf(rasters, { model: 'pairs', factor: '0.4' }));
    expect([response.status, response.headers.get('content-type')]).toEqual([200, 'image/png']);
    const pictures = await Promise.all(rasters.map((bytes) => decodePicture(bytes, 'a.png')));
    const { field } = await registered('pairs', pictures, { factor: 0.4 });
    const moved = encodePicture(warpPicture(pictures[0]!, field, 'linear'), { gzip: false });
    expect(decode(await bytesOf(response)).data).toEqual(decode(moved).data);
  });

  test.each<[string, readonly Uint8Array[], Record<string, string>, number, string]>([
    ['one image', scans.slice(0, 1), { model: 'scans' }, 400, 'a form with two images'],
    ['three', [...scans, scans[0]!], { model: 'scans' }, 400, 'a form with two images'],
    ['no name, where two are served', scans, {}, 400, 'model: expected one of pairs, scans'],
    ['a model of segmentation', scans, { model: 'brains' }, 400, 'segmentation: use POST /predict'],
    ['λ for a model that takes none', rasters, { model: 'pairs', lambda: '0.5' }, 400, 'takes none'],
    ['a setting of segmentation', rasters, { model: 'pairs', flips: 'true' }, 400, 'flips'],
    ['PNG of volumes', scans, { model: 'scans', format: 'png' }, 422, 'nii.gz, field or json'],
    ['two kinds', [scans[0]!, rasters[0]!], { model: 'scans' }, 422, 'volume'],
  ])('%s is refused', async (_, images, fields, status, says) => {
    await problem(await register(formOf(images, fields)), status, says);
  });

  test('and an image for segmentation by a model of registration', async () => {
    await problem(await post('model=pairs', image), 400, 'registration: use POST /register');
  });
});

describe('milliseconds of this machine', () => {
  const ofFront = (timeoutMs?: number) =>
    serve({
      models: [{ name: 'front', path: join(folder.path, 'front.safetensors') }],
      port: 0,
      workers: 1,
      logLevel: 'silent',
      ...(timeoutMs === undefined ? {} : { timeoutMs }),
    });
  const chosen = async (query: string, to: Service) => {
    const answer = (await (await post(`format=json&${query}`, image, to)).json()) as object;
    const { factor, width } = answer as { factor: number[]; width: number };
    return [factor, width];
  };
  const measured = async ({ address }: Service) =>
    ((await (await fetch(`${address}/pareto`)).json()) as { measured: object[] }).measured;

  test('are measured of all settings: a generous limit changes no choice', async () => {
    const one = await ofFront();
    try {
      const places = new Set<string>();
      for (let i = 1; i <= 12; i++) {
        const budget = `gflops=${(i + 0.5) / 1000}`;
        const plain = await chosen(budget, one);
        expect(await chosen(`${budget}&milliseconds=1e6`, one)).toEqual(plain);
        places.add(String(plain));
      }
      expect(places.size).toBe(12);
      expect(await chosen('milliseconds=1e6', one)).toEqual([[0.5], 1]);
      const { points } = (await (await fetch(`${one.address}/pareto`)).json()) as { points: object[] };
      expect(await measured(one)).toEqual(
        points.map((point) => ({ ...point, milliseconds: expect.any(Number) })),
      );
    } finally {
      await one.close();
    }
  });

  test('no request is answered from a part of them, and others do not wait', async () => {
    const one = await ofFront(5000);
    try {
      const [pid] = one.workers;
      process.kill(pid!, 'SIGSTOP');
      expect(await measured(one)).toEqual([]);
      const refused = await post('milliseconds=1e6', image, one);
      expect(Number(refused.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
      await problem(refused, 503, 'still being measured on this machine');
      const waiting = chosen('milliseconds=1e6', one);
      const other = chosen('gflops=0.0015', one);
      process.kill(pid!, 'SIGCONT');
      expect(await other).toEqual([[0], 0.25]);
      expect(await measured(one)).toEqual([]);
      expect(await waiting).toEqual([[0.5], 1]);
    } finally {
      await one.close();
    }
  });

  test('a worker that dies of it is replaced by one that measures; after two it is given up', async () => {
    const one = await ofFront();
    try {
      const [first] = one.workers;
      process.kill(first!, 'SIGKILL');
      while (one.workers.length === 0 || one.workers[0] === first)
        await new Promise((resolve) => setTimeout(resolve, 5));
      process.kill(one.workers[0]!, 'SIGKILL');
      await problem(await post('milliseconds=1e6', image, one), 500, 'The server failed');
      expect(await chosen('gflops=0.0015', one)).toEqual([[0], 0.25]);
    } finally {
      await one.close();
    }
    const again = await ofFront();
    try {
      process.kill(again.workers[0]!, 'SIGKILL');
      expect(await chosen('milliseconds=1e6', again)).toEqual([[0.5], 1]);
    } finally {
      await again.close();
    }
  });
});

describe('the other routes', () => {
  test('/models: what is served', async () => {
    const models = (await (await get('/models')).json()) as object[];
    expect(models).toMatchObject([
      {
        name: 'cells',
        input: { kind: 'raster', size: [16, 16], channels: 3 },
        factors: { low: 0, high: 0.5 },
        steps: [{ factor: 0.1 }, { factor: 0.2 }, { factor: 0.4 }],
      },
      { name: 'brains', input: { kind: 'volume', size: [8, 8, 8], channels: 1 } },
      { name: 'pairs', task: 'registration' },
      { name: 'scans', task: 'registration', input: { kind: 'volume' } },
      { name: 'knobs', task: 'segmentation' },
    ]);
    expect(await (await get('/models/brains')).json()).toEqual(models[1]);
  });

  test('/pareto: the table of the model, and times of this machine', async () => {
    // Which waits until they are measured.
    expect((await post('model=cells&milliseconds=1e6', image)).status).toBe(200);
    const ofOne = await (await get('/models/cells/pareto')).json();
    expect(await (await get('/pareto?model=cells')).json()).toEqual(ofOne);
    expect(ofOne).toMatchObject({ model: 'cells', points: [{ factor: 0.1, dice: 0.8 }, {}, {}] });
    const { measured } = ofOne as { measured: { milliseconds: number }[] };
    expect(measured.length).toBe(3);
    for (const { milliseconds } of measured) expect(milliseconds).toBeGreaterThan(0);
    await problem(await get('/pareto'), 400, 'model: expected one of cells, brains, pairs, scans, knobs');
  });

  test('/healthz, /readyz, /metrics', async () => {
    expect(await (await get('/healthz')).json()).toEqual({ status: 'ok' });
    const ready = await get('/readyz');
    expect(ready.status).toBe(200);
    expect(await ready.json()).toMatchObject({ workers: { total: 2 } });
    const numbers = await (await get('/metrics')).text();
    expect(numbers).toMatch(/^sshn_requests_total\{route="\/predict",status="200"\} \d+$/m);
    expect(numbers).toMatch(/^sshn_prediction_seconds_count\{model="brains"\} \d+$/m);
    expect(numbers).toMatch(/^sshn_workers\{state="starting"\} \d+$/m);
    expect(numbers).toContain('sshn_accuracy_level 1');
    expect(numbers).toContain('nodejs_eventloop_lag_p99_seconds');
  });

  test('/openapi.json is a valid description of all of them', async () => {
    const document = (await (await get('/openapi.json')).json()) as {
      paths: Record<string, Record<string, { parameters?: { name: string }[] }>>;
    };
    const { valid, errors } = await new Validator().validate(structuredClone(document));
    expect(valid, JSON.stringify(errors)).toBe(true);
    expect(Object.keys(document.paths).sort()).toEqual([
      '/healthz',
      '/metrics',
      '/models',
      '/models/{name}',
      '/models/{name}/pareto',
      '/pareto',
      '/predict',
      '/readyz',
      '/register',
    ]);
    expect(document.paths['/predict']!.post!.parameters!.map(({ name }) => name)).toEqual(
      expect.arrayContaining([
        'model',
        'factor',
        'gflops',
        'dice',
        'format',
        'flips',
        'uncertainty',
        'cascade',
      ]),
    );
    const { responses } = document.paths['/predict']!.post as unknown as {
      responses: Record<string, { content: Record<string, { schema: { properties: object } }> }>;
    };
    const membersOf = (status: number) =>
      Object.keys(responses[status]!.content['application/problem+json']!.schema.properties);
    expect(membersOf(400)).toEqual(['type', 'title', 'status', 'detail']);
    expect(membersOf(422)).toEqual([...membersOf(400), 'budget', 'limit', 'by', 'nearest']);
  });
});

/** The lines of the README that call curl. */
const calls = readFileSync(new URL('../README.md', import.meta.url), 'utf8').match(/^curl .+$/gm) ?? [];
const hasCurl = spawnSync('curl', ['--version']).status === 0;

describe.skipIf(!hasCurl)('the README', () => {
  beforeAll(async () => {
    await mkdir(join(folder.path, 'series'));
    await writeFile(join(folder.path, 'photo.png'), image);
    await writeFile(join(folder.path, 'scan.nii.gz'), encodeNifti(scan));
    const series = dicomSeries({
      values: scan.data,
      shape: [2, 7, 9],
      spacingMm: [2, 1, 1],
      originMm: [0, 0, 0],
    });
    for (const [i, { bytes }] of series.entries())
      await writeFile(join(folder.path, `series/${i + 1}.dcm`), bytes);
  });

  test('has examples', () => expect(calls.length).toBeGreaterThanOrEqual(8));

  test.each(calls)('%s', async (line) => {
    const host = new URL(service.address).host;
    // The first example is of a service of one model.
    const here = line.replace('localhost:8080', host).replace('predict?factor', 'predict?model=cells&factor');
    const shell = ['-c', here.replace(/^curl/, 'curl -sS --fail-with-body')];
    const { stdout } = await promisify(execFile)('bash', shell, { cwd: folder.path });
    const output = / -o (\S+)/.exec(line)?.[1];
    if (output === undefined) expect(() => JSON.parse(stdout)).not.toThrow();
    else expect((await readFile(join(folder.path, output))).length).toBeGreaterThan(50);
  });
});

describe('what is refused', () => {
  test.each<[string, string, () => string | Uint8Array, number, string | RegExp]>([
    ['no image', 'model=cells', () => '', 400, 'The body is empty'],
    ['text', 'model=cells', () => 'hello', 422, 'image: is not a PNG, JPEG, BMP, TIFF or DICOM image'],
    ['a PNG that is cut off', 'model=cells', () => image.subarray(0, 200), 422, /^.*"image: /],
    [
      'a NIfTI that is cut off',
      'model=brains',
      () => encodeNifti(scan, { gzip: false }).subarray(0, 500),
      422,
      'image.nii: ',
    ],
    [
      'a bad gzip stream',
      'model=brains',
      () => Uint8Array.of(0x1f, 0x8b, 8, 0, 1, 2, 3),
      422,
      'image.nii.gz: ',
    ],
    [
      'a large image',
      'model=cells',
      () => noisePng(40, 40, 2),
      422,
      'has 1600 pixels or voxels, and this server takes 1000',
    ],
    [
      'a volume for a model of raster images',
      'model=cells',
      () => encodeNifti(scan),
      422,
      'a volume.*expected a raster image',
    ],
    ['no model among several', '', () => image, 400, 'expected one of cells, brains'],
    ['an unknown model', 'model=x', () => image, 404, 'There is no such model'],
    ['a path as a model', 'model=../../etc/passwd', () => image, 404, 'There is no such model'],
    ['the path of a model', 'model=cells.safetensors', () => image, 404, 'There is no such model'],
    ['a factor that is none', 'model=cells&factor=two', () => image, 400, 'factor: expected a number'],
    ['an empty factor', 'model=cells&factor=', () => image, 400, 'factor: expected a number'],
    ['a factor above 1', 'model=cells&factor=2', () => image, 400, 'factor: expected at most 1'],
    ['two factors', 'model=cells&factor=0.1&factor=0.2', () => image, 400, 'factor: '],
    ['a factor and a budget', 'model=cells&factor=0.1&dice=0.5', () => image, 400, 'not both'],
    ['an unknown setting', 'model=cells&fctor=0.1', () => image, 400, 'fctor'],
    ['an unknown format', 'model=cells&format=gif', () => image, 400, 'format: '],
    ['a PNG of a volume', 'model=brains&format=png', () => encodeNifti(scan), 422, 'a PNG holds one slice'],
    ['DICOM of a PNG', 'model=cells&format=dicom', () => image, 422, 'Send DICOM files'],
  ])('%s', async (_, query, body, status, says) => {
    await problem(await post(query, body()), status, says);
  });

  test.each<[string, (form: FormData) => void, number, string]>([
    ['without an image', (form) => form.set('model', 'cells'), 400, 'The form has no image'],
    [
      'with a field twice',
      (form) => {
        form.append('model', 'cells');
        form.append('model', 'brains');
      },
      400,
      'model: is there twice',
    ],
    [
      'with __proto__',
      (form) => {
        form.set('__proto__', 'x');
        form.set('image', new Blob([image]), 'a.png');
      },
      400,
      '',
    ],
    [
      'with files that are no series',
      (form) => {
        for (const name of ['a', 'b']) form.append('image', new Blob([image]), name);
      },
      422,
      'DICOM',
    ],
    [
      'with a file named like a path',
      (form) => form.set('image', new Blob(['x']), '../../etc/passwd'),
      422,
      '"passwd: is not',
    ],
  ])('a form %s', async (_, fill, status, says) => {
    const form = new FormData();
    fill(form);
    await problem(await post(form.has('model') ? '' : 'model=cells', form), status, says);
  });

  test('a form that is cut off', async () => {
    const body = `--x\r\nContent-Disposition: form-data; name="image"; filename="a.png"\r\n\r\nabc`;
    await problem(
      await post('model=cells', body, service, { 'content-type': 'multipart/form-data; boundary=x' }),
      400,
      'malformed or was cut off',
    );
  });

  test.each([
    '/models/..%2f..%2fetc%2fpasswd',
    '/models/%2e%2e',
    '/models/cells%00',
    '/../../etc/passwd',
    '/predict',
    '/models/%',
  ])('GET %s', async (path) => {
    // As it is: fetch would resolve the dots.
    const status = await new Promise<number>((resolve, reject) => {
      const { hostname, port } = new URL(service.address);
      const asked = httpRequest({ hostname, port, path }, (response) => {
        response.resume();
        resolve(response.statusCode ?? 0);
      });
      asked.on('error', reject).end();
    });
    expect([400, 404]).toContain(status);
  });

  test('bytes that are no HTTP', async () => {
    expect(await dialogue(service, 'nonsense\r\n\r\n')).toMatch(/^HTTP\/1.1 400 .*This is no HTTP request/s);
  });

  test('at the start: models that cannot be opened, options that make no sense', async () => {
    const models = [{ name: 'cells', path: join(folder.path, 'nowhere.safetensors') }];
    const options = { models, port: 0, workers: 1, logLevel: 'silent' } as const;
    await expect(serve(options)).rejects.toMatchObject({ name: 'FileError' });
    await expect(serve({ ...options, models: [] })).rejects.toMatchObject({ name: 'ValueError' });
    await expect(serve({ ...options, models: [{ name: '../x', path: 'x' }] })).rejects.toThrow('got "../x"');
    await expect(serve({ ...options, models: [models[0]!, models[0]!] })).rejects.toThrow(
      'a name of its own',
    );
    await expect(serve({ ...options, workers: 0 })).rejects.toThrow('workers');
    await expect(serve({ ...options, targetP95: 0 })).rejects.toThrow('targetP95');
    await expect(serve({ ...options, apiKeys: ['short'] })).rejects.toThrow(/^(?!.*short"\]).*16 characters/);
  });
});

describe('limits', () => {
  const authorized = { 'x-api-key': key };

  test('a key is needed, but for probes', async () => {
    const refused = await post('', image, strict);
    expect(refused.headers.get('www-authenticate')).toBe('Bearer');
    await problem(refused, 401, 'An API key is needed');
    await problem(await post('', image, strict, { authorization: `Bearer ${key}x` }), 401, 'API key');
    await problem(await fetch(`${strict.address}/models`), 401, 'API key');
    await problem(await fetch(`${strict.address}/metrics`), 401, 'API key');
    for (const headers of [authorized, { authorization: `Bearer ${key}` }])
      expect((await post('', image, strict, headers)).status).toBe(200);
    expect((await fetch(`${strict.address}/healthz`)).status).toBe(200);
    expect((await fetch(`${strict.address}/readyz`)).status).toBe(200);
  });

  test.each(['as the body', 'in a form', 'in chunks'])('too large %s: 413', async (how) => {
    const large = new Uint8Array(2 ** 20 + 1);
    const form = new FormData();
    form.set('image', new Blob([large.subarray(0, 2 ** 19)]));
    form.append('image', new Blob([large]));
    const stream = new Blob([large]).stream();
    const body = { 'as the body': large, 'in a form': form, 'in chunks': stream }[how]!;
    const init = { method: 'POST', body, headers: authorized, duplex: 'half' };
    await problem(await fetch(`${strict.address}/predict`, init as RequestInit), 413, 'larger than');
  });

  test('a queue that is full: 503 and when to come again; what was taken is done', async () => {
    const answers = await Promise.all(
      Array.from({ length: 12 }, () => post('flips=true', image, strict, authorized)),
    );
    const statuses = answers.map(({ status }) => status);
    expect(new Set(statuses)).toEqual(new Set([200, 503]));
    expect(statuses.filter((status) => status === 200).length).toBeGreaterThanOrEqual(3);
    const refused = answers.find(({ status }) => status === 503)!;
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
    await problem(refused, 503, 'Try again later');
  });

  test('slow clients are cut off: headers, and bodies, that never end', async () => {
    const began = performance.now();
    const headers = dialogue(strict, 'POST /predict HTTP/1.1\r\nHost: x\r\nX-Slow: ');
    const body = dialogue(
      strict,
      `POST /predict HTTP/1.1\r\nHost: x\r\nX-Api-Key: ${key}\r\nContent-Length: 1000\r\n\r\nabc`,
    );
    expect(await headers).toMatch(/^HTTP\/1.1 408 /);
    expect(await body).toMatch(/^HTTP\/1.1 408 |^$/);
    expect(performance.now() - began).toBeLessThan(10_000);
    // And the room that they took is free again.
    expect((await post('', image, strict, authorized)).status).toBe(200);
  });
});

// Workers that are stopped hold their request for as long as the test wants.
describe('worker processes that die or hang', () => {
  const ready = async () => {
    const { workers } = (await (await get('/readyz')).json()) as { workers: { ready: number } };
    return workers.ready;
  };
  const until = async (reached: () => Promise<boolean>) => {
    while (!(await reached())) await new Promise((resolve) => setTimeout(resolve, 20));
  };
  const busy = async () =>
    Number(/^sshn_workers\{state="busy"\} (\d+)$/m.exec(await (await get('/metrics')).text())?.[1]);
  const number = async (name: string) =>
    Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(await (await get('/metrics')).text())?.[1]);

  test('one dies: its request is done by another, and it is replaced', async () => {
    await until(async () => (await ready()) === 2);
    const before = [...service.workers];
    for (const pid of before) process.kill(pid, 'SIGSTOP');
    const answer = post('model=cells&factor=0.25', image);
    await until(async () => (await busy()) === 1);
    // Requests go to the first that is free.
    process.kill(before[0]!, 'SIGKILL');
    await until(async () => (await number('sshn_retries_total')) === 1);
    expect(await ready()).toBe(1);
    process.kill(before[1]!, 'SIGCONT');
    const { data } = decode(await bytesOf(await answer));
    expect([...data]).toEqual([...(await labelsOf('cells', image, 0.25))]);
    await until(async () => (await ready()) === 2);
    expect(service.workers).not.toContain(before[0]);
  });

  test('a request that ends two: 500, and nothing of the server in it', async () => {
    const before = [...service.workers];
    for (const pid of before) process.kill(pid, 'SIGSTOP');
    const answer = post('model=cells', image);
    await until(async () => (await busy()) === 1);
    process.kill(before[0]!, 'SIGKILL');
    await until(async () => (await number('sshn_retries_total')) === 2);
    process.kill(before[1]!, 'SIGKILL');
    await problem(await answer, 500, 'The server failed on this request. Its log says more.');
    expect((await get('/readyz')).status).toBe(503);
    expect((await get('/healthz')).status).toBe(200);
    await until(async () => (await ready()) === 2);
    expect((await post('model=cells', image)).status).toBe(200);
  });

  test('one hangs: 504 when the time is over, and it is replaced', async () => {
    const [pid] = strict.workers;
    process.kill(pid!, 'SIGSTOP');
    const headers = { 'x-api-key': key };
    await problem(await post('', image, strict, headers), 504, 'longer than 2 s');
    await until(async () => strict.workers.length === 1 && strict.workers[0] !== pid);
    await until(async () => (await fetch(`${strict.address}/readyz`)).ok);
    expect((await post('', image, strict, headers)).status).toBe(200);
  });

  test('a client that goes away takes its request with it', async () => {
    for (const pid of service.workers) process.kill(pid, 'SIGSTOP');
    const controller = new AbortController();
    const gone = Array.from({ length: 5 }, () =>
      fetch(`${service.address}/predict?model=cells`, {
        method: 'POST',
        body: new Uint8Array(image),
        signal: controller.signal,
      }).catch(({ name }: Error) => name),
    );
    await until(async () => (await number('sshn_queue_length')) === 3);
    controller.abort();
    expect(await Promise.all(gone)).toEqual(Array(5).fill('AbortError'));
    await until(async () => (await number('sshn_queue_length')) === 0);
    for (const pid of service.workers) process.kill(pid, 'SIGCONT');
    expect((await post('model=cells', image)).status).toBe(200);
  });
});

describe('a latency target', () => {
  test('that is missed: the factor goes down to the least Dice, and answers say so; what a request asks for stays', async () => {
    const hurried = await serve({
      models: [{ name: 'cells', path: join(folder.path, 'cells.safetensors') }],
      port: 0,
      workers: 1,
      targetP95: 1,
      minDice: 0.82,
      logLevel: 'silent',
    });
    try {
      const ask = async (query = '') => {
        const response = await post(`format=json${query}`, image, hurried);
        const { factor, reason } = (await response.json()) as { factor: number[]; reason: string };
        expect(response.headers.get('x-sshn-factor')).toBe(String(factor[0]));
        return { factor: factor[0], reason };
      };
      expect(await ask()).toEqual({ factor: 0.4, reason: 'Factor 0.4, step 2 of 2, the most accurate.' });
      let last = await ask();
      for (let i = 0; i < 100 && last.factor !== 0.2; i++) last = await ask();
      expect(last).toEqual({
        factor: 0.2,
        reason: 'Factor 0.2, step 1 of 2, to hold the latency under load.',
      });
      expect((await ask('&factor=0.5')).factor).toBe(0.5);
      expect(await (await fetch(`${hurried.address}/metrics`)).text()).toMatch(
        /^sshn_accuracy_level 0(\.\d+)?$/m,
      );
    } finally {
      await hurried.close();
    }
  });
});

/** Sends bytes and takes what comes until the other side ends. */
function dialogue({ address }: Service, text: string): Promise<string> {
  const { hostname, port } = new URL(address);
  return new Promise((resolve) => {
    let received = '';
    const socket = connect(Number(port), hostname, () => socket.write(text));
    socket.on('data', (bytes) => {
      received += bytes;
    });
    socket.on('error', () => {});
    socket.on('close', () => resolve(received));
  });
}
