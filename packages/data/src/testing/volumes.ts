/** Volumes for tests, and a NIfTI writer that shares no code with the one that is tested. */
import { expect } from 'vitest';
import { type Affine, type Triple, type Volume, volumeOf } from '../volumes/volume.js';

/** Voxels 1, 2, 3, … in an oblique place with edges of 3, 2 and 1 mm. */
export function counting(shape: Triple = [2, 3, 4]): Volume<Float32Array> {
  const affine: Affine = [
    [0.3, 0.2, 0.99, -5],
    [-0.2, 1.98, -0.1, 7],
    [2.97, 0.1, -0.1, 11],
  ];
  const count = shape[0] * shape[1] * shape[2];
  return volumeOf(
    Float32Array.from({ length: count }, (_, i) => i + 1),
    shape,
    { affine },
  );
}

/** Expects two lists of numbers to be equal to so many digits behind the point. */
export function expectClose(actual: readonly number[], expected: readonly number[], digits: number): void {
  expect(actual).toHaveLength(expected.length);
  for (const [i, value] of actual.entries()) expect(value).toBeCloseTo(expected[i]!, digits);
}

/** Where a voxel is in the body, in mm. */
export function placeOf({ affine }: Pick<Volume, 'affine'>, [d, h, w]: Triple): number[] {
  return affine.map((row) => row[0] * d + row[1] * h + row[2] * w + row[3]);
}

/** Calls back for every voxel. */
export function eachVoxel(shape: Triple, visit: (voxel: Triple, index: number) => void): void {
  let index = 0;
  for (let d = 0; d < shape[0]; d++) {
    for (let h = 0; h < shape[1]; h++) for (let w = 0; w < shape[2]; w++) visit([d, h, w], index++);
  }
}

/** What a NIfTI-1 file of 8-bit voxels may say differently. */
export interface Nifti1 {
  readonly isBig?: boolean;
  readonly dims?: readonly number[];
  readonly datatype?: number;
  readonly bits?: number;
  readonly pixdim?: readonly number[];
  readonly offset?: number;
  readonly slope?: number;
  readonly intercept?: number;
  readonly units?: number;
  readonly qform?: readonly number[];
  readonly sform?: readonly number[];
  readonly intent?: number;
  readonly magic?: string;
  readonly voxels?: (view: DataView, isLittle: boolean) => void;
  readonly voxelBytes?: number;
}

/** The bytes of a NIfTI-1 file, field by field at the offsets of nifti1.h. */
export function buildNifti1(nifti: Nifti1 = {}): Uint8Array {
  const { isBig = false, dims = [3, 4, 3, 2], datatype = 2, bits = 8, pixdim = [1, 1, 2, 3] } = nifti;
  const { offset = 352, slope = 0, intercept = 0, units = 2, magic = 'n+1\0', voxelBytes = 24 } = nifti;
  const bytes = new Uint8Array(352 + voxelBytes);
  const view = new DataView(bytes.buffer);
  const little = !isBig;
  view.setInt32(0, 348, little);
  for (const [i, n] of dims.entries()) view.setInt16(40 + 2 * i, n, little);
  view.setInt16(68, nifti.intent ?? 0, little);
  view.setInt16(70, datatype, little);
  view.setInt16(72, bits, little);
  for (const [i, edge] of pixdim.entries()) view.setFloat32(76 + 4 * i, edge, little);
  view.setFloat32(108, offset, little);
  view.setFloat32(112, slope, little);
  view.setFloat32(116, intercept, little);
  bytes[123] = units;
  if (nifti.qform !== undefined) {
    view.setInt16(252, 1, little);
    for (const [i, value] of nifti.qform.entries()) view.setFloat32(256 + 4 * i, value, little);
  }
  if (nifti.sform !== undefined) {
    view.setInt16(254, 1, little);
    for (const [i, value] of nifti.sform.entries()) view.setFloat32(280 + 4 * i, value, little);
  }
  bytes.set(new TextEncoder().encode(magic), 344);
  const fill =
    nifti.voxels ??
    ((voxels) => {
      for (let i = 0; i < voxels.byteLength; i++) voxels.setUint8(i, i + 1);
    });
  fill(new DataView(bytes.buffer, 352), little);
  return bytes;
}
