import { damaged, Refusal, unsupported } from '../formats/refusal.js';
import {
  type Affine,
  isInvertible,
  spacingOf,
  type Triple,
  type Volume,
  type VoxelData,
  volumeOf,
  voxelCount,
} from './volume.js';

/** How to read an NRRD file. */
export interface DecodeNrrdOptions {
  /** Which volume of several, from 0: components or time points. @default only files of one volume are read */
  readonly frame?: number;
  /** Larger volumes are refused before memory is taken for them. @default 2^27, that is 512 × 512 × 512 */
  readonly maxVoxels?: number;
}

/** What an NRRD file says about its volume before the voxels are read. */
export interface NrrdInfo extends Pick<Volume, 'shape' | 'spacingMm' | 'affine'> {
  /** How many volumes the file holds. */
  readonly frames: number;
}

/** What decoding needs to know besides. */
export interface Header extends NrrdInfo {
  readonly type: NumberType;
  readonly isLittle: boolean;
  readonly encoding: 'raw' | 'gzip' | 'text';
  /** Where the data begin. */
  readonly dataAt: number;
  /** Whether the volumes lie voxel by voxel (the axis of components comes first) and not one after another. */
  readonly isInterleaved: boolean;
  readonly byteSkip: number;
  readonly lineSkip: number;
}

interface NumberType {
  readonly bytes: number;
  readonly make: (length: number) => VoxelData;
  readonly read: (view: DataView, at: number, isLittle: boolean) => number;
}

const types: ReadonlyArray<readonly [names: string, type: NumberType]> = [
  [
    'signed char, int8, int8_t',
    { bytes: 1, make: (n) => new Int8Array(n), read: (view, at) => view.getInt8(at) },
  ],
  [
    'uchar, unsigned char, uint8, uint8_t',
    { bytes: 1, make: (n) => new Uint8Array(n), read: (view, at) => view.getUint8(at) },
  ],
  [
    'short, short int, signed short, signed short int, int16, int16_t',
    { bytes: 2, make: (n) => new Int16Array(n), read: (view, at, little) => view.getInt16(at, little) },
  ],
  [
    'ushort, unsigned short, unsigned short int, uint16, uint16_t',
    { bytes: 2, make: (n) => new Uint16Array(n), read: (view, at, little) => view.getUint16(at, little) },
  ],
  [
    'int, signed int, int32, int32_t',
    { bytes: 4, make: (n) => new Int32Array(n), read: (view, at, little) => view.getInt32(at, little) },
  ],
  [
    'uint, unsigned int, uint32, uint32_t',
    { bytes: 4, make: (n) => new Uint32Array(n), read: (view, at, little) => view.getUint32(at, little) },
  ],
  [
    'float',
    { bytes: 4, make: (n) => new Float32Array(n), read: (view, at, little) => view.getFloat32(at, little) },
  ],
  [
    'double',
    { bytes: 8, make: (n) => new Float64Array(n), read: (view, at, little) => view.getFloat64(at, little) },
  ],
];

/** More bytes than any header has. */
export const mostHeader = 2 ** 20;

/** Whether a file begins as NRRD. */
export function looksLikeNrrd(bytes: Uint8Array): boolean {
  return String.fromCharCode(...bytes.subarray(0, 4)) === 'NRRD';
}

/** Reads the header. @throws {Refusal} if it is damaged, or of something that is not read. */
export function parseHeader(bytes: Uint8Array, { maxVoxels = 2 ** 27 }: DecodeNrrdOptions): Header {
  if (!looksLikeNrrd(bytes)) throw new Refusal('is not an NRRD volume', 'Save it as .nrrd or .nii.gz.');
  const { fields, dataAt } = fieldsOf(bytes);
  const text = (key: string): string | undefined => fields.get(key);
  if (text('data file') !== undefined || text('datafile') !== undefined) {
    throw unsupported('NRRD', 'its voxels in another file', 'Save it as one file, .nrrd or .nii.gz.');
  }
  const type = types.find(([names]) => names.split(', ').includes(text('type') ?? ''))?.[1];
  if (type === undefined)
    throw unsupported('NRRD', `numbers of type ${text('type')}`, 'Convert it to floats.');
  const encoding = encodingOf(text('encoding') ?? '');
  const sizes = (text('sizes') ?? '').split(/\s+/).map(Number);
  if (String(sizes.length) !== text('dimension') || !sizes.every((n) => Number.isSafeInteger(n) && n >= 1)) {
    throw damaged('NRRD', `sizes ${text('sizes')} of dimension ${text('dimension')}`);
  }
  const axes = axesOf(fields, sizes);
  const shape = axes.shape;
  if (voxelCount(shape) > maxVoxels) {
    throw new Refusal(
      `has ${shape[2]} × ${shape[1]} × ${shape[0]} voxels, more than the limit of ${maxVoxels}`,
      'Resample or crop it; if the size is wrong, the file is damaged.',
    );
  }
  const skip = (key: string): number => Number(text(key) ?? text(key.replace(' ', '')) ?? 0);
  return {
    ...axes,
    type,
    encoding,
    isLittle: text('endian') !== 'big',
    dataAt,
    byteSkip: skip('byte skip'),
    lineSkip: skip('line skip'),
  };
}

function fieldsOf(bytes: Uint8Array): { fields: ReadonlyMap<string, string>; dataAt: number } {
  const fields = new Map<string, string>();
  let at = 0;
  while (at < Math.min(bytes.length, mostHeader)) {
    const end = bytes.indexOf(10, at);
    if (end === -1) break;
    const line = new TextDecoder().decode(bytes.subarray(at, end)).replace(/\r$/, '');
    at = end + 1;
    if (line === '') return { fields, dataAt: at };
    const [, key, value] = /^([^:#]+): (.*)$/.exec(line) ?? [];
    if (key !== undefined && value !== undefined) fields.set(key.toLowerCase(), value.trim());
  }
  throw damaged('NRRD', 'its header has no end');
}

function encodingOf(said: string): Header['encoding'] {
  const encoding = said.toLowerCase();
  if (encoding === 'raw') return 'raw';
  if (encoding === 'gzip' || encoding === 'gz') return 'gzip';
  if (encoding === 'text' || encoding === 'txt' || encoding === 'ascii') return 'text';
  throw unsupported('NRRD', `${said} encoding`, 'Save it with gzip or raw encoding.');
}

/** Which way world axes of a space grow, toward right, front and top; 0 where it is unknown. */
const spaces: ReadonlyMap<string, Triple> = new Map<string, Triple>([
  ['right-anterior-superior', [1, 1, 1]],
  ['ras', [1, 1, 1]],
  ['left-anterior-superior', [-1, 1, 1]],
  ['las', [-1, 1, 1]],
  ['left-posterior-superior', [-1, -1, 1]],
  ['lps', [-1, -1, 1]],
]);

function axesOf(
  fields: ReadonlyMap<string, string>,
  sizes: readonly number[],
): NrrdInfo & Pick<Header, 'isInterleaved'> {
  const kinds = (fields.get('kinds') ?? '').split(/\s+/);
  const directions = vectorsOf(fields.get('space directions'));
  const isSpatial = sizes.map((_, axis) => {
    if (directions.length === sizes.length) return directions[axis] !== undefined;
    const kind = kinds[axis] ?? 'domain';
    return sizes.length <= 3 && axis < 3
      ? !/color|vector|list/i.test(kind)
      : kind === 'domain' || kind === 'space';
  });
  const places = [...sizes.keys()].filter((axis) => isSpatial[axis]);
  const others = [...sizes.keys()].filter((axis) => !isSpatial[axis]);
  const isBehind = others.every((axis) => axis > Math.max(...places));
  const isBefore = others.every((axis) => axis < Math.min(...places));
  if (places.length < 2 || places.length > 3 || !(isBehind || isBefore)) {
    throw unsupported(
      'NRRD',
      `axes of kinds ${kinds.join(', ') || 'unknown'}`,
      'Save one volume of it alone.',
    );
  }
  const edge = (i: number): number => sizes[places[i]!] ?? 1;
  const shape: Triple = [places.length === 3 ? edge(2) : 1, edge(1), edge(0)];
  const frames = others.reduce((product, axis) => product * sizes[axis]!, 1);
  const affine = affineOf(fields, places, directions);
  return { shape, frames, affine, spacingMm: spacingOf(affine), isInterleaved: frames > 1 && isBefore };
}

function affineOf(
  fields: ReadonlyMap<string, string>,
  places: readonly number[],
  directions: ReadonlyArray<readonly number[] | undefined>,
): Affine {
  const signs = spaces.get((fields.get('space') ?? '').toLowerCase());
  const steps = places.map((axis) => directions[axis]);
  if (signs !== undefined && places.length === 3 && steps.every((step) => step?.length === 3)) {
    const origin = vectorsOf(fields.get('space origin'))[0] ?? [0, 0, 0];
    const row = (world: 0 | 1 | 2): Affine[0] => {
      const [w = 0, h = 0, d = 0] = steps.map((step) => step![world]! * signs[world]);
      return [d, h, w, (origin[world] ?? 0) * signs[world] + 0];
    };
    const affine: Affine = [row(0), row(1), row(2)];
    if (!isInvertible(affine)) throw damaged('NRRD', 'its space directions have no inverse');
    return affine;
  }
  const spacings = (fields.get('spacings') ?? '').split(/\s+/).map(Number);
  const along = (i: number): number => {
    const step = steps[i];
    const mm = step === undefined ? spacings[places[i] ?? -1] : Math.hypot(...step);
    return mm !== undefined && mm > 0 && Number.isFinite(mm) ? mm : 1;
  };
  return volumeOf(new Uint8Array(1), [1, 1, 1], { spacingMm: [along(2), along(1), along(0)] }).affine;
}

/** '(1,0,0) none (0,1,0)' as its vectors. */
function vectorsOf(text = ''): ReadonlyArray<readonly number[] | undefined> {
  return (text.match(/none|\([^)]*\)/g) ?? []).map((vector) =>
    vector === 'none' ? undefined : vector.slice(1, -1).split(',').map(Number),
  );
}
