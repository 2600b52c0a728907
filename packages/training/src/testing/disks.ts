import { Rng } from '@sshn/core';
import { type Dataset, type Split, splitIds } from '@sshn/data';

/** Small images of one bright disk on a noisy ground, labeled: learned in seconds. For tests. */
export function disks(count: number, size: readonly [height: number, width: number], seed = 1): Dataset {
  const ids = Array.from({ length: count }, (_, i) => `disk-${i}`);
  return {
    name: 'disks',
    ids,
    channels: 1,
    size,
    labelNames: ['background', 'disk'],
    load: async (id) => {
      const rng = Rng.fromSeed(seed).split(id);
      const [height, width] = size;
      const [y0, x0] = [rng.uniform(0.3, 0.7) * height, rng.uniform(0.3, 0.7) * width];
      const radius = rng.uniform(0.15, 0.3) * Math.min(height, width);
      const values = new Float32Array(height * width);
      const labels = new Uint8Array(height * width);
      for (let i = 0; i < values.length; i++) {
        const inside = Math.hypot(Math.floor(i / width) - y0, (i % width) - x0) < radius;
        labels[i] = inside ? 1 : 0;
        values[i] = (inside ? 0.7 : 0.3) + 0.1 * rng.normal();
      }
      return { id, image: { values, size, channels: 1 }, labels: { values: labels, size } };
    },
  };
}

/** 64 / 16 / 20 % of a dataset's images. */
export function splitOf(dataset: Dataset, seed = 1): Split {
  return splitIds(dataset.ids, Rng.fromSeed(seed));
}
