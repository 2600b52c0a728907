import { Rng } from '@sshn/core';
import { generatePhantoms } from '@sshn/data';
import { integrateVelocity, rescaleField, warp, warpLabels } from '@sshn/registration';
import { tensor, tidy } from '@tensorflow/tfjs-core';
import type { RegistrationPair } from './pair.js';

const pairSize = [64, 64] as const;

/** Control points of the bend along an edge, and how far a step of integration moves them, in pixels. */
const bend = { points: 5, strength: 4 };

/** A generated image of blobs and the same, warped by a random smooth map that does not fold. */
export async function generatePair(number: number): Promise<RegistrationPair> {
  const dataset = generatePhantoms({ kind: 'blobs', count: 100, size: [...pairSize], seed: 5 });
  const { image, labels } = await dataset.load(dataset.ids[number % dataset.ids.length]!);
  const rng = Rng.fromSeed(5).split('bend').split(number);
  const { points, strength } = bend;
  const pair = tidy(() => {
    const control = Float32Array.from({ length: points * points * 2 }, () =>
      rng.uniform(-strength, strength),
    );
    // Displacements of the coarse grid, in its own pixels; rescaled, they are in those of the image.
    const coarse = tensor(
      control.map((value) => (value * points) / pairSize[0]),
      [1, points, points, 2],
    );
    const field = integrateVelocity(rescaleField(coarse, [...pairSize]));
    const moving = tensor(image.values, [1, ...pairSize, 1]);
    const movingLabels = tensor(Int32Array.from(labels.values), [1, ...pairSize], 'int32');
    const fixed = warp(moving, field);
    return { moving, fixed, labels: { moving: movingLabels, fixed: warpLabels(movingLabels, field) } };
  });
  return { ...pair, whole: pair.moving, note: '' };
}
