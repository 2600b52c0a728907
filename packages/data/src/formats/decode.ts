import type { Image, LabelMap } from '../dataset/types.js';

/** Reads a PNG, JPEG, BMP or TIFF image: intensities in [0, 1] by bit depth, 1 channel (grey) or 3 (RGB). */
export async function decodeImage(_bytes: Uint8Array, _name: string): Promise<Image> {
  throw new Error('internal: being written');
}

/** Reads a label map: grey values or palette indices as they are stored, 0 to 255. */
export async function decodeLabels(_bytes: Uint8Array, _name: string): Promise<LabelMap> {
  throw new Error('internal: being written');
}
