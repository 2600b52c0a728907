import { FileError } from '@sshn/core';
import { longestHeader, prefixBytes, type RawTensor, type SafetensorsFile } from './format.js';
import { HeaderFault, readHeader } from './header.js';
import { lookalike } from './lookalike.js';

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
