import { NIFTI1, NIFTI2 } from 'nifti-reader-js';
import { damaged, Refusal, unsupported } from '../../formats/refusal.js';
import { type Affine, isInvertible, type Triple, type VoxelData } from '../volume.js';

/** The longest header there is. */
export const headerBytes = 540;

/** What a NIfTI file says about its voxels before they are read. */
export interface NiftiHeader {
  readonly version: 1 | 2;
  readonly isLittleEndian: boolean;
  /** `[depth, height, width]` of one frame. */
  readonly shape: Triple;
  /** How many volumes there are, one after another: time points or components. */
  readonly frames: number;
  /** Whether the volumes are components of a vector in each voxel: intent 1007 or 1006, along the fifth axis. */
  readonly isVector: boolean;
  readonly affine: Affine;
  readonly type: VoxelType;
  /** Where voxels begin, in bytes. */
  readonly offset: number;
  /** Stored numbers times slope plus intercept are the intensities; undefined where they are as stored. */
  readonly scaling: { readonly slope: number; readonly intercept: number } | undefined;
}

const remedy = 'Convert it to 16-bit integers or 32-bit floats, with nibabel or mri_convert for example.';

/**
 * Parses a header; `nifti-reader-js` reads the fields.
 *
 * The place of voxels is that of the sform, else of the qform (as nibabel and FSL choose), else pixdim alone from the origin;
 * an sform without an inverse gives way to a qform that has one. Negative edges count as positive, edges of 0 as 1. (The
 * library's own `affine` prefers the larger code in NIfTI-1 and ignores the qform in NIfTI-2.)
 *
 * @param bytes At least the beginning of the file, inflated.
 * @throws {Refusal} if it is no NIfTI header, or one of voxels that are not read.
 */
export function parseHeader(bytes: Uint8Array): NiftiHeader {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const version = versionOf(bytes, view);
  const length = version === 1 ? NIFTI1.MAGIC_COOKIE : NIFTI2.MAGIC_COOKIE;
  if (bytes.length < length) throw damaged('NIfTI', 'it ends within its header');
  const fields = version === 1 ? new NIFTI1() : new NIFTI2();
  // The fixed part alone: extensions are not read.
  // A copy also of a Buffer, whose slices are views.
  fields.readHeader(new Uint8Array(bytes.subarray(0, length)).buffer);
  const intent = fields.intent_code;
  const surface = surfaces.get(intent) ?? (intent >= 3000 && intent < 3100 ? cifti : undefined);
  if (surface !== undefined) throw new Refusal(`holds ${surface}`, 'Take the volume that it was made from.');
  const { shape, frames } = shapeOf(fields.dims);
  const type = voxelTypes.get(fields.datatypeCode);
  if (type === undefined) {
    const what = otherTypes.get(fields.datatypeCode) ?? `numbers of the unknown type ${fields.datatypeCode}`;
    throw unsupported('NIfTI', what, remedy);
  }
  const offset = fields.vox_offset;
  if (!(Number.isInteger(offset) && offset >= length && offset <= mostOffset)) {
    throw damaged('NIfTI', `voxels at byte ${offset}`);
  }
  return {
    version,
    isLittleEndian: fields.littleEndian,
    shape,
    frames,
    isVector: vectorIntents.includes(intent) && fields.dims[0] === 5 && fields.dims[4] === 1,
    affine: affineOf(fields, view, version),
    type,
    offset,
    scaling: scalingOf(fields.scl_slope, fields.scl_inter),
  };
}

/** NIFTI_INTENT_VECTOR. */
export const vectorIntent = 1007;
/** NIFTI_INTENT_DISPVECT besides. */
const vectorIntents = [1006, vectorIntent];

/** No extensions of a header are longer. */
const mostOffset = 2 ** 26;

const cifti = 'values of brain surfaces (CIFTI: .dtseries.nii, .dscalar.nii, .dconn.nii …), not a volume';

/** What else uses NIfTI as a container, by intent. */
const surfaces: ReadonlyMap<number, string> = new Map([
  [1008, 'the points of a surface, not a volume'],
  [1009, 'the triangles of a surface, not a volume'],
  [2002, 'the nodes of a surface, not a volume'],
  [2005, 'values of a surface, not a volume'],
]);

/** Whether a file begins as a NIfTI-1 or -2, inflated. */
export function looksLikeNifti(bytes: Uint8Array): boolean {
  return /^(n[+i]1\0)/.test(text(bytes, NIFTI1.MAGIC_NUMBER_LOCATION)) || /^n[+i]2\0/.test(text(bytes, 4));
}

function versionOf(bytes: Uint8Array, view: DataView): 1 | 2 {
  const first = bytes.length < 4 ? 0 : [view.getInt32(0, true), view.getInt32(0, false)];
  const magic = (at: number): string => text(bytes, at);
  for (const [version, size, at] of [
    [1, NIFTI1.MAGIC_COOKIE, NIFTI1.MAGIC_NUMBER_LOCATION],
    [2, NIFTI2.MAGIC_COOKIE, NIFTI2.MAGIC_NUMBER_LOCATION],
  ] as const) {
    if (first === 0 || !first.includes(size)) continue;
    if (magic(at).startsWith(`n+${version}\0`)) return version;
    if (magic(at).startsWith(`ni${version}\0`)) {
      throw unsupported(
        'NIfTI',
        'its voxels in another file (.hdr and .img)',
        'Join the two with `joinNiftiPair`, or save it as one file, .nii or .nii.gz.',
      );
    }
    if (bytes.length < at + 4) throw damaged('NIfTI', 'it ends within its header');
  }
  throw new Refusal('is not a NIfTI volume', 'Save it as .nii or .nii.gz.');
}

function shapeOf(dims: readonly number[]): { shape: Triple; frames: number } {
  const rank = dims[0]!;
  const used = dims.slice(1, rank + 1);
  // FreeSurfer's way to store more than 32767 vertices.
  if (used[0] === -1) throw new Refusal('holds values of a surface, not a volume', 'Take a volume.');
  if (!(rank >= 1 && rank <= 7) || !used.every((n) => Number.isSafeInteger(n) && n >= 1)) {
    throw damaged('NIfTI', `dimensions ${used.join(' × ') || rank}`);
  }
  const [width = 1, height = 1, depth = 1, ...more] = used;
  return { shape: [depth, height, width], frames: more.reduce((product, n) => product * n, 1) };
}

function scalingOf(slope: number, intercept: number): NiftiHeader['scaling'] {
  if (!Number.isFinite(slope) || slope === 0) return undefined;
  const added = Number.isFinite(intercept) ? intercept : 0;
  return slope === 1 && added === 0 ? undefined : { slope, intercept: added };
}

function affineOf(fields: NIFTI1 | NIFTI2, view: DataView, version: 1 | 2): Affine {
  const toMm = [1, 1000, 1, 0.001][fields.xyzt_units & NIFTI1.SPATIAL_UNITS_MASK] ?? 1;
  const affine = asAffine(placeOf(fields, view, version).map((row) => row.map((value) => value * toMm)));
  if (!isInvertible(affine)) throw damaged('NIfTI', 'its affine matrix has no inverse');
  return affine;
}

/** Columns are width, height, depth and the offset, as NIfTI has them. */
function placeOf(fields: NIFTI1 | NIFTI2, view: DataView, version: 1 | 2): readonly (readonly number[])[] {
  const { sform_code: sform, qform_code: qform, littleEndian, pixDims } = fields;
  const edges = [1, 2, 3].map((axis) => Math.abs(pixDims[axis]!) || 1);
  const rotated = qform > 0 ? qformOf(fields, edges) : undefined;
  if (sform > 0) {
    const rows = [0, 1, 2].map((row) =>
      [0, 1, 2, 3].map((column) =>
        version === 1
          ? view.getFloat32(280 + (4 * row + column) * 4, littleEndian)
          : view.getFloat64(400 + (4 * row + column) * 8, littleEndian),
      ),
    );
    if (rotated === undefined || isInvertible(asAffine(rows))) return rows;
  }
  return rotated ?? [0, 1, 2].map((row) => [0, 1, 2, 3].map((column) => (column === row ? edges[row]! : 0)));
}

/** *Source*: nifti1.h, method 2: a quaternion (its first component is what is missing to length 1), edges, an offset. */
function qformOf(fields: NIFTI1 | NIFTI2, edges: readonly number[]): readonly (readonly number[])[] {
  let [b, c, d] = [fields.quatern_b, fields.quatern_c, fields.quatern_d];
  const rest = 1 - (b * b + c * c + d * d);
  const length = Math.hypot(b, c, d);
  // Rounding makes it longer than 1 at half turns.
  if (rest < 1e-7) [b, c, d] = [b / length, c / length, d / length];
  const a = rest < 1e-7 ? 0 : Math.sqrt(rest);
  const rotation = [
    [a * a + b * b - c * c - d * d, 2 * (b * c - a * d), 2 * (b * d + a * c)],
    [2 * (b * c + a * d), a * a + c * c - b * b - d * d, 2 * (c * d - a * b)],
    [2 * (b * d - a * c), 2 * (c * d + a * b), a * a + d * d - c * c - b * b],
  ];
  const steps = [edges[0]!, edges[1]!, (fields.pixDims[0]! < 0 ? -1 : 1) * edges[2]!];
  const offset = [fields.qoffset_x, fields.qoffset_y, fields.qoffset_z];
  return rotation.map((row, world) => [...row.map((value, axis) => value * steps[axis]!), offset[world]!]);
}

function asAffine(rows: readonly (readonly number[])[]): Affine {
  const row = (world: 0 | 1 | 2): Affine[0] => {
    const [w = 0, h = 0, d = 0, offset = 0] = rows[world]!;
    return [d, h, w, offset];
  };
  return [row(0), row(1), row(2)];
}

function text(bytes: Uint8Array, at: number): string {
  return String.fromCharCode(...bytes.subarray(at, at + 4));
}

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
