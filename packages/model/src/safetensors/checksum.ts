import { comparePaths, crc32, FileError } from '@sshn/core';
import type { SafetensorsFile } from './header.js';

/** The key in the metadata under which the checksum stands, in eight hexadecimal digits. */
const checksumKey = 'sshn-crc32';

/** The same file with a checksum over all that it says: one changed bit is noticed when it is read. */
export function withChecksum(file: SafetensorsFile): SafetensorsFile {
  return { ...file, metadata: { ...file.metadata, [checksumKey]: checksumOf(file) } };
}

/** @throws {FileError} if a file has a checksum, and another content. Files of older releases have none. */
export function requireChecksum(file: SafetensorsFile, source: string): void {
  const found = file.metadata[checksumKey];
  if (found === undefined || found === checksumOf(file)) return;
  throw new FileError({
    path: source,
    problem: 'its checksum is wrong: it was damaged, or changed by another program',
    remedy: `Copy, download or export it again. Where it was changed on purpose, remove '${checksumKey}' from its metadata.`,
  });
}

/** CRC-32 of metadata by key, and of each tensor's name, number format, shape and bytes, in canonical order. */
function checksumOf({ tensors, metadata }: SafetensorsFile): string {
  const encoder = new TextEncoder();
  const notes = Object.entries(metadata)
    .filter(([key]) => key !== checksumKey)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  const named = [...tensors].sort(([a], [b]) => comparePaths(a, b));
  const pieces = [
    encoder.encode(JSON.stringify(notes)),
    ...named.flatMap(([name, { dtype, shape, data }]) => [
      encoder.encode(JSON.stringify([name, dtype, shape])),
      data,
    ]),
  ];
  return crc32(...pieces)
    .toString(16)
    .padStart(8, '0');
}
