import { Rng } from '@sshn/core';
import { backends, useBackend, withoutLeak } from '@sshn-internal/testing';
import { dispose, oneHot, tensor, tidy } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { asFloat } from '../input/labels.js';
import { likeliest, signedDistances, signedDistancesOnDevice } from './signed-distances.js';

const grids: ReadonlyArray<{ readonly size: readonly number[]; readonly spacingMm?: readonly number[] }> = [
  { size: [1] },
  { size: [9] },
  { size: [5, 4], spacingMm: [0.5, 2] },
  { size: [1, 6, 1] },
  { size: [4, 3, 5], spacingMm: [3, 1, 0.7] },
  // More entries than are made at once.
  { size: [60, 70] },
];

describe.each(backends)('on %s', (backend) => {
  beforeAll(() => useBackend(backend));

  test.each(grids)('$size, $spacingMm: the maps that are made on the CPU', async ({ size, spacingMm }) => {
    const rng = Rng.fromSeed(3);
    const voxels = size.reduce((product, n) => product * n, 1);
    // Two samples; label 3 is nowhere, in the second one label 0 everywhere.
    const samples = [
      Int32Array.from({ length: voxels }, () => Math.floor(3 * rng.uniform() ** 3)),
      new Int32Array(voxels),
    ];
    const wanted = samples.map((labels) =>
      signedDistances(labels, { shape: size, ...(spacingMm === undefined ? {} : { spacingMm }), labels: 4 }),
    );
    const inside = tidy(() =>
      asFloat(
        oneHot(
          tensor(
            samples.flatMap((labels) => [...labels]),
            [2, ...size],
            'int32',
          ),
          4,
        ),
      ),
    );
    const maps = tidy(() => signedDistancesOnDevice(inside, spacingMm));
    expect(maps.shape).toEqual([2, ...size, 4]);
    const got = maps.dataSync();
    const off = wanted.flatMap((values, sample) =>
      Array.from(values, (value, i) => Math.abs(value - got[sample * voxels * 4 + i]!)),
    );
    expect(off.reduce((worst, value) => Math.max(worst, value), 0)).toBeLessThan(1e-4);
    await withoutLeak(() => tidy(() => signedDistancesOnDevice(inside, spacingMm)).dispose());
    dispose([inside, maps]);
  });

  test('the likeliest label of soft ones, none where a pixel is ignored', () => {
    const truth = tensor([0.2, 0.5, 0.3, 0.6, 0.4, 0, 0, 0, 0], [1, 3, 3]);
    const mask = tensor([1, 0.5, 0], [1, 3, 1]);
    expect([...likeliest(truth, mask).dataSync()]).toEqual([0, 1, 0, 1, 0, 0, 0, 0, 0]);
    expect([...likeliest(truth, undefined).dataSync()]).toEqual([0, 1, 0, 1, 0, 0, 1, 0, 0]);
  });
});
