import { requireOption, ShapeError } from '@sshn/core';
import { gzipSync } from 'fflate';
import { NIFTI1, NIFTI2 } from 'nifti-reader-js';
import { spacingOf, type Volume, voxelCount } from '../volume.js';
import { typeOfArray, vectorIntent } from './header.js';

/** How to write a volume. */
export interface EncodeNiftiOptions {
  /** Whether the file is compressed, as `.nii.gz`. @default true */
  readonly gzip?: boolean;
  /** @default 1, or 2 where an edge is above 32767 voxels */
  readonly version?: 1 | 2;
  /**
   * What several volumes are: points in 'time', the fourth axis, or components of a 'vector' in each voxel, the fifth, as
   * displacement fields are stored (in the order of the volumes: x, y, z). @default 'time'
   */
  readonly series?: 'time' | 'vector';
}

/**
 * A NIfTI file of a volume, or of several on one grid: numbers of the type that the array has, the affine as sform.
 *
 * @throws {ShapeError} if volumes differ in shape. @throws {OptionError} if the series is of no known kind.
 * @example
 * await writeFile('labels.nii.gz', encodeNifti({ ...scan, data: labels }));
 */
export function encodeNifti(
  volumes: Volume | readonly [Volume, ...Volume[]],
  options: EncodeNiftiOptions = {},
): Uint8Array {
  const { gzip = true, series = 'time' } = options;
  requireOption('series', series, ['time', 'vector']);
  const all: readonly Volume[] = 'data' in volumes ? [volumes] : volumes;
  const first = all[0]!;
  const other = all.find(
    ({ shape, data }) => shape.join() !== first.shape.join() || data.constructor !== first.data.constructor,
  );
  if (other !== undefined) {
    throw new ShapeError({
      where: 'encodeNifti',
      got: other.shape,
      expected: `[${first.shape.join(', ')}] and arrays of one type, as the first volume`,
    });
  }
  const [code, type] = typeOfArray(first.data);
  const header = headerOf(first, all.length, series, options.version);
  header.datatypeCode = code;
  header.numBitsPerVoxel = 8 * type.bytes;
  const head = new Uint8Array(header.toArrayBuffer());
  const count = voxelCount(first.shape);
  const bytes = new Uint8Array(header.vox_offset + all.length * count * type.bytes);
  bytes.set(head);
  const view = new DataView(bytes.buffer, header.vox_offset);
  for (const [frame, { data }] of all.entries()) {
    for (let i = 0; i < count; i++) type.write(view, (frame * count + i) * type.bytes, data[i]!);
  }
  return gzip ? gzipSync(bytes, { mtime: 0 }) : bytes;
}

/** The header of a file, without voxels: what `readNiftiHeader` reads. */
export function encodeNiftiHeader({ shape, affine }: Pick<Volume, 'shape' | 'affine'>): Uint8Array {
  const header = headerOf({ shape, affine, spacingMm: spacingOf(affine) }, 1, 'time', 2);
  header.datatypeCode = NIFTI1.TYPE_FLOAT32;
  header.numBitsPerVoxel = 32;
  return new Uint8Array(header.toArrayBuffer());
}

function headerOf(
  { shape, spacingMm, affine }: Pick<Volume, 'shape' | 'spacingMm' | 'affine'>,
  frames: number,
  series: 'time' | 'vector',
  version: 1 | 2 = Math.max(...shape, frames) > 32767 ? 2 : 1,
): NIFTI1 | NIFTI2 {
  const header = version === 1 ? new NIFTI1() : new NIFTI2();
  const [depth, height, width] = shape;
  const more = frames === 1 ? [] : series === 'time' ? [frames] : [1, frames];
  const dims = [width, height, depth, ...more];
  header.littleEndian = true;
  header.dims = [dims.length, ...dims, ...Array.from({ length: 7 - dims.length }, () => 1)];
  header.pixDims = [1, spacingMm[2], spacingMm[1], spacingMm[0], 1, 1, 1, 1];
  header.vox_offset = version === 1 ? 352 : 544;
  header.scl_slope = 1;
  header.xyzt_units = NIFTI1.UNITS_MM | NIFTI1.UNITS_SEC;
  header.intent_code = frames > 1 && series === 'vector' ? vectorIntent : 0;
  header.sform_code = NIFTI1.XFORM_ALIGNED_ANAT;
  header.affine = [...affine.map(([d, h, w, offset]) => [w, h, d, offset]), [0, 0, 0, 1]];
  header.magic = version === 1 ? 'n+1\0' : 'n+2\0\r\n\x1a\n';
  return header;
}
