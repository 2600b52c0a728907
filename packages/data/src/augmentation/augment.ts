import { type Rng, ValueError } from '@sshn/core';
import type { Example } from '../dataset/types.js';
import type { PairExample } from '../pairs/pairs.js';
import { type AugmentConfig, axisNames, checkAugmentConfig } from './config.js';
import { displacements } from './elastic.js';
import { addNoise, applyGamma, logUniform } from './intensities.js';
import { type LinearMap, warp } from './warp.js';

/**
 * A function for `batches({ transform })` that changes image and labels together, at random.
 *
 * Flips, rotation, scale and elastic displacements are composed to one resampling: the image linearly, the labels by
 * the nearest pixel, so they stay labels and stay aligned; beyond the border the image is reflected. Gamma and noise
 * then change the image alone. Works in 2D and 3D; rotation is in the plane of height and width.
 *
 * Each change draws from a generator of its own, split off by its name: turning one on leaves the others as they were.
 *
 * @throws {OptionError} or {ValueError} if the configuration makes no sense; later {ValueError} if 'depth' is to be
 *   flipped and an image has none.
 * @example
 * const transform = augment({ flip: ['width'], rotationDegrees: 15, noise: 0.02 });
 * for await (const batch of batches(dataset, ids, { batchSize: 4, order: rng, transform })) { … }
 */
export function augment(config: AugmentConfig): (example: Example, rng: Rng) => Example {
  checkAugmentConfig(config);
  const { gamma = 0, noise = 0, elastic } = config;
  return (example, rng) => {
    const { size } = example.image;
    checkAxes(config, size, example.id);
    const map = drawLinearMap(config, size.length, rng);
    const bend =
      elastic !== undefined && elastic.strength > 0
        ? displacements(size, elastic, rng.split('elastic'))
        : undefined;
    const isStill = map === undefined && bend === undefined;
    const { image, labels } = isStill ? example : warp(example.image, example.labels, map, bend);
    let { values } = image;
    if (gamma > 0) values = applyGamma(values, gamma, rng.split('gamma'));
    if (noise > 0) values = addNoise(values, noise, rng.split('noise'));
    const augmented = { id: example.id, image: { ...image, values }, labels };
    if (!('movingLabels' in example)) return augmented;
    // A pair: both images are channels of one, and have to move alike.
    const { movingLabels } = example as PairExample;
    const moved = isStill ? movingLabels : warp(example.image, movingLabels, map, bend).labels;
    return { ...augmented, movingLabels: moved };
  };
}

function checkAxes({ flip = [] }: AugmentConfig, size: readonly number[], id: string): void {
  if (size.length < 3 && flip.includes('depth')) {
    throw new ValueError({
      where: `augment: flip of '${id}'`,
      got: 'depth',
      expected: `axes that the image has, ${axisNames.slice(-size.length).join(' and ')}`,
    });
  }
}

/**
 * Draws flips F, a rotation R by an angle and a magnification m: place = F · R⁻¹ · pixel / m.
 *
 * @param rank 2 or 3.
 * @returns Undefined if nothing moves.
 */
export function drawLinearMap(
  { flip = [], rotationDegrees = 0, scale = 0 }: AugmentConfig,
  rank: number,
  rng: Rng,
): LinearMap | undefined {
  const limit = (rotationDegrees * Math.PI) / 180;
  const angle = limit === 0 ? 0 : rng.split('rotation').uniform(-limit, limit);
  const zoom = scale === 0 ? 1 : logUniform(rng.split('scale'), 1 + scale);
  const signs = axisNames.slice(-rank).map((axis) => {
    const isFlipped = flip.includes(axis) && rng.split(`flip ${axis}`).uniform() < 0.5;
    return isFlipped ? -1 : 1;
  });
  if (angle === 0 && zoom === 1 && signs.every((sign) => sign === 1)) return undefined;
  const [cos, sin] = [Math.cos(angle) / zoom, Math.sin(angle) / zoom];
  const turn = [
    [cos, -sin],
    [sin, cos],
  ];
  const rows = rank === 2 ? turn : [[1 / zoom, 0, 0], ...turn.map((row) => [0, ...row])];
  return rows.map((row, axis) => row.map((value) => value * signs[axis]!));
}
