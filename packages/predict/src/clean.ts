import { requireIntegers } from '@sshn/core';
import type { Size3 } from '@sshn/data';

/** What is done to a label map after prediction; for each label alone, in this order. */
export interface CleanOptions {
  /** Keeps the largest connected component of each label. @default false */
  readonly largestComponent?: boolean;
  /** Removes components of fewer voxels. @default 1 */
  readonly minimumVoxels?: number;
  /** Gives holes, background that one label encloses, that label. @default false */
  readonly fillHoles?: boolean;
}

/**
 * Cleans a label map: components that go become background. Neighbors share a face (4 in 2D, 6 in 3D), as in
 * `scipy.ndimage.label`.
 *
 * @param labels Row-major, 0 is background.
 * @param size Sizes along three axes; 1 on one of them for 2D.
 * @returns a new map; the same one if there is nothing to do.
 * @throws {ValueError} if `minimumVoxels` is no integer ≥ 1.
 */
export function cleanLabels(labels: Uint8Array, size: Size3, options: CleanOptions): Uint8Array {
  const { largestComponent = false, minimumVoxels = 1, fillHoles = false } = options;
  requireIntegers('clean', { minimumVoxels });
  if (!largestComponent && minimumVoxels === 1 && !fillHoles) return labels;
  const result = labels.slice();
  if (largestComponent || minimumVoxels > 1) {
    const { componentOf, sizes } = componentsOf(labels, size);
    const largest = new Map<number, number>();
    for (const [i, component] of componentOf.entries()) {
      const label = labels[i]!;
      const known = largest.get(label);
      if (known === undefined || sizes[component]! > sizes[known]!) largest.set(label, component);
    }
    for (const [i, component] of componentOf.entries()) {
      const isKept =
        sizes[component]! >= minimumVoxels && (!largestComponent || largest.get(labels[i]!) === component);
      if (labels[i] !== 0 && !isKept) result[i] = 0;
    }
  }
  if (fillHoles) fill(result, size);
  return result;
}

/** Components of equal labels, background included: their numbers voxel by voxel, and how many voxels each has. */
function componentsOf(labels: Uint8Array, size: Size3): { componentOf: Int32Array; sizes: number[] } {
  const parent = Int32Array.from({ length: labels.length }, (_, i) => i);
  const root = (i: number): number => {
    let top = i;
    while (parent[top] !== top) top = parent[top]!;
    while (parent[i] !== top) [parent[i], i] = [top, parent[i]!];
    return top;
  };
  forEachNeighbor(size, (i, j) => {
    if (labels[i] !== labels[j]) return;
    const [a, b] = [root(i), root(j)];
    if (a !== b) parent[Math.max(a, b)] = Math.min(a, b);
  });
  const numbers = new Map<number, number>();
  const sizes: number[] = [];
  const componentOf = new Int32Array(labels.length);
  for (let i = 0; i < labels.length; i++) {
    const top = root(i);
    const number = numbers.get(top) ?? numbers.size;
    numbers.set(top, number);
    componentOf[i] = number;
    sizes[number] = (sizes[number] ?? 0) + 1;
  }
  return { componentOf, sizes };
}

/** Background components that touch one label alone and not the border take that label. */
function fill(labels: Uint8Array, size: Size3): void {
  const { componentOf, sizes } = componentsOf(labels, size);
  /** For each background component: the label around it, −1 before one is seen, 0 where it may not be filled. */
  const around = new Int32Array(sizes.length).fill(-1);
  const see = (background: number, label: number): void => {
    const component = componentOf[background]!;
    around[component] = around[component] === -1 || around[component] === label ? label : 0;
  };
  forEachNeighbor(size, (i, j) => {
    if (labels[i] === 0 && labels[j] !== 0) see(i, labels[j]!);
    if (labels[j] === 0 && labels[i] !== 0) see(j, labels[i]!);
  });
  let i = 0;
  for (let a = 0; a < size[0]; a++) {
    for (let b = 0; b < size[1]; b++) {
      for (let c = 0; c < size[2]; c++, i++) {
        const isBorder = [a, b, c].some(
          (at, axis) => size[axis]! > 1 && (at === 0 || at === size[axis]! - 1),
        );
        if (isBorder && labels[i] === 0) around[componentOf[i]!] = 0;
      }
    }
  }
  for (let voxel = 0; voxel < labels.length; voxel++) {
    if (labels[voxel] === 0 && around[componentOf[voxel]!]! > 0) labels[voxel] = around[componentOf[voxel]!]!;
  }
}

/** Calls with every pair of voxels that share a face, once. */
function forEachNeighbor([depth, height, width]: Size3, visit: (i: number, j: number) => void): void {
  let i = 0;
  for (let d = 0; d < depth; d++) {
    for (let h = 0; h < height; h++) {
      for (let w = 0; w < width; w++, i++) {
        if (w > 0) visit(i - 1, i);
        if (h > 0) visit(i - width, i);
        if (d > 0) visit(i - height * width, i);
      }
    }
  }
}
