import { byteLength, type Dtype, isDtype, metadataKey, nameFault } from './format.js';
import { repeatedKey } from './repeated-key.js';

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
  const twice = repeatedKey(text);
  if (twice !== undefined) throw new HeaderFault(`its header has the name ${JSON.stringify(twice)} twice`);
  return root;
}

function readMetadata(metadata: unknown): Record<string, string> {
  if (!isRecord(metadata)) throw new HeaderFault(`${metadataKey} is not an object`);
  for (const [key, value] of Object.entries(metadata)) {
    if (typeof value !== 'string')
      throw new HeaderFault(`${metadataKey}: ${JSON.stringify(key)} is not text`);
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
  if (!isDtype(dtype)) throw new HeaderFault(`${where} has the unknown dtype ${JSON.stringify(dtype)}`);
  if (!isCounts(shape))
    throw new HeaderFault(`${where} has a shape that is no list of integers of at least 0`);
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
