import { initialize, Rng } from '@sshn/core';
import { networkOf, saveModel } from '@sshn/model';
import { affineMatrix } from '@sshn/registration';
import { useBackend } from '@sshn-internal/testing';
import { beforeAll, describe, expect, test } from 'vitest';
import { openModel } from './open-model.js';
import { pictureOf } from './picture.js';
import { Registrar } from './registrar.js';

const manifest = {
  task: 'registration',
  network: {
    architecture: 'unet',
    options: { rank: 2, inChannels: 2, outChannels: 4, features: 4, stages: 2 },
    flow: { resolution: 'full', integrationSteps: 0 },
  },
  method: { kind: 'stochastic' },
  prior: { kind: 'uniform', low: 0, high: 0.5 },
  preprocessing: { size: [36, 40], channels: 1, intensity: { kind: 'minMax' } },
  labels: [{ name: 'background' }, { name: 'object' }],
  accuracyCost: [],
  provenance: {
    versions: {},
    seed: 0,
    dataset: 'none',
    date: '2026-01-01T00:00:00.000Z',
    configHash: '0',
  },
} as const;

const pose = affineMatrix(2, { rotationRad: [0.25], translation: [3, -4], center: [17, 20] });

function image([height, width]: readonly [number, number], isMoved: boolean) {
  const disk = (y: number, x: number, a: number, b: number, radius: number) =>
    1 / (1 + Math.exp(2 * (Math.hypot(y - a, x - b) - radius)));
  const values = Float32Array.from({ length: height * width }, (_, i) => {
    const [v, u] = [Math.floor(i / width), i % width];
    const [y, x] = isMoved ? pose.map((row) => row[0]! * v + row[1]! * u + row[2]!) : [v, u];
    return disk(y!, x!, 17, 18, 9) + disk(y!, x!, 22, 26, 4) - 0.7 * disk(y!, x!, 12, 15, 3);
  });
  return pictureOf({ values, size: [height, width], channels: 1 }, isMoved ? 'moved' : 'still');
}

async function open(): Promise<Registrar> {
  const { specs } = networkOf(manifest);
  const bytes = await saveModel({ specs, params: initialize(specs, Rng.fromSeed(1)), manifest });
  const model = await openModel(bytes);
  expect(model).toBeInstanceOf(Registrar);
  return model as Registrar;
}

beforeAll(() => useBackend('cpu'));

describe('Registrar.register', () => {
  test('with affine: one field for alignment and network, on the grid of the fixed picture', async () => {
    using registrar = await open();
    const [moving, fixed] = [image([44, 42], false), image([36, 40], true)];
    await expect(registrar.register(moving, fixed)).rejects.toThrow('44×42');
    const { field, coverage, alignment, figures } = await registrar.register(moving, fixed, {
      affine: { kind: 'rigid' },
    });
    expect(alignment!.lossAfter).toBeLessThan(alignment!.lossBefore / 4);
    expect(coverage).toBeGreaterThan(0.8);
    expect(field.grid.shape).toEqual([1, 36, 40]);
    const [x, y] = field.displacementMm;
    // A network that has learned nothing leaves everything where it is.
    for (const [v, u] of [
      [10, 12],
      [18, 20],
      [25, 27],
    ] as const) {
      const truth = pose.map((row) => row[0]! * v + row[1]! * u + row[2]!);
      expect(Math.abs(v + y[v * 40 + u]! - truth[0]!)).toBeLessThan(0.7);
      expect(Math.abs(u + x[v * 40 + u]! - truth[1]!)).toBeLessThan(0.7);
    }
    expect(figures.longestMm).toBeGreaterThan(3);
  });
});
