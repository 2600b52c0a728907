import type { Size3 } from '@sshn/data';

/** Where the grid on which a network computes lies in the image. */
export interface GridWindow {
  /** Of the probabilities that come in. */
  readonly size: Size3;
  /** Of the image as it was resampled; the window lies in it, or around it. */
  readonly resampled: Size3;
  /** Where the window begins in `resampled`, along each axis; negative where it was padded. */
  readonly begin: Size3;
  /** Of the image itself, over the same field of view as `resampled`. */
  readonly image: Size3;
}

/** An interpolation along an axis: for each place of the image two of `resampled`, and the share of the second. */
interface Taps {
  readonly low: Int32Array;
  readonly high: Int32Array;
  readonly share: Float64Array;
}

/**
 * Takes probabilities plane by plane along the first axis and gives the most likely label of every voxel of the image, so
 * that memory holds a few planes instead of `labels` numbers per voxel of a large image.
 *
 * Probabilities are interpolated linearly with half-pixel centers; outside of the window all is background (label 0).
 */
export class LabelWriter {
  readonly labels: Uint8Array;
  /** `[...image, labelCount]`, if asked for. */
  readonly probabilities: Float32Array | undefined;
  readonly #planes = new Map<number, Float32Array>();
  readonly #taps: readonly [Taps, Taps, Taps];
  /** Planes of the window that came, and of the image that were written. */
  #pushed = 0;
  #next = 0;

  private readonly window: GridWindow;

  constructor(
    window: GridWindow,
    private readonly labelCount: number,
    keepProbabilities: boolean,
  ) {
    this.window = withLongRows(window);
    const { resampled, image } = this.window;
    const voxels = image[0] * image[1] * image[2];
    this.labels = new Uint8Array(voxels);
    this.probabilities = keepProbabilities ? new Float32Array(voxels * labelCount) : undefined;
    const taps = (axis: 0 | 1 | 2): Taps => tapsOf(resampled[axis], image[axis]);
    this.#taps = [taps(0), taps(1), taps(2)];
  }

  /** The next plane of the window, `[size[1], size[2], labelCount]`, in rising order; it is kept until it is not needed. */
  push(plane: Float32Array): void {
    const index = this.#pushed++;
    this.#planes.set(index, plane);
    this.#flush(index, index === this.window.size[0] - 1);
  }

  /** Writes all image planes whose sources are there. */
  #flush(newest: number, isLast: boolean): void {
    const { begin, size, image } = this.window;
    const { low, high, share } = this.#taps[0];
    for (; this.#next < image[0]; this.#next++) {
      const [a, b] = [low[this.#next]! - begin[0], high[this.#next]! - begin[0]];
      if (!isLast && b > newest && b < size[0]) break;
      this.#write(this.#next, this.#planes.get(a), this.#planes.get(b), share[this.#next]!);
    }
    const needed = this.#next < image[0] ? low[this.#next]! - begin[0] : newest;
    for (const index of this.#planes.keys()) if (index < Math.min(needed, newest)) this.#planes.delete(index);
  }

  /** One plane of the image, mixed from two of the window; undefined ones lie outside. */
  #write(index: number, low: Float32Array | undefined, high: Float32Array | undefined, share: number): void {
    const { image, size, begin } = this.window;
    const count = this.labelCount;
    if (low === undefined && high === undefined) {
      this.#background(index);
      return;
    }
    const mixed = mix(low, high, share, size[1] * size[2] * count, count);
    const rowLength = size[2] * count;
    const rowOf = (row: number): Float32Array | undefined =>
      row >= 0 && row < size[1] ? mixed.subarray(row * rowLength, (row + 1) * rowLength) : undefined;
    const rows = this.#taps[1];
    for (let r = 0; r < image[1]; r++) {
      const [above, below] = [rowOf(rows.low[r]! - begin[1]), rowOf(rows.high[r]! - begin[1])];
      const row = mix(above, below, rows.share[r]!, rowLength, count);
      this.#writeRow(row, (index * image[1] + r) * image[2]);
    }
  }

  /** One row of the image, from one of the window. */
  #writeRow(row: Float32Array, firstVoxel: number): void {
    const [, , first] = this.window.begin;
    const [, , length] = this.window.size;
    const [labels, probabilities, count] = [this.labels, this.probabilities, this.labelCount];
    const { low, high, share } = this.#taps[2];
    for (let column = 0, voxel = firstVoxel; column < low.length; column++, voxel++) {
      const [a, b, part] = [low[column]! - first, high[column]! - first, share[column]!];
      const hasA = a >= 0 && a < length;
      const hasB = b >= 0 && b < length;
      const [from, to] = [a * count, b * count];
      let best = 0;
      let most = -1;
      for (let label = 0; label < count; label++) {
        const outside = label === 0 ? 1 : 0;
        let value = hasA ? row[from + label]! : outside;
        if (part !== 0) value += part * ((hasB ? row[to + label]! : outside) - value);
        if (value > most) {
          best = label;
          most = value;
        }
        if (probabilities !== undefined) probabilities[voxel * count + label] = value;
      }
      labels[voxel] = best;
    }
  }

  #background(index: number): void {
    if (this.probabilities === undefined) return;
    const plane = this.window.image[1] * this.window.image[2];
    for (let i = 0; i < plane; i++) this.probabilities[(index * plane + i) * this.labelCount] = 1;
  }
}

/** Of raster images, a plane is a row of the image: its pixels become one row, in place of rows of one pixel each. */
function withLongRows(window: GridWindow): GridWindow {
  const { size, resampled, begin, image } = window;
  if (size[2] !== 1 || resampled[2] !== 1 || image[2] !== 1 || begin[2] !== 0) return window;
  const swapped = ([first, second, third]: Size3): Size3 => [first, third, second];
  return { size: swapped(size), resampled: swapped(resampled), begin: swapped(begin), image: swapped(image) };
}

/** (1 − share) · a + share · b; what is undefined is background. */
function mix(
  a: Float32Array | undefined,
  b: Float32Array | undefined,
  share: number,
  length: number,
  labelCount: number,
): Float32Array {
  if (a !== undefined && (share === 0 || a === b)) return a;
  const [p, q] = [a ?? backgroundOf(length, labelCount), b ?? backgroundOf(length, labelCount)];
  const result = new Float32Array(length);
  for (let i = 0; i < length; i++) result[i] = p[i]! + share * (q[i]! - p[i]!);
  return result;
}

function backgroundOf(length: number, labelCount: number): Float32Array {
  const values = new Float32Array(length);
  for (let i = 0; i < length; i += labelCount) values[i] = 1;
  return values;
}

/** Linear, half-pixel centers, clamped at the border. */
function tapsOf(from: number, to: number): Taps {
  const [low, high, share] = [new Int32Array(to), new Int32Array(to), new Float64Array(to)];
  for (let i = 0; i < to; i++) {
    const center = Math.min(Math.max(((i + 0.5) * from) / to - 0.5, 0), from - 1);
    low[i] = Math.floor(center);
    high[i] = Math.min(low[i]! + 1, from - 1);
    share[i] = center - low[i]!;
  }
  return { low, high, share };
}
