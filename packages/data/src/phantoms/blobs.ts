import type { Rng } from '@sshn/core';
import type { Image, LabelMap } from '../dataset/types.js';
import { blur, type Wave, wave } from './noise.js';

/** What each label value of a blob image is. */
export const blobLabelNames = ['background', 'solid', 'hollow'] as const;

/** An ellipsoid with a wavy surface, in the coordinates of a 3D grid; in 2D, depth is 1 pixel. */
interface Blob {
  readonly center: readonly number[];
  readonly radii: readonly number[];
  readonly surface: Wave;
  readonly roughness: number;
  readonly label: 1 | 2;
  readonly brightness: number;
}

/**
 * Bright blobs of two kinds in a noisy field of slowly varying brightness: solid ones, and hollow ones of which only
 * the wall shines but all belongs to the label. Small bright specks are background.
 *
 * Inside, a hollow blob looks like background and its wall like a solid one: telling them apart takes a view as large
 * as a blob. Grey, in [0, 1].
 *
 * @param size `[height, width]` or `[depth, height, width]`; blobs scale with the geometric mean of its edges.
 */
export function blobs(rng: Rng, size: readonly number[]): { image: Image; labels: LabelMap } {
  const grid = size.length === 2 ? [1, ...size] : size;
  const edge = size.reduce((product, n) => product * n, 1) ** (1 / size.length);
  const pixels = grid.reduce((product, n) => product * n, 1);
  const values = new Float32Array(pixels);
  const labels = new Uint8Array(pixels);

  const places = rng.split('places');
  const count = 4 + places.integer(5);
  for (let i = 0; i < count; i++) paint(values, labels, grid, drawBlob(places, grid, edge));
  scatterSpecks(rng.split('specks'), values, labels, grid);

  const field = rng.split('field');
  const light = wave(field, grid.length, edge * field.uniform(0.8, 2));
  const base = field.uniform(0.15, 0.35);
  eachVoxel(grid, (index, point) => {
    values[index]! += base + 0.12 * light(point);
  });
  const smooth = blur(values, size, 1, field.uniform(0.5, 0.9));
  const strength = field.uniform(0.02, 0.07);
  const noise = rng.split('noise');
  for (let i = 0; i < pixels; i++) {
    smooth[i] = Math.min(1, Math.max(0, smooth[i]! + strength * noise.normal()));
  }
  return { image: { values: smooth, size, channels: 1 }, labels: { values: labels, size } };
}

function drawBlob(rng: Rng, grid: readonly number[], edge: number): Blob {
  const radius = edge * rng.uniform(0.1, 0.2);
  return {
    center: grid.map((n) => rng.uniform(0, n - 1)),
    radii: grid.map((n) =>
      n === 1 ? Number.POSITIVE_INFINITY : Math.max(1, radius * rng.uniform(0.75, 1.25)),
    ),
    surface: wave(rng, grid.length, radius * 1.5),
    roughness: rng.uniform(0, 0.25),
    label: rng.uniform() < 0.5 ? 1 : 2,
    brightness: rng.uniform(0.25, 0.5),
  };
}

/** Later blobs replace earlier ones where they overlap. */
function paint(values: Float32Array, labels: Uint8Array, grid: readonly number[], blob: Blob): void {
  const wall = 0.7;
  const from = grid.map((_, axis) => Math.max(0, Math.ceil(blob.center[axis]! - 1.4 * blob.radii[axis]!)));
  const to = grid.map((n, axis) => Math.min(n - 1, blob.center[axis]! + 1.4 * blob.radii[axis]!));
  const point = [0, 0, 0];
  for (let z = from[0]!; z <= to[0]!; z++) {
    for (let y = from[1]!; y <= to[1]!; y++) {
      for (let x = from[2]!; x <= to[2]!; x++) {
        [point[0], point[1], point[2]] = [z, y, x];
        let squared = 0;
        for (let axis = 0; axis < 3; axis++) {
          squared += ((point[axis]! - blob.center[axis]!) / blob.radii[axis]!) ** 2;
        }
        const distance = Math.sqrt(squared) + blob.roughness * blob.surface(point);
        if (distance >= 1) continue;
        const index = (z * grid[1]! + y) * grid[2]! + x;
        labels[index] = blob.label;
        values[index] = blob.label === 2 && distance < wall ? 0 : blob.brightness;
      }
    }
  }
}

function scatterSpecks(rng: Rng, values: Float32Array, labels: Uint8Array, grid: readonly number[]): void {
  for (let i = 0; i < values.length / 400; i++) {
    const index = rng.integer(values.length);
    const length = 1 + rng.integer(3);
    const brightness = rng.uniform(0.3, 0.8);
    const end = Math.min(index + length, index - (index % grid[2]!) + grid[2]!);
    for (let k = index; k < end; k++) if (labels[k] === 0) values[k]! += brightness;
  }
}

function eachVoxel(grid: readonly number[], visit: (index: number, point: readonly number[]) => void): void {
  const point = [0, 0, 0];
  let index = 0;
  for (let z = 0; z < grid[0]!; z++) {
    for (let y = 0; y < grid[1]!; y++) {
      for (let x = 0; x < grid[2]!; x++) {
        [point[0], point[1], point[2]] = [z, y, x];
        visit(index++, point);
      }
    }
  }
}
