import { useFastWasm } from '@sshn/backend-wasm';
import { FileError } from '@sshn/core';
import { loadModel } from '@sshn/model';
import { registerGradients } from '@sshn/ops';
import { dispose, type Tensor } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import type { TrainingProgress } from '../../examples/demo/src/worker/protocol.js';
import { trainingRun } from '../../examples/demo/src/worker/training-run.js';
import { type DroppedFile, discFolder } from './files.js';

beforeAll(async () => {
  await useFastWasm({ threads: 1 });
  registerGradients();
});

test('half of the preset steps segment held-out images well, at every φ that is not tiny', async () => {
  const seen: TrainingProgress[] = [];
  const bytes = await trainingRun(
    { images: { kind: 'cells' }, steps: 750, features: 8 },
    { report: (progress) => seen.push(progress), signal: new AbortController().signal },
  );
  const curves = seen.flatMap(({ curve }) => (curve === undefined ? [] : [curve]));
  for (const { factor, dice } of curves.at(-1)!)
    if (factor !== 0) expect(dice, `φ ${factor}`).toBeGreaterThan(0.7);
  expect(curves.at(-1)!.at(-1)!.dice!).toBeGreaterThan(curves[0]!.at(-1)!.dice! + 0.2);
  expect(seen.at(-1)!.loss).toBeLessThan(seen[0]!.loss / 2);
  const { manifest, params } = loadModel(bytes, 'trained');
  expect(manifest.accuracyCost.map(({ dice }) => dice)).toEqual(curves.at(-1)!.map(({ dice }) => dice));
  dispose([...params.values()] as Tensor[]);
}, 240_000);

describe('a folder of one’s own', () => {
  const request = (files: readonly DroppedFile[]) => ({
    images: {
      folder: {
        name: 'mine',
        files: files.map(({ name, bytes }) => ({ name, bytes: Uint8Array.from(bytes) })),
      },
      edge: 16,
    },
    steps: 3,
    features: 2,
  });
  const context = (seen: TrainingProgress[] = []) => ({
    report: (progress: TrainingProgress) => void seen.push(progress),
    signal: new AbortController().signal,
  });

  test('is trained on; the model says what it was trained on, and what was left out', async () => {
    const seen: TrainingProgress[] = [];
    const files = [...discFolder(8), { name: 'images/alone.png', bytes: discFolder(1)[0]!.bytes }];
    const bytes = await trainingRun(request(files), context(seen));
    expect(seen).toHaveLength(3);
    expect(seen[0]!.note).toMatch(/^\d images to train on, \d held out for the curve.*alone\.png/);
    const { manifest, params } = loadModel(bytes, 'trained');
    expect(manifest.provenance.dataset).toBe('mine');
    expect(manifest.labels).toHaveLength(2);
    expect(manifest.preprocessing).toMatchObject({
      size: [16, 16],
      channels: 1,
      intensity: { kind: 'none' },
    });
    dispose([...params.values()] as Tensor[]);
  });

  test.each([
    ['no labels', [discFolder(1)[0]!]],
    ['nothing that is looked for', [{ name: 'photo.png', bytes: discFolder(1)[0]!.bytes }]],
    ['volumes', [{ name: 'images/a.nii.gz', bytes: new Uint8Array(9) }]],
    [
      'files that are none',
      [
        { name: 'images/a.png', bytes: new Uint8Array(9) },
        { name: 'labels/a.png', bytes: new Uint8Array(9) },
      ],
    ],
  ])('with %s is refused, with what was expected', async (_, files) => {
    const refused = trainingRun(request(files), context());
    await expect(refused).rejects.toThrow(FileError);
    await expect(refused).rejects.toThrow(
      /images\/ and labels\/ \(or masks\/\) that hold the same file names/,
    );
  });
});
