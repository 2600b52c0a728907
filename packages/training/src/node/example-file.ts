import { createHash } from 'node:crypto';
import type { Example } from '@sshn/data';
import { type Dtype, decodeSafetensors, encodeSafetensors, type RawTensor } from '@sshn/model';

/** Changes when files that are there must not be read any more. */
export const exampleFormat = 'sshn-example-1';

/** A number format in which an image may be stored: what is read back has the same bits. */
interface NumberFormat {
  readonly dtype: Dtype;
  readonly array: new (length: number) => Uint8Array | Uint16Array | Int16Array;
  readonly least: number;
  readonly most: number;
  /** A stored whole number k is the value k / divisor, rounded to 32 bits. */
  readonly divisor: number;
}

/** From narrow to wide: pictures of 8 bits a channel and whole numbers of scanners. Everything else is stored as 32-bit floats. */
const narrowFormats: readonly NumberFormat[] = [
  { dtype: 'U8', array: Uint8Array, least: 0, most: 255, divisor: 1 },
  { dtype: 'U8', array: Uint8Array, least: 0, most: 255, divisor: 255 },
  { dtype: 'I16', array: Int16Array, least: -32768, most: 32767, divisor: 1 },
  { dtype: 'U16', array: Uint16Array, least: 0, most: 65535, divisor: 1 },
];

/**
 * An example as the bytes of a safetensors file: the image in the narrowest number format that loses no bit, the labels as
 * bytes, and a SHA-256 digest over both.
 */
export function encodeExample({ image, labels, spacingMm }: Example): Uint8Array {
  const { size, channels, intensities } = image;
  const { divisor, tensor } = pack(image.values, [...size, channels]);
  const tensors = new Map<string, RawTensor>([
    ['image', tensor],
    ['labels', { dtype: 'U8', shape: labels.size, data: labels.values }],
  ]);
  const told = JSON.stringify({ divisor, intensities, spacingMm });
  const metadata = { format: exampleFormat, told, sha256: digestOf(told, tensors) };
  return encodeSafetensors({ tensors, metadata });
}

/** The example of such a file, under an id; undefined if the bytes are damaged, cut off or something else. */
export function decodeExample(bytes: Uint8Array, id: string): Example | undefined {
  try {
    const { tensors, metadata } = decodeSafetensors(bytes);
    const { format, told = '', sha256 } = metadata;
    const [image, labels] = [tensors.get('image'), tensors.get('labels')];
    if (image === undefined || labels === undefined) return undefined;
    if (format !== exampleFormat || sha256 !== digestOf(told, tensors)) return undefined;
    const { divisor, intensities, spacingMm } = JSON.parse(told) as Told;
    return {
      id,
      image: {
        values: unpack(image, divisor),
        size: image.shape.slice(0, -1),
        channels: image.shape.at(-1)!,
        ...(intensities === undefined ? {} : { intensities }),
      },
      labels: { values: labels.data.slice(), size: labels.shape },
      ...(spacingMm === undefined ? {} : { spacingMm }),
    };
  } catch {
    return undefined;
  }
}

/** What the metadata of a file say besides. */
interface Told extends Pick<Example['image'], 'intensities'>, Pick<Example, 'spacingMm'> {
  readonly divisor: number;
}

function digestOf(told: string, tensors: ReadonlyMap<string, RawTensor>): string {
  const hash = createHash('sha256').update(told);
  for (const name of ['image', 'labels']) {
    const { dtype, shape, data } = tensors.get(name)!;
    hash.update(JSON.stringify([name, dtype, shape])).update(data);
  }
  return hash.digest('hex');
}

function pack(values: Float32Array, shape: readonly number[]): { divisor: number; tensor: RawTensor } {
  for (const { dtype, array, least, most, divisor } of narrowFormats) {
    const packed = new array(values.length);
    if (isPacked(values, packed, least, most, divisor)) {
      return { divisor, tensor: { dtype, shape, data: bytesOf(packed) } };
    }
  }
  return { divisor: 1, tensor: { dtype: 'F32', shape, data: bytesOf(values) } };
}

/** Fills `packed`; false as soon as a value does not come back with the same bits: fractions, −0, NaN. */
function isPacked(
  values: Float32Array,
  packed: Uint8Array | Uint16Array | Int16Array,
  least: number,
  most: number,
  divisor: number,
): boolean {
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    const whole = Math.round(value * divisor) + 0; // Adding 0 takes the sign off −0.
    if (!(whole >= least && whole <= most) || !Object.is(Math.fround(whole / divisor), value)) return false;
    packed[i] = whole;
  }
  return true;
}

function unpack({ dtype, data }: RawTensor, divisor: number): Float32Array {
  // A copy of its own: a view would keep the whole file in memory, and may be misaligned.
  const { buffer } = new Uint8Array(data);
  if (dtype === 'F32') return new Float32Array(buffer);
  const format = narrowFormats.find((one) => one.dtype === dtype && one.divisor === divisor);
  if (format === undefined) throw new Error(`internal: no example has numbers of format ${dtype}`);
  const whole =
    dtype === 'U8'
      ? new Uint8Array(buffer)
      : dtype === 'I16'
        ? new Int16Array(buffer)
        : new Uint16Array(buffer);
  const values = new Float32Array(whole.length);
  for (let i = 0; i < values.length; i++) values[i] = whole[i]! / divisor;
  return values;
}

function bytesOf({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}
