import { damaged } from '../../refusal.js';
import { blockDecoder } from './blocks.js';
import type { Component, FrameHeader, Scan, ScanSource } from './frame.js';

// biome-ignore format: a square
const zigzag = [
  0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7, 14, 21, 28,
  35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63,
];

/** Reads the quantization tables of one segment, in the order of coding. @throws {Refusal} if one is cut off. */
export function readQuantizations(segment: Uint8Array, quantizations: Uint16Array[], format: string): void {
  for (let at = 0; at < segment.length; ) {
    const isWide = segment[at]! >> 4 !== 0;
    const edge = isWide ? 2 : 1;
    if (at + 1 + 64 * edge > segment.length)
      throw damaged(format, 'a quantization table of its JPEG is cut off');
    const begin = at + 1;
    quantizations[segment[at]! & 15] = Uint16Array.from({ length: 64 }, (_, i) =>
      isWide ? 256 * segment[begin + 2 * i]! + segment[begin + 2 * i + 1]! : segment[begin + i]!,
    );
    at = begin + 64 * edge;
  }
}

/** The coefficients of one component, block by block, in the order of coding. */
interface Plane {
  readonly component: Component;
  /** Blocks that hold pixels, along each axis. */
  readonly width: number;
  readonly height: number;
  /** Blocks that are kept: whole units of all components. */
  readonly stride: number;
  readonly coefficients: Int16Array;
}

/** Decodes the scans of a frame that is coded by cosine transforms of blocks of 8 × 8 samples. */
export class CosineDecoder {
  readonly #planes: readonly Plane[];
  /** Units of all components, along each axis. */
  readonly #across: number;
  readonly #down: number;
  readonly #most: { readonly across: number; readonly down: number };

  constructor(
    private readonly frame: FrameHeader,
    private readonly quantizations: readonly Uint16Array[],
  ) {
    const { height, width, components } = frame;
    const most = (of: 'across' | 'down') => Math.max(...components.map((component) => component[of]));
    const [across, down] = [most('across'), most('down')];
    this.#most = { across, down };
    this.#across = Math.ceil(width / (8 * across));
    this.#down = Math.ceil(height / (8 * down));
    this.#planes = components.map((component) => {
      const stride = this.#across * component.across;
      return {
        component,
        width: Math.ceil((width * component.across) / across / 8),
        height: Math.ceil((height * component.down) / down / 8),
        stride,
        coefficients: new Int16Array(64 * stride * this.#down * component.down),
      };
    });
  }

  /** Decodes the blocks of one scan. *Source*: ITU-T T.81, section A.2 (their order). */
  scan(scan: Scan, { bits, restartInterval, format }: ScanSource): void {
    const decoder = blockDecoder(this.frame, scan, { bits, format });
    const predictions = new Int32Array(this.frame.components.length);
    const planes = scan.components.map((index) => this.#planes[index]!);
    const alone = planes.length === 1 ? planes[0]! : undefined;
    const [unitsAcross, unitsDown] =
      alone === undefined ? [this.#across, this.#down] : [alone.width, alone.height];
    for (let unit = 0; unit < unitsAcross * unitsDown; unit++) {
      if (restartInterval > 0 && unit > 0 && unit % restartInterval === 0) {
        bits.restart();
        predictions.fill(0);
        decoder.restart();
      }
      const [column, row] = [unit % unitsAcross, Math.floor(unit / unitsAcross)];
      for (const [i, { component, stride, coefficients }] of planes.entries()) {
        const [across, down] = alone === undefined ? [component.across, component.down] : [1, 1];
        for (let part = 0; part < across * down; part++) {
          const x = column * across + (part % across);
          const y = row * down + Math.floor(part / across);
          const at = 64 * (y * stride + x);
          predictions[i] = decoder.block(component, coefficients.subarray(at, at + 64), predictions[i]!);
        }
      }
    }
  }

  /** The samples of all components side by side, at the size of the frame. @throws {Refusal} if a table is missing. */
  samples(format: string): Uint16Array {
    const { width, height, components } = this.frame;
    const all = components.length;
    const samples = new Uint16Array(width * height * all);
    for (const [c, plane] of this.#planes.entries()) {
      const values = this.#inverted(plane, format);
      const rowLength = 8 * plane.stride;
      const { across, down } = plane.component;
      const horizontal = taps(
        width,
        across / this.#most.across,
        Math.ceil((width * across) / this.#most.across),
      );
      const vertical = taps(height, down / this.#most.down, Math.ceil((height * down) / this.#most.down));
      for (let y = 0; y < height; y++) {
        const [upper, lower, v] = [
          vertical.from[y]! * rowLength,
          vertical.to[y]! * rowLength,
          vertical.weight[y]!,
        ];
        for (let x = 0; x < width; x++) {
          const [left, right, u] = [horizontal.from[x]!, horizontal.to[x]!, horizontal.weight[x]!];
          const top = values[upper + left]! * (1 - u) + values[upper + right]! * u;
          const bottom = values[lower + left]! * (1 - u) + values[lower + right]! * u;
          samples[(y * width + x) * all + c] = Math.round(top * (1 - v) + bottom * v);
        }
      }
    }
    return samples;
  }

  #inverted({ component, stride, height, coefficients }: Plane, format: string): Uint16Array {
    const quantizer = this.quantizations[component.quantization];
    if (quantizer === undefined) throw damaged(format, 'its JPEG lacks a quantization table');
    const { precision } = this.frame;
    const [middle, top] = [2 ** (precision - 1), 2 ** precision - 1];
    const values = new Uint16Array(64 * stride * height);
    const [block, half] = [new Float64Array(64), new Float64Array(64)];
    for (let row = 0; row < height; row++) {
      for (let column = 0; column < stride; column++) {
        const at = 64 * (row * stride + column);
        for (let k = 0; k < 64; k++) block[zigzag[k]!] = coefficients[at + k]! * quantizer[k]!;
        transform(block, half);
        for (let i = 0; i < 64; i++) {
          const value = Math.round(block[i]!) + middle;
          const to = (8 * row + (i >> 3)) * 8 * stride + 8 * column + (i & 7);
          values[to] = Math.min(top, Math.max(0, value));
        }
      }
    }
    return values;
  }
}

/** Between which two of `count` samples each of `length` pixels lies, and how near it is to the second. */
function taps(
  length: number,
  share: number,
  count: number,
): { readonly from: Int32Array; readonly to: Int32Array; readonly weight: Float64Array } {
  const at = (i: number) => Math.min(count - 1, Math.max(0, (i + 0.5) * share - 0.5));
  return {
    from: Int32Array.from({ length }, (_, i) => Math.floor(at(i))),
    to: Int32Array.from({ length }, (_, i) => Math.min(count - 1, Math.floor(at(i)) + 1)),
    weight: Float64Array.from({ length }, (_, i) => at(i) - Math.floor(at(i))),
  };
}

/** Cosines of the inverse transform: `basis[8 · u + x]` = c(u) / 2 · cos((2x + 1) u π / 16). */
const basis = Float64Array.from({ length: 64 }, (_, i) => {
  const [u, x] = [i >> 3, i & 7];
  return (u === 0 ? Math.SQRT1_2 : 1) * 0.5 * Math.cos(((2 * x + 1) * u * Math.PI) / 16);
});

/** The inverse cosine transform of a block, in place: first along rows, then along columns. */
function transform(block: Float64Array, half: Float64Array): void {
  for (let v = 0; v < 64; v += 8) {
    for (let x = 0; x < 8; x++) {
      let sum = 0;
      for (let u = 0; u < 8; u++) sum += block[v + u]! * basis[8 * u + x]!;
      half[v + x] = sum;
    }
  }
  for (let x = 0; x < 8; x++) {
    for (let y = 0; y < 8; y++) {
      let sum = 0;
      for (let v = 0; v < 8; v++) sum += half[8 * v + x]! * basis[8 * v + y]!;
      block[8 * y + x] = sum;
    }
  }
}
