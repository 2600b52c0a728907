import { NIFTI1 } from 'nifti-reader-js';
import type { VoxelData } from '../volume.js';

/** How numbers of one NIfTI datatype lie in a file, and in memory. */
export interface VoxelType {
  readonly bytes: number;
  readonly read: (view: DataView, at: number, isLittle: boolean) => number;
  readonly write: (view: DataView, at: number, value: number) => void;
  /** Whether bytes of the machine's own order are those of the array. */
  readonly isPlain: boolean;
  /** The array that holds them. 64-bit integers become floats, exact up to 2^53. */
  readonly Array: VoxelArray;
}

type VoxelArray = {
  new (length: number): VoxelData;
  new (buffer: ArrayBufferLike, byteOffset: number, length: number): VoxelData;
  readonly BYTES_PER_ELEMENT: number;
};

/** Colors with opacity, a later addition to the standard. */
const rgba32 = 2304;

/** By datatype code. */
export const voxelTypes: ReadonlyMap<number, VoxelType> = new Map<number, VoxelType>([
  [NIFTI1.TYPE_UINT8, type(Uint8Array, 'Uint8')],
  [NIFTI1.TYPE_INT8, type(Int8Array, 'Int8')],
  [NIFTI1.TYPE_UINT16, type(Uint16Array, 'Uint16')],
  [NIFTI1.TYPE_INT16, type(Int16Array, 'Int16')],
  [NIFTI1.TYPE_UINT32, type(Uint32Array, 'Uint32')],
  [NIFTI1.TYPE_INT32, type(Int32Array, 'Int32')],
  [NIFTI1.TYPE_FLOAT32, type(Float32Array, 'Float32')],
  [NIFTI1.TYPE_FLOAT64, type(Float64Array, 'Float64')],
  [NIFTI1.TYPE_INT64, long('BigInt64')],
  [NIFTI1.TYPE_UINT64, long('BigUint64')],
  [NIFTI1.TYPE_RGB24, color(3)],
  [rgba32, color(4)],
]);

/** What other datatype codes stand for, for errors. */
export const otherTypes: ReadonlyMap<number, string> = new Map([
  [NIFTI1.TYPE_BINARY, 'single bits'],
  [NIFTI1.TYPE_COMPLEX64, 'complex numbers'],
  [NIFTI1.TYPE_COMPLEX128, 'complex numbers'],
  [NIFTI1.TYPE_COMPLEX256, 'complex numbers'],
  [NIFTI1.TYPE_FLOAT128, '128-bit numbers'],
]);

/** The code and type that an array is written as. */
export function typeOfArray(data: VoxelData): readonly [code: number, type: VoxelType] {
  for (const [code, voxelType] of voxelTypes) {
    if (voxelType.isPlain && data instanceof voxelType.Array) return [code, voxelType];
  }
  throw new Error('internal: an array of no known type');
}

type Plain = 'Uint8' | 'Int8' | 'Uint16' | 'Int16' | 'Uint32' | 'Int32' | 'Float32' | 'Float64';

function type(Voxels: VoxelArray, name: Plain): VoxelType {
  return {
    bytes: Voxels.BYTES_PER_ELEMENT,
    isPlain: true,
    Array: Voxels,
    read: (view, at, isLittle) => view[`get${name}`](at, isLittle),
    write: (view, at, value) => view[`set${name}`](at, value, true),
  };
}

function long(name: 'BigInt64' | 'BigUint64'): VoxelType {
  return {
    bytes: 8,
    isPlain: false,
    Array: Float64Array,
    read: (view, at, isLittle) => Number(view[`get${name}`](at, isLittle)),
    write: (view, at, value) => view[`set${name}`](at, BigInt(value), true),
  };
}

/** Colors of 8 bits a channel, read as their luma, 0 to 255 (ITU-R BT.601); opacity is dropped. */
function color(channels: 3 | 4): VoxelType {
  return {
    bytes: channels,
    isPlain: false,
    Array: Float32Array,
    read: (view, at) =>
      0.299 * view.getUint8(at) + 0.587 * view.getUint8(at + 1) + 0.114 * view.getUint8(at + 2),
    write: () => {
      throw new Error('internal: colors are not written');
    },
  };
}
