import { Rng } from '@sshn/core';
import { type Dataset, datasetOf, type Example } from '@sshn/data';
import { integrateVelocity, rescaleField, warp, warpLabels } from '@sshn/registration';
import { type Tensor, tensor, tidy } from '@tensorflow/tfjs-core';

const labelNames = ['background', 'cortex', 'white matter', 'ventricles', 'putamina'];
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

/**
 * Subjects of one anatomy, each deformed in its own way and with noise of its own, with label maps. `train.ts` and
 * `align.ts` open the same ones; put `openFolder` of `@sshn/data/node` here to take yours.
 */
export function openSubjects(count: number, edge: number): Dataset {
  const rng = Rng.fromSeed(1);
  const subjects = Array.from({ length: count }, (_, i) => subject(`subject-${i}`, edge, rng.split(i)));
  return datasetOf(subjects, { name: 'generated subjects', labelNames });
}

function subject(id: string, edge: number, rng: Rng): Example {
  const size = [edge, edge];
  return tidy(() => {
    const field = randomDeformation(edge, rng);
    const labels = warpLabels(tensor(anatomy(edge), [1, ...size], 'int32'), field).dataSync();
    const bright = Float32Array.from(anatomy(edge), (label) => intensities[label]!);
    const values = warp(tensor(bright, [1, ...size, 1]), field).dataSync<'float32'>();
    const noisy = Float32Array.from(values, (value) => value + 0.03 * rng.normal());
    return {
      id,
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

/** A smooth map without folds: random velocities on a coarse grid, interpolated and integrated. */
function randomDeformation(edge: number, rng: Rng): Tensor {
  const grid = 5;
  const velocity = Float32Array.from({ length: grid * grid * 2 }, () => 0.2 * rng.normal());
  return integrateVelocity(rescaleField(tensor(velocity, [1, grid, grid, 2]), [edge, edge]));
}
