import { comparePaths, ValueError } from '@sshn/core';
import {
  byteLength,
  bytesPerEntry,
  longestHeader,
  metadataKey,
  nameFault,
  prefixBytes,
  type RawTensor,
  type SafetensorsFile,
} from './format.js';

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
