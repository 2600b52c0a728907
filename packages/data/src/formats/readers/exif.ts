/**
 * The orientation in an APP1 segment: 1 is upright, 2 to 8 are turned or mirrored; 1 if there is none.
 *
 * *Source*: Exif 2.3, tag 0x0112 of the first directory of its embedded TIFF.
 */
export function exifOrientation(segment: Uint8Array): number {
  if (String.fromCharCode(...segment.subarray(0, 4)) !== 'Exif' || segment.length < 14) return 1;
  const view = new DataView(segment.buffer, segment.byteOffset + 6, segment.byteLength - 6);
  const isLittle = view.getUint16(0) === 0x4949;
  const directory = view.getUint32(4, isLittle);
  if (directory + 2 > view.byteLength) return 1;
  const entries = view.getUint16(directory, isLittle);
  for (let i = 0; i < entries; i++) {
    const entry = directory + 2 + 12 * i;
    if (entry + 12 > view.byteLength) return 1;
    if (view.getUint16(entry, isLittle) === 0x0112) return view.getUint16(entry + 8, isLittle);
  }
  return 1;
}
