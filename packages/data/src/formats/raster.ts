import { firstNonFinite } from '@sshn/core';
import type { Image, LabelMap } from '../dataset/types.js';
import { convertChannels, resizeImage } from '../geometry/resize.js';
import type { VoxelData } from '../volumes/volume.js';
import { damaged, Refusal } from './refusal.js';

/** What a file says about itself before its pixels are read. */
export interface Header {
  readonly width: number;
  readonly height: number;
  /** Of the image that will come out: 1 (grey) or 3 (RGB). */
  readonly channels: 1 | 3;
  /** How many images the file holds. @default 1 */
  readonly frames?: number;
}

/** Pixels as a file stores them, before scaling to [0, 1]. */
export interface Raster {
  readonly width: number;
  readonly height: number;
  /** How many samples a pixel has in `values`, with alpha. */
  readonly samples: number;
  /** Row-major, samples of a pixel side by side. */
  readonly values: VoxelData;
  /** The sample that stands for full intensity: 2^bits − 1; 1 for floating point and signed integers. */
  readonly full: number;
  /** Where `values` are indices: their colors as red, green, blue in [0, 1]. */
  readonly palette?: Palette;
}

/** Colors by index, each component in [0, 1]. */
export type Palette = ReadonlyArray<readonly [red: number, green: number, blue: number]>;

/** Whether a palette is a list of greys, so that the image has one channel. */
export function isGrey(palette: Palette): boolean {
  return palette.every(([red, green, blue]) => red === green && green === blue);
}

/** Samples of up to 16 bits, packed from the highest bit down, every row starting on a whole byte, one per element. */
export function unpackBits(
  packed: Uint8Array,
  width: number,
  height: number,
  bits: number,
): Uint8Array | Uint16Array {
  const stride = Math.ceil((width * bits) / 8);
  const mask = 2 ** bits - 1;
  const unpacked = bits > 8 ? new Uint16Array(width * height) : new Uint8Array(width * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const bit = x * bits;
      const at = y * stride + (bit >> 3);
      // A sample may reach over three bytes.
      const three = (packed[at]! << 16) | ((packed[at + 1] ?? 0) << 8) | (packed[at + 2] ?? 0);
      unpacked[y * width + x] = (three >> (24 - bits - (bit & 7))) & mask;
    }
  }
  return unpacked;
}

/** Scaled to [0, 1], alpha dropped, palettes looked up. @throws {Refusal} if a value is not finite or has no color. */
export function toImage({ width, height, samples, values, full, palette }: Raster): Image {
  const size = [height, width];
  if (palette !== undefined) return { ...lookUp(values, palette), size, intensities: 'picture' };
  const channels = samples < 3 ? 1 : 3;
  const scaled = new Float32Array(width * height * channels);
  if (values instanceof Uint8Array && samples === channels) {
    const shares = Float32Array.from({ length: 256 }, (_, value) => value / full);
    for (let i = 0; i < scaled.length; i++) scaled[i] = shares[values[i]!]!;
  } else {
    for (let pixel = 0; pixel < width * height; pixel++) {
      for (let c = 0; c < channels; c++) scaled[pixel * channels + c] = values[pixel * samples + c]! / full;
    }
  }
  const isFloat = values instanceof Float32Array || values instanceof Float64Array;
  if (isFloat && firstNonFinite(scaled) !== undefined) {
    throw new Refusal('holds values that are not finite numbers', 'Replace them before saving it.');
  }
  return {
    values: scaled,
    size,
    channels,
    intensities: values instanceof Uint8Array ? 'picture' : 'scanner',
  };
}

/** Pixels that are turned into floating-point numbers at a time. */
const stripPixels = 2 ** 18;

/**
 * As `resizeImage(convertChannels(toImage(raster), channels), size)`, number by number, but a strip of rows at a time: rows are
 * resized first, and then are few.
 *
 * @throws {Refusal} as `toImage`; {ShapeError} or {ValueError} if there is no such size.
 */
export function toImageOfSize(
  raster: Raster,
  size: readonly number[] | undefined,
  channels: number | undefined,
): Image {
  const { width, height, samples, values } = raster;
  const isColor = raster.palette === undefined ? samples >= 3 : !isGrey(raster.palette);
  const wanted = channels ?? (isColor ? 3 : 1);
  const newSize = size ?? [height, width];
  // Checked by the function that will use it.
  if (newSize.length !== 2) return resizeImage(toImage({ ...raster, height: 1 }), newSize);
  const newWidth = newSize[1]!;
  const rows = Math.max(1, Math.floor(stripPixels / width));
  let narrow: Image | undefined;
  for (let y = 0; y < height; y += rows) {
    const count = Math.min(rows, height - y);
    const part = values.subarray(y * width * samples, (y + count) * width * samples);
    const strip = toImage({ ...raster, height: count, values: part });
    const resized = resizeImage(convertChannels(strip, wanted), [count, newWidth]);
    narrow ??= { ...resized, values: new Float32Array(height * newWidth * wanted), size: [height, newWidth] };
    narrow.values.set(resized.values, y * newWidth * wanted);
  }
  return resizeImage(narrow!, newSize);
}

function lookUp(indices: Raster['values'], palette: Palette): { values: Float32Array; channels: number } {
  const channels = isGrey(palette) ? 1 : 3;
  const values = new Float32Array(indices.length * channels);
  for (let pixel = 0; pixel < indices.length; pixel++) {
    const color = palette[indices[pixel]!];
    if (color === undefined) {
      throw damaged('palette image', `index ${indices[pixel]} in a palette of ${palette.length} colors`);
    }
    for (let c = 0; c < channels; c++) values[pixel * channels + c] = color[c]!;
  }
  return { values, channels };
}

/** Why a JPEG cannot hold labels. */
export function lossyLabels(): Refusal {
  return new Refusal(
    'is a JPEG, whose compression changes label values',
    'Save labels as an 8-bit PNG, from their source.',
  );
}

/**
 * Values and palette indices as they are, floating-point ones if they are whole.
 *
 * @throws {Refusal} if labels cannot be read off: colors, fractions, values below 0 or above 255.
 */
export function toLabels({ width, height, samples, values }: Raster): LabelMap {
  const labels = new Uint8Array(width * height);
  for (let pixel = 0; pixel < labels.length; pixel++) {
    const label = values[pixel * samples]!;
    if (!Number.isInteger(label)) {
      throw new Refusal(
        `holds the number ${label}, and labels are whole`,
        'Save labels as whole numbers, in an 8-bit PNG for example.',
      );
    }
    if (label > 255 || label < 0) {
      throw new Refusal(
        `holds the label ${label}, and labels go from 0 to 255`,
        'Renumber the labels from 0 up; cells that are numbered one by one are one label.',
      );
    }
    if (samples >= 3 && (values[pixel * samples + 1] !== label || values[pixel * samples + 2] !== label)) {
      throw new Refusal(
        'is a color image, and labels are numbers',
        'Save labels as an 8-bit PNG, grey or with a palette.',
      );
    }
    labels[pixel] = label;
  }
  return { values: labels, size: [height, width] };
}
