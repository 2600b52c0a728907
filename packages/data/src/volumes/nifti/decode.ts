import { gunzip, gunzipBeginning } from '../../formats/readers/inflate.js';
import { damaged, naming, orDamaged, Refusal } from '../../formats/refusal.js';
import { chosenFrame } from '../frame.js';
import { spacingOf, type Triple, type Volume, type VoxelData, voxelCount } from '../volume.js';
import { headerBytes, type NiftiHeader, parseHeader } from './header.js';

/** How to read a volume. */
export interface DecodeNiftiOptions {
  /** Which volume of a file that holds several, from 0. @default only files of one volume are read */
  readonly frame?: number;
  /** Larger volumes are refused before memory is taken for them. @default 2^27, that is 512 × 512 × 512 */
  readonly maxVoxels?: number;
}

/** What a file says about its volume before the voxels are read. */
export interface NiftiInfo extends Pick<Volume, 'shape' | 'spacingMm' | 'affine'> {
  /** How many volumes the file holds: time points, or components of a vector field. */
  readonly frames: number;
  /** Whether those are components of a vector in each voxel, as displacement fields are stored. */
  readonly isVector: boolean;
}

const defaultMaxVoxels = 2 ** 27;

/** So many bytes may follow the last voxel of a compressed file. */
const mostSurplus = 2 ** 20;

const isLittleMachine = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

/**
 * Reads a volume from a NIfTI-1 or NIfTI-2 file (`.nii`, `.nii.gz`), in the order and orientation in which it is stored.
 *
 * Where the file scales its numbers (scl_slope, scl_inter), the result holds the scaled ones as 32-bit floats; otherwise
 * numbers are of the type that the file has, 64-bit integers as 64-bit floats; colors become their luma, 0 to 255. Units of
 * space become millimeters. Checksums of compressed files are verified to the end, of one frame of many too, without ever
 * holding more than that frame.
 *
 * @param name What errors call the file, its path as a rule.
 * @throws {FileError} naming the file and the remedy, whatever the bytes; {ValueError} if there is no such frame.
 * @example
 * const volume = reorient(decodeNifti(bytes, 'scan.nii.gz'));   // axes toward right, front and top
 */
export function decodeNifti(bytes: Uint8Array, name: string, options: DecodeNiftiOptions = {}): Volume {
  return reporting(name, () => {
    const header = checkedHeader(bytes, options);
    const { shape, frames, affine, type, offset } = header;
    const frame = chosenFrame(name, frames, options.frame);
    const length = voxelCount(shape) * type.bytes;
    const begin = offset + frame * length;
    const most = offset + frames * length + mostSurplus;
    const voxels = isGzip(bytes)
      ? gunzip('NIfTI', bytes, { begin, end: begin + length, most })
      : bytes.subarray(begin, begin + length);
    if (voxels.length < length) {
      throw damaged('NIfTI', `${voxels.length} of ${length} bytes of its voxels are there`);
    }
    return { data: numbersOf(voxels, header), shape, spacingMm: spacingOf(affine), affine };
  });
}

/**
 * Shape and place of a volume from the beginning of its file, without its voxels.
 *
 * @param bytes The whole file or its beginning, of 1 KiB or more.
 * @throws {FileError} naming the file and the remedy.
 */
export function readNiftiHeader(
  bytes: Uint8Array,
  name: string,
  options: DecodeNiftiOptions = {},
): NiftiInfo {
  return reporting(name, () => {
    const { shape, affine, frames, isVector } = checkedHeader(bytes, options);
    return { shape, spacingMm: spacingOf(affine), affine, frames, isVector };
  });
}

function checkedHeader(bytes: Uint8Array, { maxVoxels = defaultMaxVoxels }: DecodeNiftiOptions): NiftiHeader {
  const header = parseHeader(
    isGzip(bytes) ? gunzipBeginning('NIfTI', bytes, headerBytes) : bytes.subarray(0, headerBytes),
  );
  const { shape } = header;
  if (voxelCount(shape) > maxVoxels) {
    throw new Refusal(
      `has ${inVoxels(shape)} voxels, more than the limit of ${maxVoxels}`,
      'Resample or crop it; if the size is wrong, the file is damaged.',
    );
  }
  return header;
}

function numbersOf(voxels: Uint8Array, header: NiftiHeader): VoxelData {
  const stored = storedNumbers(voxels, header);
  if (header.scaling === undefined) return stored;
  const { slope, intercept } = header.scaling;
  const scaled = new Float32Array(stored.length);
  for (let i = 0; i < scaled.length; i++) scaled[i] = stored[i]! * slope + intercept;
  return scaled;
}

function storedNumbers(voxels: Uint8Array, { shape, type, isLittleEndian }: NiftiHeader): VoxelData {
  const count = voxelCount(shape);
  if (type.isPlain && (type.bytes === 1 || isLittleEndian === isLittleMachine)) {
    // A copy also of a Buffer, whose slices are views.
    return new type.Array(new Uint8Array(voxels).buffer, 0, count);
  }
  const view = new DataView(voxels.buffer, voxels.byteOffset, voxels.byteLength);
  const data = new type.Array(count);
  for (let i = 0; i < count; i++) data[i] = type.read(view, i * type.bytes, isLittleEndian);
  return data;
}

function reporting<Result>(name: string, work: () => Result): Result {
  return naming(name, () => orDamaged('NIfTI', work));
}

/** '176 × 256 × 256', width first as tools print it. */
export function inVoxels([depth, height, width]: Triple): string {
  return `${width} × ${height} × ${depth}`;
}

function isGzip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b;
}
