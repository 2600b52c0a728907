/** Sizes along three axes. Raster images have their rows on the first, their columns on the second, and 1 on the third. */
export type Size3 = readonly [number, number, number];

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

/** One entry of an interpolation: two planes of `resampled` and the share of the second. */
interface Tap {
  readonly low: number;
  readonly high: number;
  readonly share: number;
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
  readonly #taps: readonly [Tap[], Tap[], Tap[]];
  /** Planes of the window that came, and of the image that were written. */
  #pushed = 0;
  #next = 0;

  constructor(
    private readonly window: GridWindow,
    private readonly labelCount: number,
    keepProbabilities: boolean,
  ) {
    const { resampled, image } = window;
    const voxels = image[0] * image[1] * image[2];
    this.labels = new Uint8Array(voxels);
    this.probabilities = keepProbabilities ? new Float32Array(voxels * labelCount) : undefined;
    const taps = (axis: 0 | 1 | 2): Tap[] =>
      Array.from({ length: image[axis] }, (_, i) => tapOf(i, resampled[axis], image[axis]));
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
    for (; this.#next < image[0]; this.#next++) {
      const { low, high, share } = this.#taps[0][this.#next]!;
      const [a, b] = [low - begin[0], high - begin[0]];
      if (!isLast && b > newest && b < size[0]) break;
      this.#write(this.#next, this.#planes.get(a), this.#planes.get(b), share);
    }
    const needed = this.#next < image[0] ? this.#taps[0][this.#next]!.low - begin[0] : newest;
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
    const values = new Float32Array(count);
    let voxel = index * image[1] * image[2];
    for (const tap of this.#taps[1]) {
      const row = mix(rowOf(tap.low - begin[1]), rowOf(tap.high - begin[1]), tap.share, rowLength, count);
      for (const column of this.#taps[2]) {
        const [a, b] = [column.low - begin[2], column.high - begin[2]];
        const [hasA, hasB] = [a >= 0 && a < size[2], b >= 0 && b < size[2]];
        let [best, most] = [0, -1];
        for (let label = 0; label < count; label++) {
          const outside = label === 0 ? 1 : 0;
          const p = hasA ? row[a * count + label]! : outside;
          const q = hasB ? row[b * count + label]! : outside;
          const value = p + column.share * (q - p);
          values[label] = value;
          if (value > most) [best, most] = [label, value];
        }
        this.labels[voxel] = best;
        this.probabilities?.set(values, voxel * count);
        voxel++;
      }
    }
  }

  #background(index: number): void {
    if (this.probabilities === undefined) return;
    const plane = this.window.image[1] * this.window.image[2];
    for (let i = 0; i < plane; i++) this.probabilities[(index * plane + i) * this.labelCount] = 1;
  }
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
function tapOf(i: number, from: number, to: number): Tap {
  const center = Math.min(Math.max(((i + 0.5) * from) / to - 0.5, 0), from - 1);
  const low = Math.floor(center);
  return { low, high: Math.min(low + 1, from - 1), share: center - low };
}
