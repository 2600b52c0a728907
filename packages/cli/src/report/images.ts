import { rangeOf } from '@sshn/core';
import type { Image, LabelMap } from '@sshn/data';
import { encode } from 'fast-png';
import { labelColor } from '../plots/draw.js';
import { type Html, html } from './html.js';

/** A picture of 8-bit RGB values, row by row. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

/** Edge of the longer side of pictures in the report, about; pixels are repeated or left out to come near it. */
const wantedEdge = 256;

/** How strongly a label's color covers the image. */
const opacity = 0.5;

/**
 * An image as a picture; of a 3D image, its middle slice. Intensities are stretched over its own range.
 *
 * @param labels Painted over it, in the colors of `labelColor`, with their borders solid; the image is grey below.
 * @param truth Its borders are drawn as a line, black on bright and white on dark images, to show where `labels` are off.
 * @param range What is black and what is white. @default the smallest and the largest intensity
 */
export function paint(
  image: Image,
  labels?: LabelMap,
  truth?: LabelMap,
  range?: readonly [low: number, high: number],
): Picture {
  const grid = gridOf(image.size);
  const { first, pixels } = grid;
  const { channels } = image;
  const base = stretched(image.values.subarray(first * channels, (first + pixels) * channels), range);
  const slice = (map: LabelMap | undefined) => map?.values.subarray(first, first + pixels);
  const [painted, outlined] = [slice(labels), slice(truth)];
  const line = mean(base) > 127 ? 0 : 255;

  const data = new Uint8Array(grid.width * grid.height * 3);
  for (let y = 0; y < grid.height; y++) {
    for (let x = 0; x < grid.width; x++) {
      const from = grid.source(x, y);
      const color = colorAt(base, from, channels, painted !== undefined);
      const label = painted?.[from] ?? 0;
      const isLine = outlined !== undefined && isBorder(outlined, x, y, grid);
      const cover = isLine ? 1 : label === 0 ? 0 : isBorder(painted!, x, y, grid) ? 1 : opacity;
      const over = isLine ? [line, line, line] : labelColor(Math.max(1, label));
      const at = (y * grid.width + x) * 3;
      for (let c = 0; c < 3; c++) data[at + c] = Math.round(color[c]! * (1 - cover) + over[c]! * cover);
    }
  }
  return { width: grid.width, height: grid.height, data };
}

/** How the pixels of a picture lie on those of an image. */
interface Grid {
  readonly width: number;
  readonly height: number;
  /** Where the slice begins in the image, and how many pixels it has. */
  readonly first: number;
  readonly pixels: number;
  /** The pixel of the slice that a pixel of the picture shows. */
  source(x: number, y: number): number;
}

function gridOf(size: readonly number[]): Grid {
  const [height, width] = size.slice(-2) as [number, number];
  const scale = wantedEdge / Math.max(height, width);
  const repeat = scale >= 1 ? Math.round(scale) : 1 / Math.ceil(1 / scale);
  const pixels = width * height;
  return {
    width: Math.ceil(width * repeat),
    height: Math.ceil(height * repeat),
    first: size.length === 3 ? Math.floor(size[0]! / 2) * pixels : 0,
    pixels,
    source: (x, y) => Math.floor(y / repeat) * width + Math.floor(x / repeat),
  };
}

function colorAt(base: Float32Array, from: number, channels: number, isGrey: boolean): readonly number[] {
  const at = (c: number): number => base[from * channels + Math.min(c, channels - 1)]!;
  if (!isGrey) return [at(0), at(1), at(2)];
  const grey = 0.299 * at(0) + 0.587 * at(1) + 0.114 * at(2);
  return [grey, grey, grey];
}

/** Intensities scaled to 0 … 255 so that the darkest is black and the brightest white. */
function stretched(
  values: Float32Array,
  range: readonly [low: number, high: number] = rangeOf(values),
): Float32Array {
  const [low, high] = range;
  const scale = high > low ? 255 / (high - low) : 0;
  return values.map((value) => Math.min(255, Math.max(0, (value - low) * scale)));
}

function mean(values: Float32Array): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Whether a pixel of the picture has another label to its right or below: a line one pixel wide. */
function isBorder(map: Uint8Array, x: number, y: number, { width, height, source }: Grid): boolean {
  const here = map[source(x, y)];
  const right = x + 1 < width ? map[source(x + 1, y)] : here;
  const below = y + 1 < height ? map[source(x, y + 1)] : here;
  return right !== here || below !== here;
}

/** An image element with labels painted over it, and borders drawn as lines. */
export function picture(
  image: Image,
  labels: LabelMap | undefined,
  lines: LabelMap | undefined,
  alt: string,
  range?: readonly [low: number, high: number],
): Html {
  return imageElement(paint(image, labels, lines, range), alt);
}

/** An image element of a moved image under the grid that a field deforms. @param field In voxels, `[...size, rank]`. */
export function gridPicture(moved: Image, field: Float32Array, alt: string): Html {
  return imageElement(drawDeformedGrid(paint(moved), field, moved.size), alt);
}

function imageElement(painted: Picture, alt: string): Html {
  const { width, height } = painted;
  const source = pngDataUri(painted);
  return html`<img src="${source}" width="${width}" height="${height}" alt="${alt}">`;
}

/** A picture as the `src` of an image element, a PNG within the page. */
export function pngDataUri({ width, height, data }: Picture): string {
  const bytes = encode({ width, height, data, channels: 3, depth: 8 });
  return `data:image/png;base64,${Buffer.from(bytes).toString('base64')}`;
}

/** How many squares of a checkerboard there are along the longer side of an image. */
const squaresAcross = 8;

/** Two images in squares in turn, the first one in the top left corner: edges go on where they are aligned. */
export function checkerboard(a: Image, b: Image): Image {
  const [height, width] = a.size.slice(-2) as [number, number];
  const edge = Math.max(1, Math.ceil(Math.max(height, width) / squaresAcross));
  return {
    ...a,
    values: a.values.map((value, i) => {
      const pixel = Math.floor(i / a.channels);
      const square =
        Math.floor((Math.floor(pixel / width) % height) / edge) + Math.floor((pixel % width) / edge);
      return square % 2 === 0 ? value : b.values[i]!;
    }),
  };
}

/** Where two images differ, and how much. */
export function difference(a: Image, b: Image): Image {
  return { ...a, values: a.values.map((value, i) => Math.abs(value - b.values[i]!)) };
}

/** How many cells of a drawn grid there are along the longer side of an image, about. */
const cellsAcross = 24;

/** How wide lines are, in pixels of the picture. */
const lineWidth = 1.2;

const lineColor = [230, 159, 0] as const;

/**
 * Draws a regular grid on the moving image as a field brings it onto the fixed one over a picture, in smooth lines. Where it
 * folds, lines cross themselves.
 *
 * @param picture Of the moved image, or of its middle slice.
 * @param field Displacement in voxels, `[...size, rank]`; of volumes, what lies in the plane of the slice counts.
 */
export function drawDeformedGrid(
  { width, height, data }: Picture,
  field: Float32Array,
  size: readonly number[],
): Picture {
  const sampled = inPlane(field, size);
  const [rows, columns] = size.slice(-2) as [number, number];
  const cell = Math.max(2, Math.round(Math.max(rows, columns) / cellsAcross));
  // Where each pixel of the picture looks in the moving image, in cells.
  const lookups = [0, 1].map((axis) => {
    const place = new Float32Array(width * height);
    for (let y = 0; y < height; y++) {
      const row = ((y + 0.5) * rows) / height - 0.5;
      for (let x = 0; x < width; x++) {
        const column = ((x + 0.5) * columns) / width - 0.5;
        const displacement = interpolated(sampled, [rows, columns], row, column, axis);
        place[y * width + x] = ((axis === 0 ? row : column) + displacement) / cell;
      }
    }
    return place;
  });
  const drawn = data.slice();
  for (let i = 0; i < width * height; i++) {
    const cover = Math.max(...lookups.map((place) => coverAt(place, i, width, height)));
    if (cover === 0) continue;
    for (let c = 0; c < 3; c++)
      drawn[3 * i + c] = Math.round(drawn[3 * i + c]! * (1 - cover) + lineColor[c]! * cover);
  }
  return { width, height, data: drawn };
}

/** The last two components of the field's middle slice, side by side. */
function inPlane(field: Float32Array, size: readonly number[]): Float32Array {
  const rank = size.length;
  const pixels = size.at(-1)! * size.at(-2)!;
  const first = rank === 3 ? Math.floor(size[0]! / 2) * pixels : 0;
  return Float32Array.from(
    { length: 2 * pixels },
    (_, i) => field[(first + (i >> 1)) * rank + rank - 2 + (i & 1)]!,
  );
}

/** One component between pixels, linearly; outside, that of the border. */
function interpolated(
  field: Float32Array,
  [rows, columns]: readonly [number, number],
  row: number,
  column: number,
  axis: number,
): number {
  const [y, x] = [within(row, rows), within(column, columns)];
  const [y0, x0] = [Math.floor(y), Math.floor(x)];
  const [y1, x1] = [Math.min(y0 + 1, rows - 1), Math.min(x0 + 1, columns - 1)];
  const at = (r: number, c: number): number => field[2 * (r * columns + c) + axis]!;
  const above = at(y0, x0) + (x - x0) * (at(y0, x1) - at(y0, x0));
  const below = at(y1, x0) + (x - x0) * (at(y1, x1) - at(y1, x0));
  return above + (y - y0) * (below - above);
}

const within = (place: number, count: number): number => Math.min(Math.max(place, 0), count - 1);

/** How much of a pixel the nearest line covers: its distance is the one in cells by how fast these change. */
function coverAt(place: Float32Array, i: number, width: number, height: number): number {
  const [x, y] = [i % width, Math.floor(i / width)];
  const slope = Math.hypot(
    place[x + 1 < width ? i + 1 : i]! - place[x > 0 ? i - 1 : i]!,
    place[y + 1 < height ? i + width : i]! - place[y > 0 ? i - width : i]!,
  );
  const steps = 2;
  const distance = (Math.abs(place[i]! - Math.round(place[i]!)) * steps) / Math.max(slope, 1e-6);
  return Math.min(1, Math.max(0, (lineWidth + 1) / 2 - distance));
}
