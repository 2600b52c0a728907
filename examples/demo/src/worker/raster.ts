import { type Image, normalizeIntensity, resizeImage } from '@sshn/data';
import type { Raster } from './protocol.js';

/** Longest edge of what is shown, in pixels: a canvas takes four bytes for each. */
const longestEdge = 4096;

/** An image as a page draws it: grey or RGB of any range, at its own resolution unless that is huge. */
export function rasterOf(image: Image): Raster {
  const [height, width] = image.size as [number, number];
  const scale = Math.min(1, longestEdge / Math.max(height, width));
  const size = [height, width].map((edge) => Math.max(1, Math.round(edge * scale))) as [number, number];
  const shown = scale < 1 ? resizeImage(image, size) : image;
  const { channels } = shown;
  const values = inUnitRange(shown.values);
  const pixels = new Uint8ClampedArray(4 * size[0] * size[1]);
  for (let pixel = 0; pixel < size[0] * size[1]; pixel++) {
    for (let color = 0; color < 3; color++)
      pixels[4 * pixel + color] = 255 * values[pixel * channels + Math.min(color, channels - 1)]!;
    pixels[4 * pixel + 3] = 255;
  }
  return { pixels, size };
}

/** As it is where intensities are in [0, 1], else stretched to it. */
function inUnitRange(values: Float32Array): Float32Array {
  const isInside = values.every((value) => value >= 0 && value <= 1);
  return isInside ? values : normalizeIntensity(values, { kind: 'minMax' });
}
