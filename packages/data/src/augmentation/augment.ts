import { type Rng, ValueError } from '@sshn/core';
import type { Example } from '../dataset/types.js';
import type { PairExample } from '../pairs/pair-dataset.js';
import { type AugmentConfig, axisNames, checkAugmentConfig } from './config.js';
import { displacements } from './elastic.js';
import { addNoise, applyGamma } from './intensity.js';
import { drawLinearMap } from './linear-map.js';
import { warp } from './warp.js';

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
