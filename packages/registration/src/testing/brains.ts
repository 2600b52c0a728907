import { readFileSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';

/** A volume in memory order of `size`, its voxels `edgeMm` long. */
export interface Volume {
  readonly values: Float32Array;
  readonly size: number[];
}

const folder = fileURLToPath(new URL('../../../../../shared/data/oasis-trt-20/', import.meta.url));

/** Whether the brains that tests try registration on are there. */
export const hasBrains = statSync(folder, { throwIfNoEntry: false })?.isDirectory() === true;

/** One of 20 brains, in voxels of `block` mm: means of blocks. */
export function readBrain(subject: number, block: number): Volume {
  return readVolume(subject, 't1', block, (sum) => sum / block ** 3);
}

/** Its 26 labels on the same grid: of each block the first voxel's. */
export function readBrainLabels(subject: number, block: number): Volume {
  return readVolume(subject, 'labels', block, (_, first) => first);
}

function readVolume(
  subject: number,
  file: 't1' | 'labels',
  block: number,
  value: (sum: number, first: number) => number,
): Volume {
  const name = `subject-${String(subject).padStart(2, '0')}`;
  const bytes = gunzipSync(readFileSync(`${folder}${name}/${file}.nii.gz`));
  // NIfTI-1, uint8, the first axis the fastest: read as [z, y, x].
  const size = [0, 1, 2].map((axis) => bytes.readInt16LE(42 + 2 * axis)).reverse();
  const fine = bytes.subarray(bytes.readFloatLE(108));
  const coarse = size.map((n) => Math.floor(n / block));
  const [sums, firsts] = [0, 1].map(() => new Float32Array(coarse[0]! * coarse[1]! * coarse[2]!));
  for (let z = 0; z < coarse[0]! * block; z++)
    for (let y = 0; y < coarse[1]! * block; y++)
      for (let x = 0; x < coarse[2]! * block; x++) {
        const to =
          (Math.floor(z / block) * coarse[1]! + Math.floor(y / block)) * coarse[2]! + Math.floor(x / block);
        const voxel = fine[(z * size[1]! + y) * size[2]! + x]!;
        sums![to]! += voxel;
        if (z % block === 0 && y % block === 0 && x % block === 0) firsts![to] = voxel;
      }
  return { values: sums!.map((sum, i) => value(sum, firsts![i]!)), size: coarse };
}
