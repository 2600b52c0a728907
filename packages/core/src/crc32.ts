/** What a byte does to the remainder, with 0 to 3 bytes behind it: 256 numbers each. */
const table = /* @__PURE__ */ tables();

/**
 * The CRC-32 of several pieces of bytes, one after the other, as PNG, ZIP and gzip have it: from 0 to 2³² − 1.
 *
 * @example
 * crc32(new TextEncoder().encode('123456789'));   // 0xcbf43926
 *
 * *Source*: ISO 3309; the PNG specification, annex D. Four bytes at a time: Kounavis and Berry, "Novel Table Lookup-Based
 * Algorithms for High-Performance CRC Generation", IEEE Trans. Comput. 2008.
 */
export function crc32(...pieces: ReadonlyArray<ArrayLike<number>>): number {
  let crc = -1;
  for (const bytes of pieces) {
    const whole = bytes.length & ~3;
    for (let i = 0; i < whole; i += 4) {
      crc ^= bytes[i]! | (bytes[i + 1]! << 8) | (bytes[i + 2]! << 16) | (bytes[i + 3]! << 24);
      crc =
        table[768 + (crc & 255)]! ^
        table[512 + ((crc >>> 8) & 255)]! ^
        table[256 + ((crc >>> 16) & 255)]! ^
        table[crc >>> 24]!;
    }
    for (let i = whole; i < bytes.length; i++) crc = table[(crc ^ bytes[i]!) & 255]! ^ (crc >>> 8);
  }
  return ~crc >>> 0;
}

function tables(): Int32Array {
  const values = new Int32Array(4 * 256);
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte;
    for (let i = 0; i < 8; i++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
    values[byte] = crc;
  }
  for (let i = 256; i < values.length; i++) {
    const before = values[i - 256]!;
    values[i] = values[before & 255]! ^ (before >>> 8);
  }
  return values;
}
