/** Scans to be written as a DICOM series: canonical axes, width toward the right, height toward the front, depth toward the top. */
export interface Scan {
  /** Whole numbers, row by row, slice by slice. */
  readonly values: ArrayLike<number>;
  readonly shape: readonly [depth: number, height: number, width: number];
  readonly spacingMm: readonly [depth: number, height: number, width: number];
  /** Of the first voxel, in millimeters toward right, front and top. */
  readonly originMm: readonly [x: number, y: number, z: number];
}

/** A CT series, one file for each slice, in no order. *Source*: DICOM PS3.3, PS3.5 and PS3.10 (explicit VR little endian). */
export function dicomSeries({
  values,
  shape,
  spacingMm,
  originMm,
}: Scan): { name: string; bytes: Uint8Array }[] {
  const [depth, height, width] = shape;
  // A step that has no divisor in common with the depth visits every slice.
  const step = [5, 7, 11].find((prime) => depth % prime !== 0) ?? 1;
  return Array.from({ length: depth }, (_, i) => {
    const d = (step * i) % depth;
    const first = d * height * width;
    const pixels = Int16Array.from({ length: height * width }, (__, p) => values[first + p]! + 1024);
    const place = [-originMm[0], -originMm[1], originMm[2] + d * spacingMm[0]];
    const bytes = Buffer.concat([
      Buffer.alloc(128),
      Buffer.from('DICM'),
      element(2, 0x10, 'UI', '1.2.840.10008.1.2.1'),
      element(0x20, 0x0e, 'UI', '1.2.3'),
      element(0x20, 0x32, 'DS', place.join('\\')),
      element(0x20, 0x37, 'DS', '-1\\0\\0\\0\\-1\\0'),
      element(0x28, 0x02, 'US', 1),
      element(0x28, 0x04, 'CS', 'MONOCHROME2'),
      element(0x28, 0x10, 'US', height),
      element(0x28, 0x11, 'US', width),
      element(0x28, 0x30, 'DS', `${spacingMm[1]}\\${spacingMm[2]}`),
      element(0x28, 0x100, 'US', 16),
      element(0x28, 0x101, 'US', 16),
      element(0x28, 0x102, 'US', 15),
      element(0x28, 0x103, 'US', 1),
      element(0x28, 0x1052, 'DS', '-1024'),
      element(0x28, 0x1053, 'DS', '1'),
      element(0x7fe0, 0x10, 'OW', Buffer.from(pixels.buffer)),
    ]);
    return { name: `slice-${d}.dcm`, bytes: new Uint8Array(bytes) };
  });
}

function element(group: number, number: number, kind: string, value: string | number | Buffer): Buffer {
  const content = Buffer.isBuffer(value)
    ? value
    : typeof value === 'number'
      ? u16(value)
      : padded(value, kind);
  const length =
    kind === 'OW'
      ? [u16(0), u16(content.length & 0xffff), u16(content.length >>> 16)]
      : [u16(content.length)];
  return Buffer.concat([u16(group), u16(number), Buffer.from(kind), ...length, content]);
}

/** To an even length: identifiers with a zero, other text with a blank. */
function padded(text: string, kind: string): Buffer {
  return Buffer.from(text.length % 2 === 0 ? text : text + (kind === 'UI' ? '\0' : ' '), 'latin1');
}

function u16(value: number): Buffer {
  return Buffer.from([value & 255, value >> 8]);
}
