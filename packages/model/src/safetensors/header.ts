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

/** Most tensors of a file; the largest language models have some thousands. */
const mostTensors = 2 ** 16;

/** Longest header that is read or written, in bytes. The reference implementation has 100 MB. */
export const longestHeader = 2 ** 24;

/** Most axes of a tensor. */
const mostAxes = 32;

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

/** Beginnings of files that people have in hand where they meant a safetensors file. */
const beginnings: ReadonlyArray<{ readonly text: string; readonly what: string; readonly remedy: string }> = [
  {
    text: '<!doctype html',
    what: 'an HTML page',
    remedy: 'Use the address of the file itself, not of a page about it.',
  },
  {
    text: '<html',
    what: 'an HTML page',
    remedy: 'Use the address of the file itself, not of a page about it.',
  },
  {
    text: 'version https://git-lfs',
    what: 'a Git LFS pointer, not the file that it stands for',
    remedy: "Run 'git lfs pull', or download the file itself.",
  },
  {
    text: 'pk\u0003\u0004',
    what: 'a ZIP archive (a PyTorch checkpoint is one)',
    remedy: 'Weights of PyTorch become a model with `sshn import`.',
  },
  { text: '\u001f\u008b', what: 'gzip-compressed', remedy: 'Decompress it first.' },
  { text: '\u0089hdf', what: 'an HDF5 file (Keras writes them)', remedy: 'Save the weights as safetensors.' },
];

/** What a file that begins with these bytes is instead of safetensors, if it is something well known. */
export function lookalike(bytes: Uint8Array): { readonly what: string; readonly remedy: string } | undefined {
  // Each byte as a character; a byte order mark may stand in front of a page.
  const start = String.fromCharCode(...bytes.subarray(0, 64))
    .replace(/^\u00ef\u00bb\u00bf/, '')
    .trimStart()
    .toLowerCase();
  return beginnings.find(({ text }) => start.startsWith(text));
}

/**
 * The first name that an object in a JSON text has twice, at any depth; undefined if there is none.
 *
 * `JSON.parse` keeps the last and says nothing, so two readers of one file could see two different files.
 *
 * @param text Valid JSON.
 */
export function repeatedKey(text: string): string | undefined {
  const objects: Array<Set<string>> = [];
  for (let at = 0; at < text.length; at++) {
    const character = text[at];
    if (character === '{') objects.push(new Set());
    else if (character === '}') objects.pop();
    else if (character === '"') {
      const end = endOfString(text, at);
      if (isFollowedByColon(text, end)) {
        const key = JSON.parse(text.slice(at, end)) as string;
        const seen = objects.at(-1)!;
        if (seen.has(key)) return key;
        seen.add(key);
      }
      at = end - 1;
    }
  }
  return undefined;
}

/** The index behind the closing quote of the string that begins at `at`. */
function endOfString(text: string, at: number): number {
  let end = at + 1;
  while (text[end] !== '"') end += text[end] === '\\' ? 2 : 1;
  return end + 1;
}

function isFollowedByColon(text: string, at: number): boolean {
  let next = at;
  while (text[next] === ' ' || text[next] === '\n' || text[next] === '\r' || text[next] === '\t') next++;
  return text[next] === ':';
}

/** Where a tensor lies, in bytes from the end of the header. */
export interface Entry {
  readonly name: string;
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  readonly begin: number;
  readonly end: number;
}

/** A header whose every entry has been checked. */
export interface Header {
  /** In the order in which they lie in the file. */
  readonly entries: readonly Entry[];
  readonly metadata: Readonly<Record<string, string>>;
}

/** Thrown inside the reader: what is wrong, in words that follow a file's name. */
export class HeaderFault extends Error {
  override readonly name = 'HeaderFault';
}

/**
 * Reads a header and checks all that it claims.
 *
 * @param dataBytes How many bytes follow the header.
 * @throws {HeaderFault} at the first fault.
 */
export function readHeader(header: Uint8Array, dataBytes: number): Header {
  const root = parseObject(header);
  const { [metadataKey]: metadata, ...rest } = root;
  const entries = Object.entries(rest).map(([name, value]) => readEntry(name, value, dataBytes));
  entries.sort((a, b) => a.begin - b.begin || a.end - b.end);
  let covered = 0;
  for (const { name, begin, end } of entries) {
    if (begin < covered)
      throw new HeaderFault(`tensor '${name}' overlaps the one before it, at byte ${begin}`);
    if (begin > covered)
      throw new HeaderFault(`${begin - covered} bytes before tensor '${name}' belong to none`);
    covered = end;
  }
  if (covered !== dataBytes)
    throw new HeaderFault(`the last ${dataBytes - covered} bytes belong to no tensor`);
  return { entries, metadata: metadata === undefined ? {} : readMetadata(metadata) };
}

function parseObject(header: Uint8Array): Record<string, unknown> {
  if (header[0] !== 0x7b) throw new HeaderFault("its header does not begin with '{'");
  let text: string;
  let root: unknown;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(header);
    root = JSON.parse(text);
  } catch (cause) {
    throw new HeaderFault('its header is not JSON', { cause });
  }
  if (!isRecord(root)) throw new HeaderFault('its header is not one JSON object');
  const count = Object.keys(root).length;
  if (count > mostTensors) throw new HeaderFault(`it has ${count} tensors, more than ${mostTensors}`);
  const twice = repeatedKey(text);
  if (twice !== undefined)
    throw new HeaderFault(`its header has the name ${JSON.stringify(twice.slice(0, 100))} twice`);
  return root;
}

function readMetadata(metadata: unknown): Record<string, string> {
  if (!isRecord(metadata)) throw new HeaderFault(`${metadataKey} is not an object`);
  for (const [key, value] of Object.entries(metadata)) {
    if (typeof value !== 'string')
      throw new HeaderFault(`${metadataKey}: ${JSON.stringify(key.slice(0, 100))} is not text`);
  }
  return metadata as Record<string, string>;
}

function readEntry(name: string, value: unknown, dataBytes: number): Entry {
  const fault = nameFault(name);
  if (fault !== undefined) throw new HeaderFault(`its header has ${fault}`);
  const where = `tensor '${name}'`;
  if (!isRecord(value) || Object.keys(value).sort().join() !== 'data_offsets,dtype,shape') {
    throw new HeaderFault(`${where} is not described by exactly dtype, shape and data_offsets`);
  }
  const { dtype, shape, data_offsets: offsets } = value;
  if (!isDtype(dtype)) {
    const shown =
      typeof dtype === 'string' ? `the unknown dtype '${dtype.slice(0, 20)}'` : 'a dtype that is no text';
    throw new HeaderFault(`${where} has ${shown}`);
  }
  if (!isCounts(shape))
    throw new HeaderFault(`${where} has a shape that is no list of integers of at least 0`);
  if (shape.length > mostAxes)
    throw new HeaderFault(`${where} has ${shape.length} axes, more than ${mostAxes}`);
  if (!isCounts(offsets) || offsets.length !== 2) {
    throw new HeaderFault(`${where} has data_offsets that are not two integers of at least 0`);
  }
  const [begin, end] = offsets as [number, number];
  if (begin > end) throw new HeaderFault(`${where} ends at byte ${end}, before it begins at ${begin}`);
  if (end > dataBytes) throw new HeaderFault(`${where} ends at byte ${end} of ${dataBytes}`);
  const expected = byteLength(dtype, shape);
  if (end - begin !== expected) {
    throw new HeaderFault(
      `${where} has ${end - begin} bytes, but ${dtype} of shape [${shape.join(', ')}] needs ${expected ?? 'more than there can be'}`,
    );
  }
  return { name, dtype, shape, begin, end };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isCounts(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((n) => Number.isSafeInteger(n) && n >= 0);
}
