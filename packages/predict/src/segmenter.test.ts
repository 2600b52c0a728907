import { initialize, namedParams, paramTree, Rng, setting } from '@sshn/core';
import {
  cutTile,
  encodeNifti,
  generatePhantoms,
  preprocess,
  reorient,
  tilingOf,
  type Volume,
  volumeOf,
} from '@sshn/data';
import { agreement, mostProbable } from '@sshn/losses';
import {
  BudgetError,
  type LoadedModel,
  loadModel,
  type ManifestInput,
  networkOf,
  predictDice,
  saveModel,
} from '@sshn/model';
import { onnxRuntime } from '@sshn/onnx';
import { useBackend, withoutLeak } from '@sshn-internal/testing';
import { argMax, dispose, memory, tensor, tidy } from '@tensorflow/tfjs-core';
import { encode } from 'fast-png';
import * as ort from 'onnxruntime-node';
import { beforeAll, describe, expect, test } from 'vitest';
import { openModel } from './open-model.js';
import { type Segmentation, Segmenter } from './segmenter.js';

const hypernetwork = {
  hidden: [4],
  encoding: 'linear',
  form: 'residual',
  residualScale: 0.1,
  factors: 1,
  conditions: 0,
} as const;

interface Case {
  readonly size: readonly number[];
  readonly patch?: readonly number[];
  readonly channels?: number;
  readonly volumes?: ManifestInput['preprocessing']['volumes'];
  readonly accuracyCost?: ManifestInput['accuracyCost'];
  readonly intensity?: ManifestInput['preprocessing']['intensity'];
  readonly knobs?: ManifestInput['network']['knobs'];
  readonly knobRanges?: ManifestInput['knobRanges'];
  readonly cascade?: ManifestInput['cascade'];
}

/** A model with random weights, as bytes. */
async function modelBytes({
  size,
  patch,
  channels = 1,
  volumes,
  accuracyCost = [],
  intensity = { kind: 'minMax' },
  knobs,
  knobRanges,
  cascade,
}: Case): Promise<Uint8Array> {
  const manifest: ManifestInput = {
    task: 'segmentation',
    network: {
      architecture: 'unet',
      options: { rank: size.length, inChannels: channels, outChannels: 3, features: 3, stages: 3 },
      ...(knobs === undefined ? {} : { knobs }),
    },
    method: { kind: 'sshn', hypernetwork },
    prior: { kind: 'uniform', low: 0, high: 0.5 },
    ...(knobRanges === undefined ? {} : { knobRanges }),
    preprocessing: {
      size: [...size],
      ...(patch === undefined ? {} : { patch: [...patch] }),
      channels,
      intensity,
      ...(volumes === undefined ? {} : { volumes }),
    },
    labels: [{ name: 'background' }, { name: 'nucleus' }, { name: 'cytoplasm' }],
    accuracyCost,
    ...(cascade === undefined ? {} : { cascade }),
    provenance: { versions: {}, seed: 1, dataset: 'test', date: '2026-01-02T03:04:05.000Z', configHash: 'x' },
  };
  const { specs } = networkOf(manifest as Parameters<typeof networkOf>[0]);
  const params = initialize(specs, Rng.fromSeed(3));
  try {
    return await saveModel({ specs, params, manifest });
  } finally {
    dispose([...namedParams(params).values()]);
  }
}

async function segmenterOf(model: Case): Promise<Segmenter> {
  const opened = await openModel(await modelBytes(model));
  if (!(opened instanceof Segmenter)) throw new Error('expected a segmenter');
  return opened;
}

/** What the network says of an image that has the size of training. */
function labelsByHand(
  { manifest, params }: LoadedModel,
  values: Float32Array,
  shape: number[],
  factor: number,
) {
  const model = networkOf(manifest);
  return tidy(() => {
    const logits = model.apply(paramTree(model.specs, params), tensor(values, shape), setting(factor));
    return [...argMax(logits, -1).dataSync()];
  });
}

beforeAll(() => useBackend('cpu'));

const cells = generatePhantoms({ kind: 'cells', count: 2, size: [16, 12], seed: 3 });
const volume = (
  shape: readonly [number, number, number],
  spacingMm: readonly [number, number, number] = [1, 1, 1],
) =>
  volumeOf(
    Float32Array.from(
      { length: shape[0] * shape[1] * shape[2] },
      (_, i) => Math.sin(i * 0.37) * 50 + (i % 13),
    ),
    shape,
    { spacingMm },
  );
const picture = (image: Volume) => ({
  path: 'scan.nii',
  format: 'volume' as const,
  channels: [image] as const,
});

describe('raster images', () => {
  test('of the size of training: what the network says, at the factor asked for', async () => {
    const bytes = await modelBytes({ size: [16, 12], channels: 3 });
    using segmenter = (await openModel(bytes)) as Segmenter;
    const { image } = await cells.load(cells.ids[0]!);
    const input = preprocess(image, segmenter.manifest.preprocessing);
    for (const factor of [0, 0.2, 0.5]) {
      const { labels } = await segmenter.predict(image, { factor });
      const wanted = labelsByHand(loadModel(bytes), input.values, [1, 16, 12, 3], factor);
      expect([...labels.data]).toEqual(wanted);
      expect(labels.shape).toEqual([1, 16, 12]);
    }
  });

  test('of another size: labels have the size of the image, probabilities sum to 1', async () => {
    using segmenter = await segmenterOf({ size: [16, 12], channels: 3 });
    const others = generatePhantoms({ kind: 'cells', count: 1, size: [41, 33], seed: 4 });
    const { image } = await others.load(others.ids[0]!);
    const { labels, probabilities, notes } = await segmenter.predict(image, { probabilities: true });
    expect(labels.shape).toEqual([1, 41, 33]);
    expect(probabilities!.length).toBe(41 * 33 * 3);
    for (let i = 0; i < 41 * 33; i++) {
      const at = [...probabilities!.subarray(3 * i, 3 * i + 3)];
      expect(at.reduce((sum, p) => sum + p, 0)).toBeCloseTo(1, 4);
      expect(at[labels.data[i]!]).toBe(Math.max(...at));
    }
    expect(notes).toEqual([]);
  });

  test('flips: the segmentation of a flipped image is the flipped segmentation', async () => {
    using segmenter = await segmenterOf({ size: [8, 8] });
    const values = Float32Array.from({ length: 64 }, (_, i) => (i * 29) % 31);
    const flipped = Float32Array.from({ length: 64 }, (_, i) => values[i - (i % 8) + 7 - (i % 8)]!);
    const options = { flips: true, probabilities: true };
    const a = await segmenter.predict({ values, size: [8, 8], channels: 1 }, options);
    const b = await segmenter.predict({ values: flipped, size: [8, 8], channels: 1 }, options);
    for (let i = 0; i < 64; i++) {
      const mirrored = i - (i % 8) + 7 - (i % 8);
      for (let label = 0; label < 3; label++)
        expect(b.probabilities![3 * i + label]).toBeCloseTo(a.probabilities![3 * mirrored + label]!, 5);
    }
  });

  test('at their own resolution they are tiled; one that is smaller than a tile gets a border', async () => {
    using segmenter = await segmenterOf({ size: [8, 8] });
    const large = { values: new Float32Array(30 * 20).map((_, i) => i % 7), size: [30, 20], channels: 1 };
    const progress: number[] = [];
    const { labels, notes } = await segmenter.predict(large, {
      resolution: 'own',
      onProgress: ({ done, total }) => progress.push(done / total),
    });
    expect(labels.shape).toEqual([1, 30, 20]);
    expect(notes).toEqual(['Predicted in 15 overlapping tiles of 8×8.']);
    expect(progress.length).toBe(15);
    expect(progress.at(-1)).toBe(1);
    const small = { values: new Float32Array(5 * 3), size: [5, 3], channels: 1 };
    expect((await segmenter.predict(small, { resolution: 'own' })).labels.shape).toEqual([1, 5, 3]);
  });

  test('a file is read from bytes or a File', async () => {
    using segmenter = await segmenterOf({ size: [8, 8] });
    const png = encode({
      width: 6,
      height: 9,
      channels: 1,
      depth: 8,
      data: new Uint8Array(54).map((_, i) => i),
    });
    const labels = (await segmenter.predict(png)).labels;
    expect(labels.shape).toEqual([1, 9, 6]);
    expect((await segmenter.predict(new File([Uint8Array.from(png)], 'a.png'))).labels).toEqual(labels);
  });
});

describe('volumes', () => {
  const model = { size: [6, 6, 6], volumes: { fit: 'resize' } } as const;

  test('come back on their own grid, whatever the order of their axes', async () => {
    using segmenter = await segmenterOf(model);
    const scan = volume([7, 5, 9], [1, 2, 1.5]);
    const { labels } = await segmenter.predict(picture(scan));
    for (const orientation of ['LPS', 'SAR', 'PIL']) {
      const turned = reorient(scan, orientation);
      const result = await segmenter.predict(picture(turned), { probabilities: true });
      expect(result.labels.shape).toEqual(turned.shape);
      expect(result.labels.affine).toEqual(turned.affine);
      expect([...reorient(result.labels).data]).toEqual([...labels.data]);
      result.labels.data.forEach((label, i) => {
        const at = [...result.probabilities!.subarray(3 * i, 3 * i + 3)];
        expect(at[label]).toBe(Math.max(...at));
      });
    }
  });

  test('of a model that pads: larger ones are tiled, smaller ones get a border', async () => {
    using segmenter = await segmenterOf({ size: [6, 6, 6], volumes: { fit: 'pad', spacingMm: [1, 1, 1] } });
    const large = await segmenter.predict(picture(volume([8, 9, 4], [2, 1, 1])));
    expect(large.labels.shape).toEqual([8, 9, 4]);
    expect(large.notes).toEqual(['Predicted in 8 overlapping tiles of 6×6×6.']);
    const small = await segmenter.predict(picture(volume([3, 4, 5])));
    expect(small.labels.shape).toEqual([3, 4, 5]);
    expect(small.notes).toEqual([]);
  });

  test('of a model of slices: every slice, on the grid of the volume', async () => {
    using segmenter = await segmenterOf({ size: [8, 6], volumes: { fit: 'resize', slices: 'coronal' } });
    const scan = volume([5, 4, 7]);
    const { labels } = await segmenter.predict(picture(scan));
    expect(labels.shape).toEqual([5, 4, 7]);
    const turned = reorient(scan, 'LAS');
    expect([...reorient((await segmenter.predict(picture(turned))).labels).data]).toEqual([...labels.data]);
  });

  test('a raster image is refused, and a volume of a model of images', async () => {
    using ofVolumes = await segmenterOf(model);
    await expect(
      ofVolumes.predict({ values: new Float32Array(16), size: [4, 4], channels: 1 }),
    ).rejects.toThrow('got "a raster image", expected a volume');
    using ofImages = await segmenterOf({ size: [8, 8] });
    await expect(ofImages.predict(picture(volume([4, 4, 4])))).rejects.toThrow(
      'got "a volume", expected a raster image',
    );
  });

  test('a NIfTI file is read by its name', async () => {
    using segmenter = await segmenterOf(model);
    const file = new File([Uint8Array.from(encodeNifti(volume([4, 5, 6])))], 'a.nii.gz');
    expect((await segmenter.predict(file)).labels.shape).toEqual([4, 5, 6]);
  });
});

describe('models that were trained on patches', () => {
  test('predict in tiles of a patch, and what they cost is that of one', async () => {
    using whole = await segmenterOf({ size: [16, 12] });
    using patches = await segmenterOf({ size: [16, 12], patch: [8, 12] });
    const image = { values: new Float32Array(192).map((_, i) => Math.sin(i)), size: [16, 12], channels: 1 };
    const { labels, notes } = await patches.predict(image);
    expect(labels.shape).toEqual([1, 16, 12]);
    expect(notes).toEqual(['Predicted in 3 overlapping tiles of 8×12.']);
    // Far from the border of tiles, the first of them says the same by itself.
    using tile = await segmenterOf({ size: [8, 12] });
    const first = { values: image.values.subarray(0, 96), size: [8, 12], channels: 1 };
    const probabilities = async (model: Segmenter, of: typeof first) =>
      (await model.predict(of, { probabilities: true })).probabilities!;
    const [blended, alone] = [await probabilities(patches, image), await probabilities(tile, first)];
    expect(patches.gflopsAt(0.5)).toBe(tile.gflopsAt(0.5));
    expect(patches.gflopsAt(0.5)).toBeLessThan(0.7 * whole.gflopsAt(0.5));
    // Rows before the second tile begins are of the first alone: the same values, normalized as the whole image.
    const isSame = alone.slice(0, 4 * 12 * 3).map((p, i) => Math.abs(p - blended[i]!));
    expect(Math.max(...isSame)).toBeLessThan(0.02);
  });

  test('take what is smaller than a patch with a border, as in training', async () => {
    using segmenter = await segmenterOf({ size: [5, 7], patch: [8, 6] });
    const image = { values: new Float32Array(35).map((_, i) => i), size: [5, 7], channels: 1 };
    const { labels, probabilities } = await segmenter.predict(image, { probabilities: true });
    expect(labels.shape).toEqual([1, 5, 7]);
    for (let i = 0; i < 35; i++) {
      const at = [...probabilities!.subarray(3 * i, 3 * i + 3)];
      expect(at.reduce((sum, p) => sum + p, 0)).toBeCloseTo(1, 4);
    }
    const own = await segmenter.predict(
      { ...image, values: image.values.subarray(0, 6), size: [2, 3] },
      { resolution: 'own' },
    );
    expect(own.labels.shape).toEqual([1, 2, 3]);
    using ofVolumes = await segmenterOf({ size: [4, 6, 5], patch: [6, 4, 3], volumes: { fit: 'pad' } });
    const scan = await ofVolumes.predict(picture(volume([5, 9, 4])));
    expect(scan.labels.shape).toEqual([5, 9, 4]);
    expect(scan.notes).toEqual(['Predicted in 6 overlapping tiles of 6×4×3.']);
    using ofSlices = await segmenterOf({
      size: [8, 6],
      patch: [4, 6],
      volumes: { fit: 'resize', slices: 'axial' },
    });
    expect((await ofSlices.predict(picture(volume([3, 5, 7])))).labels.shape).toEqual([3, 5, 7]);
  });

  test('of another number of axes are refused', async () => {
    await expect(modelBytes({ size: [8, 8], patch: [4, 4, 4] })).rejects.toThrow(
      'patch: has 3 axes, and images have 2',
    );
  });
});

describe('settings', () => {
  const accuracyCost = [
    { factor: 0.1, dice: 0.8, gflops: 0.001, milliseconds: null },
    { factor: 0.4, dice: 0.9, gflops: 0.002, milliseconds: null },
  ];

  test('a budget of GFLOPs is met without a table, by counting', async () => {
    using segmenter = await segmenterOf({ size: [32, 32] });
    const most = segmenter.gflopsAt(0.5);
    const { at, reason } = segmenter.choose({ gflops: 0.9 * most });
    expect(segmenter.gflopsAt(at.factors[0]!)).toBeLessThanOrEqual(0.9 * most);
    expect(segmenter.gflopsAt(at.factors[0]! + 0.05)).toBeGreaterThan(0.9 * most);
    expect(reason).toContain('is the largest');
    expect(() => segmenter.choose({ gflops: 1e-9 })).toThrow('the nearest, factor 0, has');
  });

  test('a Dice is met by the table, at least cost', async () => {
    using segmenter = await segmenterOf({ size: [8, 8], accuracyCost });
    expect(segmenter.choose({ dice: 0.75 }).at.factors).toEqual([0.1]);
    expect(segmenter.choose({ dice: 0.85 }).at.factors).toEqual([0.4]);
    expect(() => segmenter.choose({ dice: 0.95 })).toThrow(
      'the nearest, factor 0.4, has Dice 0.9, 0.05 too little',
    );
    expect(() => segmenter.choose({ dice: 0.8, factor: 0.2 })).toThrow('a factor or a budget, not both');
  });

  test('a width and a resolution are those of the plain network that is saved', async () => {
    using segmenter = await segmenterOf({ size: [8, 8], accuracyCost, knobs: ['width', 'resolution'] });
    const image = {
      values: Float32Array.from({ length: 64 }, (_, i) => Math.sin(i)),
      size: [8, 8],
      channels: 1,
    };
    const wanted = { factor: 0.4, width: 0.5, inputResolution: 0.75, probabilities: true };
    const whole = await segmenter.predict(image, { factor: 0.4, probabilities: true });
    const small = await segmenter.predict(image, wanted);
    expect(small.probabilities).not.toEqual(whole.probabilities);
    const chosen = segmenter.choose(wanted);
    expect(chosen.reason).toBe('Factor 0.4, as asked for, width 0.5, resolution 0.75.');
    const bytes = await saveModel(segmenter.plainAt(chosen));
    using plain = (await openModel(bytes)) as Segmenter;
    expect(plain.manifest.network).toMatchObject({ options: { features: 2 }, resolution: 0.75 });
    expect(plain.manifest.accuracyCost).toEqual([]);
    expect((await plain.predict(image, { probabilities: true })).probabilities).toEqual(small.probabilities);
    expect(() => plain.choose({ width: 0.5 })).toThrow('the model was trained at one width');
    expect(() => segmenter.choose({ width: 0.5, gflops: 1 })).toThrow('a width or a budget, not both');
    const tooLittle = () => segmenter.choose({ gflops: 1e-9 });
    expect(tooLittle).toThrow(BudgetError);
    expect(tooLittle).toThrow('full width and resolution alone: `sshn pareto` on its run adds smaller ones');
  });

  test('what it was not trained for is taken, and told; of the plain network it is what it was made for', async () => {
    const knobRanges = { width: [0.25, 1], resolution: [0.5, 1] } as const;
    using segmenter = await segmenterOf({ size: [8, 8], knobs: ['width', 'resolution'], knobRanges });
    const reasonOf = (choice: Parameters<typeof segmenter.choose>[0]) => segmenter.choose(choice).reason;
    expect(reasonOf({ width: 0.25, inputResolution: 0.5 })).not.toContain('Outside');
    expect(reasonOf({ width: 0.1 })).toBe(
      'Factor 0.5, the largest of training, width 0.1. Outside of training, which had widths 0.25 to 1: expect a worse answer.',
    );
    expect(reasonOf({ factor: 0.9, inputResolution: 0.1 })).toContain(
      'which had factors 0 to 0.5 and resolutions 0.5 to 1',
    );
    const image = { values: new Float32Array(64), size: [8, 8], channels: 1 };
    expect((await segmenter.predict(image, { width: 0.1 })).setting.reason).toContain('Outside of training');
    using plain = await openModel(await saveModel(segmenter.plainAt(segmenter.choose({ width: 0.5 }))));
    expect(plain.manifest.knobRanges).toBeUndefined();
    expect(plain.choose().reason).not.toContain('Outside');
    expect(plain.choose({ factor: 0.2 }).reason).toContain('which had factor 0.5:');
  });

  test('a budget chooses a width and a resolution, by a table that has them', async () => {
    const front = [
      { factor: 0.1, width: 0.5, resolution: 0.75, dice: 0.8, gflops: 0.001, milliseconds: 3 },
      { factor: 0.4, width: 0.5, dice: 0.85, gflops: 0.002, milliseconds: 4 },
      { factor: 0.5, dice: 0.9, gflops: 0.003, milliseconds: 5 },
    ];
    using segmenter = await segmenterOf({
      size: [8, 8],
      accuracyCost: front,
      knobs: ['width', 'resolution'],
    });
    const { at, dice } = segmenter.choose({ gflops: 0.0025 });
    expect({ at, dice }).toMatchObject({ at: { factors: [0.4], width: 0.5, resolution: 1 }, dice: 0.85 });
    expect(segmenter.choose({ dice: 0.7 }).at).toMatchObject({
      factors: [0.1],
      width: 0.5,
      resolution: 0.75,
    });
    // Times of the machine that wrote the table are not of this one.
    expect(() => segmenter.choose({ milliseconds: 10 })).toThrow('calibrate() measures them');
    const memory = segmenter.points.map(({ mebibytes }) => mebibytes!);
    expect(memory).toEqual(memory.toSorted((a, b) => a - b));
    expect(segmenter.choose({ mebibytes: (memory[0]! + memory[1]!) / 2 }).dice).toBe(0.8);
    expect(() => segmenter.choose({ mebibytes: memory[0]! / 2 })).toThrow(BudgetError);
    const points = await segmenter.calibrate({ repeats: 1 });
    expect(points.map(({ milliseconds, mebibytes, ...rest }) => rest)).toEqual(
      front.map(({ milliseconds, ...rest }) => rest),
    );
    expect(segmenter.choose({ milliseconds: 1e6 }).dice).toBe(0.9);
    using plain = (await openModel(await saveModel(segmenter.plainAt({ at })))) as Segmenter;
    expect(plain.choose()).toMatchObject({ at: { width: 1 }, dice: 0.85 });
    expect(plain.points).toMatchObject([{ factor: 0.4, dice: 0.85, mebibytes: memory[1] }]);
  });

  test('milliseconds need a calibration', async () => {
    using segmenter = await segmenterOf({ size: [8, 8] });
    expect(() => segmenter.choose({ milliseconds: 1e6 })).toThrow('calibrate() measures them');
    await segmenter.calibrate({ repeats: 1 });
    expect(segmenter.choose({ milliseconds: 1e6 }).at.factors).toEqual([0.5]);
  });
});

test('an image that the intensities of training make one value of is predicted with a note', async () => {
  const intensity = { kind: 'percentile', low: 1, high: 99 } as const;
  const note =
    'becomes one value everywhere: its intensities go from 0 to 30000, and the percentiles 1 and 99';
  const sparse = (length: number) => Float32Array.from({ length }, (_, i) => (i === 7 ? 30_000 : 0));
  {
    using model = await segmenterOf({ size: [16, 12], intensity });
    const image = { values: sparse(192), size: [16, 12], channels: 1 };
    expect((await model.predict(image)).notes.join()).toContain(`The image ${note}`);
    const varied = { ...image, values: image.values.map((_, i) => i) };
    expect((await model.predict(varied)).notes).toEqual([]);
  }
  using model = await segmenterOf({ size: [12, 16], intensity, volumes: { fit: 'resize', slices: 'axial' } });
  const scan = volumeOf(sparse(1920), [10, 12, 16]);
  const bytes = encodeNifti(scan);
  const { notes } = await model.predict(new File([bytes as Uint8Array<ArrayBuffer>], 'scan.nii.gz'));
  expect(notes.join()).toContain(`A slice ${note}`);
});

test('memory is flat over 1,000 predictions and ten settings, and all of it goes with the model', async () => {
  const before = memory().numTensors;
  const segmenter = await segmenterOf({ size: [8, 8] });
  const image = { values: new Float32Array(64), size: [8, 8], channels: 1 };
  const factors = Array.from({ length: 10 }, (_, i) => i / 20);
  for (const factor of factors) await segmenter.predict(image, { factor });
  const { numTensors, numDataBuffers, numBytes } = memory();
  for (let i = 0; i < 1000; i++) await segmenter.predict(image, { factor: factors[i % 10]! });
  expect(memory()).toMatchObject({ numTensors, numDataBuffers, numBytes });
  segmenter.dispose();
  expect(memory().numTensors).toBe(before);
});

test('an aborted prediction rejects with the reason and leaves nothing', async () => {
  using segmenter = await segmenterOf({ size: [8, 8] });
  await segmenter.predict(new Uint8Array(0)).catch(() => undefined);
  segmenter.weightsAt(segmenter.choose().at);
  const before = memory().numTensors;
  const image = { values: new Float32Array(900), size: [30, 30], channels: 1 };
  const controller = new AbortController();
  const predicting = segmenter.predict(image, {
    resolution: 'own',
    signal: controller.signal,
    onProgress: ({ done }) => done === 2 && controller.abort(new Error('enough')),
  });
  await expect(predicting).rejects.toThrow('enough');
  expect(memory().numTensors).toBe(before);
});

describe('on onnxruntime', () => {
  const runtime = onnxRuntime(ort, { intraOpNumThreads: 1 });
  test.each([
    [
      'a raster image',
      { size: [16, 12], channels: 3 },
      () => cells.load(cells.ids[0]!).then(({ image }) => image),
    ],
    ['a volume', { size: [8, 9, 10] }, async () => picture(volume([8, 9, 10]))],
    [
      'a volume in slices',
      { size: [9, 10], volumes: { fit: 'resize', slices: 'axial' } },
      async () => picture(volume([4, 9, 10])),
    ],
  ] as const)(
    '%s: the probabilities of tfjs, at several factors and with flips',
    async (_name, model, image) => {
      const bytes = await modelBytes(model);
      using ours = (await openModel(bytes)) as Segmenter;
      using native = (await openModel(bytes, { runtime })) as Segmenter;
      for (const options of [{ factor: 0 }, { factor: 0.3, flips: true }, { factor: 0.5 }]) {
        const wanted = await ours.predict(await image(), { ...options, probabilities: true });
        const got = await native.predict(await image(), { ...options, probabilities: true });
        const worst = Math.max(
          ...got.probabilities!.map((value, i) => Math.abs(value - wanted.probabilities![i]!)),
        );
        expect(worst).toBeLessThan(1e-4);
        expect(worst).toBeGreaterThan(0);
        expect(got.labels.shape).toEqual(wanted.labels.shape);
      }
    },
  );

  test('budgets in milliseconds are met by what it measures there', async () => {
    using native = (await openModel(await modelBytes({ size: [16, 12], channels: 3 }), {
      runtime,
    })) as Segmenter;
    const points = await native.calibrate({ repeats: 2 });
    expect(points.every(({ milliseconds }) => milliseconds! > 0)).toBe(true);
    expect(native.choose({ milliseconds: 1e6 }).at.factors).toHaveLength(1);
  });

  test('keeps no tensor', async () => {
    const bytes = await modelBytes({ size: [16, 12], channels: 3 });
    const { image } = await cells.load(cells.ids[0]!);
    await withoutLeak(async () => {
      using native = (await openModel(bytes, { runtime })) as Segmenter;
      // More settings than are kept.
      for (let i = 0; i < 10; i++) await native.predict(image, { factor: i / 20 });
    });
  });

  test('a runtime that fails to start says so', async () => {
    const failing = () => Promise.reject(new Error('no such device'));
    using broken = (await openModel(await modelBytes({ size: [16, 12], channels: 3 }), {
      runtime: failing,
    })) as Segmenter;
    const { image } = await cells.load(cells.ids[0]!);
    await expect(broken.predict(image)).rejects.toThrow('no such device');
  });
});

describe('how sure it is', () => {
  const line = { slope: 0.9, intercept: 0.08, error: 0.04 };
  const rung = { dice: 0.8, error: 0.03, labels: [line, { ...line, slope: 0.5 }] };
  const cascade = {
    images: 9,
    rungs: [
      { factor: 0.1, ...rung },
      { factor: 0.3, ...rung, dice: 0.85, flipped: [1] },
      { factor: 0.5, ...rung, dice: 0.9 },
    ],
  };

  /** Rows of 12 pixels from right to left. */
  const mirrored = (values: Float32Array, channels: number) => {
    const result = new Float32Array(values.length);
    const row = 12 * channels;
    for (let i = 0; i < values.length; i++) {
      const [begin, x, channel] = [i - (i % row), Math.floor((i % row) / channels), i % channels];
      result[begin + (11 - x) * channels + channel] = values[i]!;
    }
    return result;
  };

  test.each(['last', 'mean'] as const)(
    'the answer is that of the last setting, or of the mean, judged by the mean of all, as by hand: %s',
    async (answer) => {
      const said = { ...cascade, ...(answer === 'mean' ? { answer } : {}) };
      using model = await segmenterOf({ size: [16, 12], channels: 3, cascade: said });
      const { image } = await cells.load(cells.ids[0]!);
      const got = await model.predict(image, { uncertainty: true, probabilities: true });
      const each: Segmentation[] = [];
      for (const { factor } of cascade.rungs)
        each.push(await model.predict(image, { factor, probabilities: true }));
      // The second sees the image from the other side.
      const other = await model.predict(
        { ...image, values: mirrored(image.values, 3) },
        { factor: 0.3, probabilities: true },
      );
      expect(other.probabilities).not.toEqual(each[1]!.probabilities);
      each[1] = { ...other, probabilities: mirrored(other.probabilities!, 3) };
      const mean = got.probabilities!.map(
        (_, i) => each.reduce((sum, { probabilities }) => sum + probabilities![i]!, 0) / 3,
      );
      if (answer === 'last') {
        expect([...got.labels.data]).toEqual([...each[2]!.labels.data]);
        expect(got.probabilities).toEqual(each[2]!.probabilities);
      } else {
        expect([...got.labels.data]).toEqual([...mostProbable(mean, 3)]);
        expect(Math.max(...got.probabilities!.map((p, i) => Math.abs(p - mean[i]!)))).toBeLessThan(1e-6);
        expect(got.probabilities).not.toEqual(each[2]!.probabilities);
      }
      const { data } = got.labels;
      for (const [i, label] of data.entries())
        expect(got.uncertainty!.data[i]).toBeCloseTo(1 - mean[3 * i + label]!, 5);
      const wanted = [1, 2].map((label) => {
        const [own, mass] = [
          data.filter((one) => one === label).length,
          mean.filter((_, i) => i % 3 === label),
        ];
        const shared = mass.reduce((sum, p, i) => sum + (data[i] === label ? p : 0), 0);
        return (2 * shared) / (own + mass.reduce((sum, p) => sum + p, 0));
      });
      const dices = [0.08 + 0.9 * wanted[0]!, 0.08 + 0.5 * wanted[1]!];
      expect(got.predictedDice!.labels.map((one) => one!.dice)).toEqual(
        dices.map((dice) => expect.closeTo(dice, 5)),
      );
      expect(got.predictedDice!.mean).toBeCloseTo((dices[0]! + dices[1]!) / 2, 5);
      expect(got.setting).toMatchObject({ at: { factors: [0.5] }, dice: got.predictedDice!.mean });
      expect(got.spent).toMatchObject({ settings: 3, of: 3 });
      const costs = cascade.rungs.map(({ factor }) => model.gflopsAt(factor));
      expect(got.spent!.gflops).toBeCloseTo(costs[0]! + costs[1]! + costs[2]!, 9);
      expect(got.spent!.milliseconds).toBeGreaterThan(0);
    },
  );

  test('a cascade ends where the Dice asked for is predicted, or the budget does', async () => {
    using model = await segmenterOf({ size: [16, 12], channels: 3, cascade });
    const { image } = await cells.load(cells.ids[1]!);
    const progress: number[] = [];
    const first = await model.predict(image, {
      cascade: true,
      dice: 0,
      onProgress: ({ done, total }) => progress.push(done / total),
    });
    expect(first.spent).toMatchObject({ settings: 1, answered: [1, 0, 0] });
    expect(progress).toEqual([1]);
    expect(first.uncertainty).toBeUndefined();
    expect([...first.labels.data]).toEqual([...(await model.predict(image, { factor: 0.1 })).labels.data]);
    const last = await model.predict(image, { cascade: true, dice: 1 });
    expect(last.spent!.settings).toBe(3);
    expect(last.setting.reason).toContain('1 was asked for, and no setting is more accurate');
    const [, second] = model.rungs;
    const budget = { cascade: true, dice: 1, gflops: second!.gflops! + 1e-9 };
    const within = await model.predict(image, budget);
    expect(within.spent!.settings).toBe(2);
    expect(within.setting.reason).toContain('the budget allows no more');
    expect(model.choose(budget)).toMatchObject({ at: { factors: [0.3] }, dice: 0.85 });
    await expect(model.predict(image, { ...budget, gflops: 1e-9 })).rejects.toThrow(BudgetError);
    await model.calibrate({ repeats: 1, settings: cascade.rungs.map(({ factor }) => factor) });
    expect(model.choose({ cascade: true, dice: 1, milliseconds: 1e6 }).at.factors).toEqual([0.5]);
  });

  test('Dice with a limit of cost goes through the cascade, unless that is told not to', async () => {
    const accuracyCost = [0.1, 0.3, 0.5].map((factor, i) => ({
      ...{ factor, dice: 0.8 + 0.05 * i, gflops: 0.001 * (i + 1), milliseconds: null },
    }));
    using model = await segmenterOf({ size: [16, 12], channels: 3, cascade, accuracyCost });
    const { image } = await cells.load(cells.ids[1]!);
    const budget = { dice: 0.85, gflops: 1 };
    const got = await model.predict(image, budget);
    const wanted = await model.predict(image, { ...budget, cascade: true });
    expect(got.spent!.answered).toEqual(wanted.spent!.answered);
    expect([...got.labels.data]).toEqual([...wanted.labels.data]);
    // Milliseconds, once they are measured.
    await expect(model.predict(image, { dice: 0.85, milliseconds: 1e6 })).rejects.toThrow('calibrate()');
    await model.calibrate({ repeats: 1 });
    const timed = await model.predict(image, { dice: 0, milliseconds: 1e6 });
    expect(timed.spent!.answered).toEqual([1, 0, 0]);
    // One setting for all images, and that is what `choose` tells.
    const single = await model.predict(image, { ...budget, cascade: false });
    expect(single.spent).toBeUndefined();
    expect(single.setting).toEqual(model.choose(budget));
    expect(single.setting).toMatchObject({ at: { factors: [0.5] }, dice: 0.9 });
    for (const options of [{ dice: 0.85 }, { gflops: 1 }, { ...budget, flips: true }])
      expect((await model.predict(image, options)).spent).toBeUndefined();
    await expect(model.predict(image, { dice: 0.95, gflops: 0.0005 })).rejects.toThrow(BudgetError);
  });

  test.each<[string, Case, () => Promise<Parameters<Segmenter['predict']>[0]>]>([
    [
      'of another size',
      { size: [16, 12], channels: 3 },
      async () => {
        const others = generatePhantoms({ kind: 'cells', count: 1, size: [41, 33], seed: 4 });
        return (await others.load(others.ids[0]!)).image;
      },
    ],
    [
      'in tiles, turned',
      { size: [6, 6, 6], volumes: { fit: 'pad' } },
      async () => picture(reorient(volume([9, 7, 8]), 'LPI')),
    ],
  ])('%s: a map on the grid of the labels', async (_, model, image) => {
    using segmenter = await segmenterOf({ ...model, cascade });
    const source = await image();
    const got = await segmenter.predict(source, { uncertainty: true });
    const plain = await segmenter.predict(source, { factor: 0.5, probabilities: true });
    expect([...got.labels.data]).toEqual([...plain.labels.data]);
    const { data, ...grid } = got.uncertainty!;
    const { data: __, ...wanted } = got.labels;
    expect(grid).toEqual(wanted);
    expect(data).toHaveLength(got.labels.data.length);
    expect(Math.min(...data)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...data)).toBeLessThanOrEqual(1);
    expect(new Set(data).size).toBeGreaterThan(10);
    // It lies where the image does: near what one setting by itself is unsure of.
    const own = [...plain.labels.data].map((label, i) => 1 - plain.probabilities![3 * i + label]!);
    const off = own.reduce((sum, value, i) => sum + Math.abs(value - data[i]!), 0) / own.length;
    const turned =
      own.toReversed().reduce((sum, value, i) => sum + Math.abs(value - data[i]!), 0) / own.length;
    expect(off).toBeLessThan(turned);
  });

  test('each slice of a volume goes as far as it needs by itself', async () => {
    const rungs = cascade.rungs.map(({ factor, dice }) => ({ ...rung, factor, dice }));
    using model = await segmenterOf({
      size: [9, 10],
      volumes: { fit: 'resize', slices: 'axial' },
      cascade: { images: 9, rungs },
    });
    const scan = picture(volume([7, 9, 10]));
    const each: Segmentation[] = [];
    for (const { factor } of rungs) each.push(await model.predict(scan, { factor, probabilities: true }));
    const pixels = 90;
    const sliceAt = <T extends Uint8Array | Float32Array>(values: T, slice: number, count = 1) =>
      values.subarray(slice * pixels * count, (slice + 1) * pixels * count);
    /** By hand: of each slice the Dice that each rung predicts, by label and in the mean. */
    const told = Array.from({ length: 7 }, (_, slice) =>
      rungs.map((one, r) => {
        const maps = each.slice(0, r + 1).map(({ probabilities }) => sliceAt(probabilities!, slice, 3));
        const mean = maps[0]!.map((__, i) => maps.reduce((sum, map) => sum + map[i]!, 0) / maps.length);
        const { dice } = agreement(sliceAt(each[r]!.labels.data as Uint8Array, slice), mean, 3);
        return predictDice(one, dice);
      }),
    );
    const predicted = told.map((rung) => rung.map(({ mean }) => mean ?? Number.NaN));
    const sorted = predicted.map(([first]) => first!).sort((a, b) => a - b);
    const asked = (sorted[2]! + sorted[3]!) / 2;
    const stops = predicted.map((dices) => {
      const stop = dices.findIndex((dice) => dice >= asked);
      return stop === -1 ? 2 : stop;
    });
    expect(new Set(stops).size).toBeGreaterThan(1);
    const progress: number[] = [];
    const got = await model.predict(scan, {
      cascade: true,
      uncertainty: true,
      dice: asked,
      onProgress: ({ done, total }) => progress.push(done / total),
    });
    for (const [slice, stop] of stops.entries())
      expect([...sliceAt(got.labels.data as Uint8Array, slice)]).toEqual([
        ...sliceAt(each[stop]!.labels.data as Uint8Array, slice),
      ]);
    const answered = rungs.map((_, r) => stops.filter((stop) => stop === r).length);
    expect(got.spent).toMatchObject({ settings: Math.max(...stops) + 1, of: 3, answered });
    const costs = rungs.map(({ factor }) => model.gflopsAt(factor));
    const gflops = stops.reduce(
      (sum, stop) => sum + costs.slice(0, stop + 1).reduce((all, cost) => all + cost, 0),
      0,
    );
    expect(got.spent!.gflops).toBeCloseTo(gflops, 9);
    expect(got.notes.join()).toContain(`Of 7 slices ${answered[0]} with setting 1, `);
    expect(progress).toEqual(progress.toSorted((a, b) => a - b));
    expect(progress.at(-1)).toBe(1);
    // Of each label it is a weighted mean over the slices, and the mean is that over the labels.
    const ofLabels = got.predictedDice!.labels.flatMap((one, label) => {
      const ends = stops.flatMap((stop, slice) => told[slice]![stop]!.labels[label]?.dice ?? []);
      expect(one === null).toBe(ends.length === 0);
      if (one === null) return [];
      expect(one.dice).toBeGreaterThanOrEqual(Math.min(...ends) - 1e-6);
      expect(one.dice).toBeLessThanOrEqual(Math.max(...ends) + 1e-6);
      return [one.dice];
    });
    const sum = ofLabels.reduce((total, dice) => total + dice, 0);
    expect(got.predictedDice!.mean).toBeCloseTo(sum / ofLabels.length, 6);
    // The uncertainty of a slice is that of the rungs that it went through.
    const [slice, stop] = [stops.indexOf(0), 0];
    const own = sliceAt(each[stop]!.probabilities!, slice, 3);
    const map = sliceAt(got.uncertainty!.data, slice);
    for (const [i, label] of sliceAt(got.labels.data as Uint8Array, slice).entries())
      expect(map[i]).toBeCloseTo(1 - own[3 * i + label]!, 5);
  });

  test('each tile goes as far as it would as an image of its own', async () => {
    using model = await segmenterOf({
      size: [16, 12],
      channels: 3,
      intensity: { kind: 'none' },
      cascade,
    });
    const others = generatePhantoms({ kind: 'cells', count: 1, size: [26, 20], seed: 4 });
    const { image } = await others.load(others.ids[0]!);
    const [size, tile] = [
      [26, 20, 1],
      [16, 12, 1],
    ] as const;
    const { starts } = tilingOf(size, tile);
    const tiles = starts[0].flatMap((a) => starts[1].map((b) => [a, b, 0] as const));
    const alone = async (begin: (typeof tiles)[number], options: Parameters<Segmenter['predict']>[1]) => {
      const values = cutTile(image.values, { size, channels: 3, begin, tile });
      return await model.predict({ values, size: [16, 12], channels: 3 }, options);
    };
    const sure: number[] = [];
    for (const begin of tiles)
      sure.push(
        (await alone(begin, { uncertainty: true, gflops: model.rungs[0]!.gflops! })).predictedDice!.mean!,
      );
    const asked = sure.toSorted((a, b) => a - b)[Math.floor(sure.length / 2)]!;
    const options = { cascade: true, dice: asked, probabilities: true };
    const wanted: Segmentation[] = [];
    for (const begin of tiles) wanted.push(await alone(begin, options));
    const got = await model.predict(image, { ...options, resolution: 'own' });
    const answered = [0, 1, 2].map((r) => wanted.filter(({ spent }) => spent!.settings === r + 1).length);
    expect(answered[0]).toBeGreaterThan(0);
    expect(answered[0]).toBeLessThan(tiles.length);
    expect(got.spent!.answered).toEqual(answered);
    expect(got.spent!.gflops).toBeCloseTo(
      wanted.reduce((sum, { spent }) => sum + spent!.gflops, 0),
      9,
    );
    expect(got.notes.join()).toContain(`Of ${tiles.length} tiles ${answered[0]} with setting 1`);
    // Corners are of one tile alone.
    expect([...got.probabilities!.subarray(0, 3)]).toEqual(
      [...wanted[0]!.probabilities!.subarray(0, 3)].map((p) => expect.closeTo(p, 5)),
    );
    expect([...got.probabilities!.subarray(-3)]).toEqual(
      [...wanted.at(-1)!.probabilities!.subarray(-3)].map((p) => expect.closeTo(p, 5)),
    );
  });

  test('what does not go together is refused, and nothing is left behind', async () => {
    using model = await segmenterOf({ size: [16, 12], channels: 3, cascade });
    using plain = await segmenterOf({ size: [16, 12], channels: 3 });
    const { image } = await cells.load(cells.ids[0]!);
    await expect(model.predict(image, { uncertainty: true, flips: true })).rejects.toThrow('no flips with');
    await expect(model.predict(image, { uncertainty: true, factor: 0.2 })).rejects.toThrow('predict: factor');
    await expect(plain.predict(image, { uncertainty: true })).rejects.toThrow('Run `sshn pareto` on its run');
    expect(() => plain.choose({ cascade: true, dice: 0.9 })).toThrow('Run `sshn pareto` on its run');
    expect(model.plainAt(model.choose({ factor: 0.5 })).manifest).not.toHaveProperty('cascade');
    const bytes = await modelBytes({ size: [16, 12], channels: 3, cascade });
    await withoutLeak(async () => {
      using again = (await openModel(bytes)) as Segmenter;
      await again.predict(image, { uncertainty: true, cascade: true, dice: 0.9 });
    });
  });
});
