import { comparePaths, FileError, ValueError } from '@sshn/core';
import {
  byteLength,
  bytesPerEntry,
  HeaderFault,
  longestHeader,
  lookalike,
  metadataKey,
  nameFault,
  prefixBytes,
  type RawTensor,
  readHeader,
  type SafetensorsFile,
} from './header.js';

/**
 * The bytes of a safetensors file: the header's length, the header, and the tensors without holes between them.
 *
 * Tensors follow each other in canonical order of their names (wide number formats before narrow ones), and the header
 * is padded with spaces to a multiple of 8 bytes, so that every tensor is aligned and equal content has equal bytes.
 *
 * @throws {ValueError} if a tensor's bytes do not fit its shape, a shape is none, or a name cannot be stored.
 * @example
 * const bytes = encodeSafetensors({ tensors: new Map([['w', { dtype: 'U8', shape: [2], data }]]), metadata: {} });
 *
 * *Source*: huggingface.co/docs/safetensors, "Format".
 */
export function encodeSafetensors({ tensors, metadata }: SafetensorsFile): Uint8Array {
  const ordered = [...tensors].sort(
    ([a, { dtype: left }], [b, { dtype: right }]) =>
      bytesPerEntry[right] - bytesPerEntry[left] || comparePaths(a, b),
  );
  const header: Array<[string, unknown]> = [];
  const notes = Object.entries(metadata).sort(([a], [b]) => (a < b ? -1 : 1));
  if (notes.length > 0) header.push([metadataKey, Object.fromEntries(notes)]);
  let end = 0;
  for (const [name, tensor] of ordered) {
    checkTensor(name, tensor);
    const begin = end;
    end += tensor.data.byteLength;
    header.push([name, { dtype: tensor.dtype, shape: tensor.shape, data_offsets: [begin, end] }]);
  }

  const text = `{${header.map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`).join(',')}}`;
  const json = new TextEncoder().encode(text);
  const headerBytes = Math.ceil(json.length / 8) * 8;
  if (headerBytes > longestHeader) {
    throw new ValueError({
      where: 'encodeSafetensors: header',
      got: headerBytes,
      expected: `at most ${longestHeader} bytes`,
      hint: 'Store less metadata.',
    });
  }

  const bytes = new Uint8Array(prefixBytes + headerBytes + end);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(headerBytes), true);
  bytes.fill(0x20, prefixBytes, prefixBytes + headerBytes);
  bytes.set(json, prefixBytes);
  let at = prefixBytes + headerBytes;
  for (const [, { data }] of ordered) {
    bytes.set(data, at);
    at += data.byteLength;
  }
  return bytes;
}

function checkTensor(name: string, { dtype, shape, data }: RawTensor): void {
  const fault =
    name === metadataKey ? `the name ${metadataKey}, which belongs to the metadata` : nameFault(name);
  if (fault !== undefined) {
    throw new ValueError({
      where: 'encodeSafetensors',
      got: name,
      expected: `a tensor's name, not ${fault}`,
    });
  }
  if (!shape.every((edge) => Number.isSafeInteger(edge) && edge >= 0)) {
    throw new ValueError({
      where: `encodeSafetensors: shape of '${name}'`,
      got: shape,
      expected: 'integers of at least 0',
    });
  }
  const expected = byteLength(dtype, shape);
  if (data.byteLength !== expected) {
    throw new ValueError({
      where: `encodeSafetensors: bytes of '${name}'`,
      got: data.byteLength,
      expected: `${expected} for ${dtype} of shape [${shape.join(', ')}]`,
    });
  }
}

/**
 * Reads a safetensors file of which nothing is taken on trust: lengths, names, number formats, shapes and offsets are
 * checked before a byte of data is looked at, and every byte has to belong to exactly one tensor.
 *
 * The tensors are views into `bytes`, in the order of the file.
 *
 * @param source What the file is called in errors: a path or an address.
 * @throws {FileError} saying what is wrong and where.
 * @example
 * const { tensors, metadata } = decodeSafetensors(bytes, 'unet.safetensors');
 *
 * *Source*: huggingface.co/docs/safetensors, "Format"; limits as in the reference implementation.
 */
export function decodeSafetensors(bytes: Uint8Array, source = 'safetensors'): SafetensorsFile {
  try {
    return decode(bytes);
  } catch (fault) {
    if (!(fault instanceof HeaderFault)) throw fault;
    const other = lookalike(bytes);
    throw new FileError({
      path: source,
      problem:
        other === undefined
          ? `not a valid safetensors file: ${fault.message}`
          : `this is ${other.what}, not safetensors`,
      remedy: other?.remedy ?? 'Copy, download or export it again.',
      cause: fault,
    });
  }
}

function decode(bytes: Uint8Array): SafetensorsFile {
  if (bytes.byteLength < prefixBytes) {
    throw new HeaderFault(
      `it has ${bytes.byteLength} bytes, fewer than the ${prefixBytes} of its header's length`,
    );
  }
  const declared = new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true);
  if (declared > longestHeader) {
    throw new HeaderFault(`its header claims ${declared} bytes, more than the ${longestHeader} allowed`);
  }
  const dataStart = prefixBytes + Number(declared);
  if (dataStart > bytes.byteLength) {
    throw new HeaderFault(
      `its header claims ${declared} bytes, but only ${bytes.byteLength - prefixBytes} follow`,
    );
  }
  const { entries, metadata } = readHeader(
    bytes.subarray(prefixBytes, dataStart),
    bytes.byteLength - dataStart,
  );
  const tensors = new Map<string, RawTensor>();
  for (const { name, dtype, shape, begin, end } of entries) {
    tensors.set(name, { dtype, shape, data: bytes.subarray(dataStart + begin, dataStart + end) });
  }
  return { tensors, metadata };
}
