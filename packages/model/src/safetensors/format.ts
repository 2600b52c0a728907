/** Bytes per entry of the number formats that a safetensors file may hold, by their names in its header. */
export const bytesPerEntry = {
  BOOL: 1,
  U8: 1,
  I8: 1,
  F8_E4M3: 1,
  F8_E5M2: 1,
  U16: 2,
  I16: 2,
  F16: 2,
  BF16: 2,
  U32: 4,
  I32: 4,
  F32: 4,
  U64: 8,
  I64: 8,
  F64: 8,
  C64: 8,
} as const;

/** A number format of safetensors. */
export type Dtype = keyof typeof bytesPerEntry;

/** Tells a number format from any other word. */
export function isDtype(word: unknown): word is Dtype {
  return typeof word === 'string' && Object.hasOwn(bytesPerEntry, word);
}

/** A tensor as it lies in a file: row-major, little-endian. */
export interface RawTensor {
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  readonly data: Uint8Array;
}

/** What a safetensors file holds. */
export interface SafetensorsFile {
  readonly tensors: ReadonlyMap<string, RawTensor>;
  /** The header's `__metadata__`. */
  readonly metadata: Readonly<Record<string, string>>;
}

/** The name in the header that belongs to no tensor. */
export const metadataKey = '__metadata__';

/** Longest header that the reference implementation accepts, and so do we. */
export const longestHeader = 100_000_000;

/** Bytes before the header: its length, an unsigned 64-bit integer. */
export const prefixBytes = 8;

/** How many bytes a tensor takes; undefined if that is no safe integer. */
export function byteLength(dtype: Dtype, shape: readonly number[]): number | undefined {
  let length: number = bytesPerEntry[dtype];
  if (shape.includes(0)) return 0;
  for (const edge of shape) {
    length *= edge;
    if (!Number.isSafeInteger(length)) return undefined;
  }
  return length;
}

/** What is wrong with a tensor's name, or undefined. */
export function nameFault(name: string): string | undefined {
  if (name === '') return 'an empty name';
  if (name.length > 1000) return `a name of ${name.length} characters, more than 1000`;
  if (/[\p{Cc}\p{Cs}]/u.test(name)) return `control characters in the name ${JSON.stringify(name)}`;
  return undefined;
}
