import type { Raster } from './raster.js';

/**
 * The orientation in an EXIF block: 1 is upright, 2 to 8 are mirrored or turned; 1 if there is none or it cannot be read.
 *
 * @param tiff The directory that EXIF embeds, from its byte order on.
 *
 * *Source*: Exif 2.3, tag 0x0112 of the first directory of its embedded TIFF.
 */
export function exifOrientation(tiff: Uint8Array): number {
  if (tiff.length < 8) return 1;
  const view = new DataView(tiff.buffer, tiff.byteOffset, tiff.byteLength);
  const isLittle = view.getUint16(0) === 0x4949;
  const directory = view.getUint32(4, isLittle);
  if (directory + 2 > view.byteLength) return 1;
  const entries = view.getUint16(directory, isLittle);
  for (let i = 0; i < entries; i++) {
    const entry = directory + 2 + 12 * i;
    if (entry + 12 > view.byteLength) return 1;
    if (view.getUint16(entry, isLittle) !== 0x0112) continue;
    const orientation = view.getUint16(entry + 8, isLittle);
    return orientation >= 1 && orientation <= 8 ? orientation : 1;
  }
  return 1;
}

/** Whether an orientation makes rows of columns. */
export function isTurned(orientation: number): boolean {
  return orientation >= 5;
}

/**
 * The picture as it is to be seen: stored rows and columns put where the orientation (of EXIF, or of TIFF's own tag) says.
 *
 * *Source*: TIFF 6.0, tag 274: 1 upright, 2 mirrored left to right, 3 turned by 180°, 4 mirrored top to bottom, 5 transposed, 6
 * to be turned right, 7 transposed across, 8 to be turned left.
 */
export function upright(raster: Raster, orientation: number): Raster {
  if (orientation === 1) return raster;
  const { width, height, samples, values } = raster;
  const [isMirrored, isUpsideDown] = [[2, 3, 7, 8].includes(orientation), [3, 4, 6, 7].includes(orientation)];
  const swaps = isTurned(orientation);
  const [newWidth, newHeight] = swaps ? [height, width] : [width, height];
  const turned = values.slice();
  let to = 0;
  for (let y = 0; y < newHeight; y++) {
    for (let x = 0; x < newWidth; x++) {
      const [column, row] = swaps ? [y, x] : [x, y];
      const from =
        ((isUpsideDown ? height - 1 - row : row) * width + (isMirrored ? width - 1 - column : column)) *
        samples;
      for (let c = 0; c < samples; c++) turned[to++] = values[from + c]!;
    }
  }
  return { ...raster, width: newWidth, height: newHeight, values: turned };
}
