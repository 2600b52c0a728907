import { gunzip } from '../formats/readers/inflate.js';
import { damaged, naming, orDamaged } from '../formats/refusal.js';
import { chosenFrame } from './frame.js';
import {
  type DecodeNrrdOptions,
  type Header,
  mostHeader,
  type NrrdInfo,
  parseHeader,
} from './nrrd-header.js';
import { type Volume, voxelCount } from './volume.js';

/** So many bytes may follow the last voxel of a compressed file. */
const mostSurplus = 2 ** 20;

/**
 * Reads a volume from an NRRD file with its data within (`.nrrd`), in the order and orientation in which it is stored: raw, gzip
 * or text encoding, either byte order, integers of 8 to 32 bits and floats.
 *
 * This is a reader of its own: `nrrd-js` has had no release for ten years and inflates without a limit or a checksum.
 *
 * @param name What errors call the file, its path as a rule.
 * @throws {FileError} naming the file and the remedy, whatever the bytes; {ValueError} if there is no such frame.
 *
 * *Source*: Teem, "Definition of NRRD File Format".
 */
export function decodeNrrd(bytes: Uint8Array, name: string, options: DecodeNrrdOptions = {}): Volume {
  return reporting(name, () => {
    const header = parseHeader(bytes, options);
    const { shape, frames, affine, spacingMm, type, isLittle, isInterleaved } = header;
    const frame = chosenFrame(name, frames, options.frame);
    const count = voxelCount(shape);
    const [first, step, spread] = isInterleaved ? [frame, frames, count * frames] : [frame * count, 1, count];
    const data = type.make(count);
    if (header.encoding === 'text') {
      const numbers = new TextDecoder()
        .decode(dataOf(bytes, header))
        .trim()
        .split(/[\s,]+/);
      for (let i = 0; i < count; i++) {
        const value = Number(numbers[first + i * step] || Number.NaN);
        if (Number.isNaN(value))
          throw damaged('NRRD', `${numbers.length} of ${count * frames} numbers are there`);
        data[i] = value;
      }
    } else {
      const begin = isInterleaved ? 0 : first;
      const stored = storedBytes(bytes, header, begin * type.bytes, (begin + spread) * type.bytes);
      const view = new DataView(stored.buffer, stored.byteOffset, stored.byteLength);
      const offset = isInterleaved ? first : 0;
      for (let i = 0; i < count; i++) data[i] = type.read(view, (offset + i * step) * type.bytes, isLittle);
    }
    return { data, shape, spacingMm, affine };
  });
}

/**
 * Shape and place of a volume, without its voxels.
 *
 * @param bytes The whole file or its beginning, with all of its header.
 * @throws {FileError} naming the file and the remedy.
 */
export function readNrrdHeader(bytes: Uint8Array, name: string, options: DecodeNrrdOptions = {}): NrrdInfo {
  return reporting(name, () => {
    const { shape, spacingMm, affine, frames } = parseHeader(bytes, options);
    return { shape, spacingMm, affine, frames };
  });
}

function dataOf(bytes: Uint8Array, { dataAt, lineSkip }: Header): Uint8Array {
  let at = dataAt;
  for (let line = 0; line < lineSkip; line++) at = bytes.indexOf(10, at) + 1 || bytes.length;
  return bytes.subarray(at);
}

/** The bytes from `begin` to `end` of the voxels. */
function storedBytes(bytes: Uint8Array, header: Header, begin: number, end: number): Uint8Array {
  const { encoding, byteSkip, shape, frames, type } = header;
  const stored = dataOf(bytes, header);
  const all = voxelCount(shape) * frames * type.bytes;
  if (!(byteSkip >= -1 && byteSkip <= mostHeader)) throw damaged('NRRD', `a byte skip of ${byteSkip}`);
  const skip =
    byteSkip === -1 && encoding === 'raw' ? Math.max(0, stored.length - all) : Math.max(0, byteSkip);
  const range = { begin: skip + begin, end: skip + end, most: skip + all + mostSurplus };
  const voxels =
    encoding === 'gzip' ? gunzip('NRRD', stored, range) : stored.subarray(range.begin, range.end);
  if (voxels.length < end - begin) {
    throw damaged('NRRD', `${voxels.length} of ${end - begin} bytes of its voxels are there`);
  }
  return voxels;
}

function reporting<Result>(name: string, work: () => Result): Result {
  return naming(name, () => orDamaged('NRRD', work));
}
