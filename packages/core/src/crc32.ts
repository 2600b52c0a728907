const table = /* @__PURE__ */ Int32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let i = 0; i < 8; i++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  return crc;
});

/**
 * The CRC-32 of several pieces of bytes, one after the other, as PNG, ZIP and gzip have it: from 0 to 2³² − 1.
 *
 * @example
 * crc32(new TextEncoder().encode('123456789'));   // 0xcbf43926
 *
 * *Source*: ISO 3309; the PNG specification, annex D.
 */
export function crc32(...pieces: ReadonlyArray<ArrayLike<number>>): number {
  let crc = -1;
  for (const bytes of pieces) {
    for (let i = 0; i < bytes.length; i++) crc = table[(crc ^ bytes[i]!) & 255]! ^ (crc >>> 8);
  }
  return ~crc >>> 0;
}
