import { deflateSync } from 'node:zlib';
import { encodeNifti, volumeOf } from '@sshn/data';
import { dicomSeries } from '@sshn-internal/testing';
import { encode } from 'fast-png';

/** A file as a person would drop it. */
export interface DroppedFile {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** A volume of 12 axial, 20 coronal and 28 sagittal slices, with a bright ball. */
export function niftiFile(): DroppedFile {
  const shape = [12, 20, 28] as const;
  const values = Float32Array.from({ length: 12 * 20 * 28 }, (_, i) => {
    const [d, h, w] = [Math.floor(i / 560), Math.floor(i / 28) % 20, i % 28];
    return Math.hypot(d - 6, h - 10, w - 14) < 5 ? 900 : 100;
  });
  return { name: 'ball.nii.gz', bytes: encodeNifti(volumeOf(values, shape)) };
}

/** A CT of axial slices of 20 × 28 pixels, 2 mm apart, with a bright ball: one file each, in no order. */
export function ballSeries(): DroppedFile[] {
  const shape = [12, 20, 28] as const;
  const values = Int16Array.from({ length: 12 * 20 * 28 }, (_, i) => {
    const [d, h, w] = [Math.floor(i / 560), Math.floor(i / 28) % 20, i % 28];
    return Math.hypot(d - 6, h - 10, w - 14) < 5 ? 80 : -120;
  });
  return dicomSeries({ values, shape, spacingMm: [2, 1, 1], originMm: [0, 0, 0] });
}

/** An uncompressed grey TIFF of 24 × 16 pixels, a ramp. */
export function tiffFile(): DroppedFile {
  const [width, height] = [24, 16];
  const entries: [tag: number, type: 3 | 4, value: number][] = [
    [256, 3, width],
    [257, 3, height],
    [258, 3, 8],
    [259, 3, 1],
    [262, 3, 1],
    [273, 4, 8 + 2 + 9 * 12 + 4],
    [277, 3, 1],
    [278, 3, height],
    [279, 4, width * height],
  ];
  const bytes = Buffer.alloc(8 + 2 + entries.length * 12 + 4 + width * height);
  bytes.write('II*\0', 0, 'latin1');
  bytes.writeUInt32LE(8, 4);
  bytes.writeUInt16LE(entries.length, 8);
  for (const [i, [tag, type, value]] of entries.entries()) {
    const at = 10 + 12 * i;
    bytes.writeUInt16LE(tag, at);
    bytes.writeUInt16LE(type, at + 2);
    bytes.writeUInt32LE(1, at + 4);
    if (type === 3) bytes.writeUInt16LE(value, at + 8);
    else bytes.writeUInt32LE(value, at + 8);
  }
  for (let i = 0; i < width * height; i++) bytes[bytes.length - width * height + i] = 10 * (i % width);
  return { name: 'ramp.tif', bytes: new Uint8Array(bytes) };
}

/** A PNG of RGB noise-free stripes, 40 × 30 pixels. */
export function pngFile(): DroppedFile {
  const [width, height] = [40, 30];
  const rows = Array.from({ length: height }, () =>
    Buffer.from([
      0,
      ...Array.from({ length: width }, (_, x) => (x % 8 < 4 ? [200, 60, 90] : [240, 230, 220])).flat(),
    ]),
  );
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 2, 0, 0, 0], 8);
  const parts = [
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(Buffer.concat(rows))),
    chunk('IEND', Buffer.alloc(0)),
  ];
  const signature = Buffer.from([137, 80, 78, 71, 13, 10, 26, 10]);
  return { name: 'stripes.png', bytes: new Uint8Array(Buffer.concat([signature, ...parts])) };
}

/** A grey PNG of a bright ellipse on a ramp. */
export function ellipseFile(
  name: string,
  size: readonly [height: number, width: number],
  center: readonly [y: number, x: number],
  radii: readonly [y: number, x: number],
): DroppedFile {
  const [height, width] = size;
  const value = (y: number, x: number) => {
    const distance = Math.hypot((y - center[0]) / radii[0], (x - center[1]) / radii[1]);
    return Math.round(40 + x / 2 + 160 / (1 + Math.exp(8 * (distance - 1))));
  };
  const data = Uint8Array.from({ length: height * width }, (_, i) => value(Math.floor(i / width), i % width));
  return { name, bytes: encode({ width, height, channels: 1, depth: 8, data }) };
}

/** A folder of grey images with a bright disc each, 20 × 24 pixels, and label maps that tell where it is. */
export function discFolder(count: number): DroppedFile[] {
  const [height, width] = [20, 24];
  return Array.from({ length: count }, (_, number) => {
    const isInside = (i: number) =>
      Math.hypot(Math.floor(i / width) - 6 - number, (i % width) - 8 - number) < 5;
    const png = (value: (i: number) => number) =>
      encode({
        width,
        height,
        channels: 1,
        depth: 8,
        data: Uint8Array.from({ length: height * width }, (__, i) => value(i)),
      });
    return [
      { name: `images/${number}.png`, bytes: png((i) => (isInside(i) ? 200 : 40 + ((7 * i) % 30))) },
      { name: `labels/${number}.png`, bytes: png((i) => (isInside(i) ? 1 : 0)) },
    ];
  }).flat();
}

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const framed = Buffer.alloc(body.length + 8);
  framed.writeUInt32BE(data.length, 0);
  framed.set(body, 4);
  framed.writeUInt32BE(crc32(body), body.length + 4);
  return framed;
}

function crc32(bytes: Uint8Array): number {
  let crc = ~0;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc >>> 0;
}
