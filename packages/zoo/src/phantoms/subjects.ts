import type { Rng } from '@sshn/core';
import type { Image, LabelMap } from '@sshn/data';
import { integrateVelocity, rescaleField, warp, warpLabels } from '@sshn/registration';
import { type Tensor, tensor, tidy } from '@tensorflow/tfjs-core';

/** What the labels of a subject mean. */
export const subjectLabels = ['background', 'cortex', 'white matter', 'ventricles', 'putamina'] as const;

/** How bright each label is. */
const intensities = [0, 0.5, 0.9, 0.1, 0.65];

/** Ellipses that cover one another: label, center and half axes, in shares of the edge. */
const ellipses = [
  { label: 1, y: 0.5, x: 0.5, height: 0.4, width: 0.34 },
  { label: 2, y: 0.5, x: 0.5, height: 0.33, width: 0.27 },
  { label: 3, y: 0.42, x: 0.45, height: 0.12, width: 0.03 },
  { label: 3, y: 0.42, x: 0.55, height: 0.12, width: 0.03 },
  { label: 4, y: 0.55, x: 0.36, height: 0.09, width: 0.04 },
  { label: 4, y: 0.55, x: 0.64, height: 0.09, width: 0.04 },
];

/** Control points of the deformation along an edge, and the standard deviation of its velocity as a share of their distance. */
const bend = { points: 5, strength: 0.22 };

/** How bright a subject's image is as a whole, and its noise. */
const looks = { least: 0.85, most: 1.05, noise: 0.02 };

/**
 * A subject of one anatomy, deformed in its own way by a smooth map without folds, with brightness and noise of its own; values
 * within [0, 1]. Needs a backend of tfjs.
 *
 * @param edge Of the square image, in pixels.
 */
export function subject(rng: Rng, edge: number): { readonly image: Image; readonly labels: LabelMap } {
  const size = [edge, edge];
  const { least, most, noise } = looks;
  return tidy(() => {
    const field = randomDeformation(edge, rng);
    const still = anatomy(edge);
    const labels = warpLabels(tensor(still, [1, ...size], 'int32'), field).dataSync();
    const bright = Float32Array.from(still, (label) => intensities[label]!);
    const values = warp(tensor(bright, [1, ...size, 1]), field).dataSync<'float32'>();
    const brightness = rng.uniform(least, most);
    const noisy = Float32Array.from(values, (value) =>
      Math.min(1, Math.max(0, brightness * value + noise * rng.normal())),
    );
    return {
      image: { values: noisy, size, channels: 1 },
      labels: { values: Uint8Array.from(labels), size },
    };
  });
}

/** The label of each pixel of the undeformed anatomy. */
function anatomy(edge: number): Uint8Array {
  return Uint8Array.from({ length: edge * edge }, (_, i) => {
    const [y, x] = [(Math.floor(i / edge) + 0.5) / edge, ((i % edge) + 0.5) / edge];
    const covering = ellipses.filter(
      (ellipse) => ((y - ellipse.y) / ellipse.height) ** 2 + ((x - ellipse.x) / ellipse.width) ** 2 < 1,
    );
    return covering.at(-1)?.label ?? 0;
  });
}

/** Random velocities on a coarse grid, interpolated and integrated: `[1, edge, edge, 2]`. */
function randomDeformation(edge: number, rng: Rng): Tensor {
  const { points, strength } = bend;
  const velocity = Float32Array.from({ length: points * points * 2 }, () => strength * rng.normal());
  return integrateVelocity(rescaleField(tensor(velocity, [1, points, points, 2]), [edge, edge]));
}
