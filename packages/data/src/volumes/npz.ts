import { crc32 } from '@sshn/core';
import { inflateRaw } from '../formats/readers/inflate.js';
import { damaged, naming, orDamaged, Refusal, unsupported } from '../formats/refusal.js';
import { type Triple, type Volume, type VoxelData, volumeOf, voxelCount } from './volume.js';

/** How to read an npz file. */
export interface DecodeNpzOptions {
  /** Which array. @default 'vol', or the only one that the file has */
  readonly array?: string;
  /** Larger volumes are refused before memory is taken for them. @default 2^27, that is 512 × 512 × 512 */
  readonly maxVoxels?: number;
}

/**
 * Reads an array of two or three axes from a file of `numpy.savez` or `savez_compressed`, as a volume of 1 mm voxels at the
 * origin: such files say nothing about space. The first axis is depth.
 *
 * The directory of the archive is read here, as unpackers take the word of hostile files for sizes; checksums are verified.
 *
 * @param name What errors call the file, its path as a rule.
 * @throws {FileError} naming the file and the remedy, whatever the bytes.
 *
 * *Source*: PKWARE, "APPNOTE.TXT" (zip); NumPy, "numpy.lib.format" (npy).
 */
export function decodeNpz(bytes: Uint8Array, name: string, options: DecodeNpzOptions = {}): Volume {
  const { array, maxVoxels = 2 ** 27 } = options;
  return naming(name, () =>
    orDamaged('npz', () => {
      const entries = directoryOf(bytes);
      const names = entries.map(({ path }) => path.replace(/\.npy$/, ''));
      const wanted = array ?? (names.includes('vol') ? 'vol' : names.length === 1 ? names[0] : undefined);
      const entry = entries[names.indexOf(wanted ?? '')];
      if (entry === undefined) {
        throw new Refusal(
          `holds the arrays ${names.slice(0, 8).join(', ')}, ${wanted === undefined ? "and which is meant isn't clear" : `and no '${wanted}'`}`,
          'Name one with the option `array`, or call the image vol.',
        );
      }
      return arrayOf(contentOf(bytes, entry, 16 * maxVoxels), maxVoxels);
    }),
  );
}

interface Entry {
  readonly path: string;
  readonly method: number;
  readonly checksum: number;
  readonly packed: number;
  readonly length: number;
  /** Of its local header. */
  readonly at: number;
}

function directoryOf(bytes: Uint8Array): readonly Entry[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let end = bytes.length - 22;
  while (end >= 0 && view.getUint32(end, true) !== 0x06054b50) end--;
  if (end < 0) throw damaged('npz', 'its directory is missing');
  const count = view.getUint16(end + 10, true);
  let at = view.getUint32(end + 16, true);
  return Array.from({ length: count }, () => {
    if (view.getUint32(at, true) !== 0x02014b50) throw damaged('npz', 'its directory is broken');
    const [nameLength, extra, comment] = [28, 30, 32].map((field) => view.getUint16(at + field, true));
    const entry: Entry = {
      method: view.getUint16(at + 10, true),
      checksum: view.getUint32(at + 16, true),
      packed: view.getUint32(at + 20, true),
      length: view.getUint32(at + 24, true),
      at: view.getUint32(at + 42, true),
      path: new TextDecoder().decode(bytes.subarray(at + 46, at + 46 + nameLength!)),
    };
    if (entry.packed === 0xffffffff || entry.length === 0xffffffff) {
      throw unsupported('npz', 'arrays above 4 GB', 'Save a smaller one.');
    }
    at += 46 + nameLength! + extra! + comment!;
    return entry;
  });
}

function contentOf(
  bytes: Uint8Array,
  { at, method, packed, length, checksum }: Entry,
  most: number,
): Uint8Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getUint32(at, true) !== 0x04034b50) throw damaged('npz', 'an array is not where it should be');
  const begin = at + 30 + view.getUint16(at + 26, true) + view.getUint16(at + 28, true);
  // Local headers of NumPy's streams leave sizes out; the directory has them.
  const stored = bytes.subarray(begin, begin + packed);
  if (length > most) {
    throw new Refusal(`holds an array of ${length} bytes, more than is read`, 'Resample or crop it.');
  }
  if (method !== 0 && method !== 8) throw unsupported('npz', `compression ${method}`, 'Save it with NumPy.');
  const content = method === 0 ? stored : inflateRaw(stored, length);
  if (stored.length < packed || content.length < length) {
    throw damaged('npz', `${content.length} of ${length} bytes of an array are there`);
  }
  if (crc32(content) !== checksum) throw damaged('npz', 'the checksum of an array is wrong');
  return content;
}

type Read = (view: DataView, at: number, isLittle: boolean) => number;

const numbers: Readonly<
  Record<string, readonly [bytes: number, make: (n: number) => VoxelData, read: Read]>
> = {
  b1: [1, (n) => new Uint8Array(n), (view, at) => view.getUint8(at)],
  u1: [1, (n) => new Uint8Array(n), (view, at) => view.getUint8(at)],
  i1: [1, (n) => new Int8Array(n), (view, at) => view.getInt8(at)],
  u2: [2, (n) => new Uint16Array(n), (view, at, little) => view.getUint16(at, little)],
  i2: [2, (n) => new Int16Array(n), (view, at, little) => view.getInt16(at, little)],
  u4: [4, (n) => new Uint32Array(n), (view, at, little) => view.getUint32(at, little)],
  i4: [4, (n) => new Int32Array(n), (view, at, little) => view.getInt32(at, little)],
  u8: [8, (n) => new Float64Array(n), (view, at, little) => Number(view.getBigUint64(at, little))],
  i8: [8, (n) => new Float64Array(n), (view, at, little) => Number(view.getBigInt64(at, little))],
  f4: [4, (n) => new Float32Array(n), (view, at, little) => view.getFloat32(at, little)],
  f8: [8, (n) => new Float64Array(n), (view, at, little) => view.getFloat64(at, little)],
};

function arrayOf(bytes: Uint8Array, maxVoxels: number): Volume {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (String.fromCharCode(...bytes.subarray(1, 6)) !== 'NUMPY')
    throw damaged('npz', 'an array without a header');
  const isLong = bytes[6]! >= 2;
  const headerAt = isLong ? 12 : 10;
  const dataAt = headerAt + (isLong ? view.getUint32(8, true) : view.getUint16(8, true));
  const header = new TextDecoder().decode(bytes.subarray(headerAt, dataAt));
  const [, order, code] = /'descr':\s*'([<>|=])(\w+)'/.exec(header) ?? [];
  const isColumnMajor = /'fortran_order':\s*True/.test(header);
  const sizes = (/'shape':\s*\(([^)]*)\)/.exec(header)?.[1] ?? '')
    .split(',')
    .filter((part) => part.trim() !== '')
    .map(Number);
  const type = Object.hasOwn(numbers, code ?? '') ? numbers[code ?? ''] : undefined;
  if (type === undefined) throw unsupported('npz', `numbers of type ${code}`, 'Save it as float32.');
  if (sizes.length < 2 || sizes.length > 3 || !sizes.every((n) => Number.isSafeInteger(n) && n >= 1)) {
    throw unsupported('npz', `an array of shape (${sizes.join(', ')})`, 'Save one volume, of three axes.');
  }
  const [width = 1, height = 1, depth = 1] = [...sizes].reverse();
  const shape: Triple = [depth, height, width];
  const count = voxelCount(shape);
  if (count > maxVoxels) {
    throw new Refusal(
      `has ${width} × ${height} × ${depth} voxels, more than the limit of ${maxVoxels}`,
      'Resample or crop it; if the size is wrong, the file is damaged.',
    );
  }
  const [size, make, read] = type;
  if (dataAt + count * size > bytes.length) throw damaged('npz', 'an array ends early');
  const data = make(count);
  for (let i = 0; i < count; i++) {
    const [w, h, d] = [i % width, Math.floor(i / width) % height, Math.floor(i / (width * height))];
    const from = isColumnMajor ? d + depth * (h + height * w) : i;
    data[i] = read(view, dataAt + from * size, order !== '>');
  }
  return volumeOf(data, shape);
}
