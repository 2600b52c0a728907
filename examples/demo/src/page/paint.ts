import type { Raster } from '../worker/protocol.js';

export type Color = readonly [red: number, green: number, blue: number];

/** Colors that people with any color vision tell apart (Okabe and Ito), for labels that bring none. */
const palette: readonly Color[] = [
  [120, 130, 140],
  [0, 158, 115],
  [213, 94, 0],
  [0, 114, 178],
  [230, 159, 0],
  [204, 121, 167],
  [86, 180, 233],
];

/** The color of a label. */
export function colorOf(label: number, own: Color | undefined): Color {
  return own ?? palette[label % palette.length]!;
}

/** `#rrggbb`, as color inputs want it. */
export function hexOf([red, green, blue]: Color): string {
  return `#${[red, green, blue].map((part) => part.toString(16).padStart(2, '0')).join('')}`;
}

export function colorFromHex(hex: string): Color {
  const value = Number.parseInt(hex.slice(1), 16);
  return [value >> 16, (value >> 8) & 255, value & 255];
}

/** How one label is drawn. */
export interface LabelStyle {
  readonly color: Color;
  readonly isShown: boolean;
}

/** Pixels of a label map in the labels' colors; background and hidden labels are transparent. */
export function overlayOf(
  labels: Uint8Array,
  size: readonly [number, number],
  styles: readonly LabelStyle[],
  opacity: number,
): Raster {
  const pixels = new Uint8ClampedArray(4 * labels.length);
  for (const [pixel, label] of labels.entries()) {
    const style = styles[label];
    if (label === 0 || style === undefined || !style.isShown) continue;
    const at = 4 * pixel;
    [pixels[at], pixels[at + 1], pixels[at + 2]] = style.color;
    pixels[at + 3] = 255 * opacity;
  }
  return { pixels, size };
}

/** Yellow, which no label has of itself. */
const unsureColor: Color = [240, 228, 66];

/** Pixels of a map of uncertainty: clear where the network is sure, yellow where two labels are as probable. */
export function unsureRaster(uncertainty: Float32Array, size: readonly [number, number]): Raster {
  const pixels = new Uint8ClampedArray(4 * uncertainty.length);
  for (const [pixel, value] of uncertainty.entries()) {
    pixels.set(unsureColor, 4 * pixel);
    pixels[4 * pixel + 3] = 255 * Math.min(1, 2 * value);
  }
  return { pixels, size };
}

/** Grey values in [0, 1] as pixels. */
export function greyRaster(values: Float32Array, size: readonly [number, number]): Raster {
  const pixels = new Uint8ClampedArray(4 * values.length);
  for (let pixel = 0; pixel < values.length; pixel++) {
    const at = 4 * pixel;
    pixels.fill(255 * values[pixel]!, at, at + 3);
    pixels[at + 3] = 255;
  }
  return { pixels, size };
}

/** Grey values in [0, 1] as a PNG file. */
export async function pngOf(values: Float32Array, size: readonly [number, number]): Promise<Uint8Array> {
  const canvas = new OffscreenCanvas(size[1], size[0]);
  const { pixels } = greyRaster(values, size);
  canvas.getContext('2d')!.putImageData(new ImageData(pixels, size[1], size[0]), 0, 0);
  return new Uint8Array(await (await canvas.convertToBlob({ type: 'image/png' })).arrayBuffer());
}

/** Draws a raster over all of a canvas, over what is there. */
export function drawRaster(context: CanvasRenderingContext2D, { pixels, size }: Raster): void {
  const source = new OffscreenCanvas(size[1], size[0]);
  source.getContext('2d')!.putImageData(new ImageData(pixels, size[1], size[0]), 0, 0);
  const { width, height } = context.canvas;
  // Small images show their pixels.
  context.imageSmoothingEnabled = size[0] > height;
  if (context.imageSmoothingEnabled) context.imageSmoothingQuality = 'high';
  context.drawImage(source, 0, 0, width, height);
}
