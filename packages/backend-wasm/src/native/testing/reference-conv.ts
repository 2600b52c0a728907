import type { ConvGeometry } from '../conv-geometry.js';
import { sizeOf } from '../module.js';

/** Calls `visit` for every product of a 'same' convolution, with flat indices into x, kernel and y. */
function products(g: ConvGeometry, visit: (x: number, kernel: number, y: number) => void): void {
  const taps = [g.kernelDepth, g.kernelHeight, g.kernelWidth] as const;
  for (let n = 0; n < g.batch; n++)
    for (let d = 0; d < g.depth; d++)
      for (let h = 0; h < g.height; h++)
        for (let w = 0; w < g.width; w++)
          for (let a = 0; a < taps[0]; a++)
            for (let b = 0; b < taps[1]; b++)
              for (let c = 0; c < taps[2]; c++) {
                const layer = d + a - (taps[0] - 1) / 2;
                const row = h + b - (taps[1] - 1) / 2;
                const column = w + c - (taps[2] - 1) / 2;
                if (layer < 0 || layer >= g.depth || row < 0 || row >= g.height) continue;
                if (column < 0 || column >= g.width) continue;
                const from = (((n * g.depth + layer) * g.height + row) * g.width + column) * g.inChannels;
                const to = (((n * g.depth + d) * g.height + h) * g.width + w) * g.outChannels;
                const tap = ((a * taps[1] + b) * taps[2] + c) * g.inChannels;
                for (let i = 0; i < g.inChannels; i++)
                  for (let o = 0; o < g.outChannels; o++)
                    visit(from + i, (tap + i) * g.outChannels + o, to + o);
              }
}

const pixels = (g: ConvGeometry): number => g.batch * g.depth * g.height * g.width;

/** leaky(conv(x, kernel) + bias), flat. */
export function referenceConv(
  g: ConvGeometry,
  x: ArrayLike<number>,
  kernel: ArrayLike<number>,
  bias?: ArrayLike<number>,
  slope = 1,
): Float64Array {
  const y = Float64Array.from(
    { length: pixels(g) * g.outChannels },
    (_, i) => bias?.[i % g.outChannels] ?? 0,
  );
  products(g, (from, tap, to) => {
    y[to]! += x[from]! * kernel[tap]!;
  });
  return y.map((v) => (v > 0 ? v : slope * v));
}

/** Gradient of `referenceConv` to x. */
export function referenceGradInput(
  g: ConvGeometry,
  dy: ArrayLike<number>,
  kernel: ArrayLike<number>,
): Float64Array {
  const dx = new Float64Array(pixels(g) * g.inChannels);
  products(g, (from, tap, to) => {
    dx[from]! += dy[to]! * kernel[tap]!;
  });
  return dx;
}

/** Gradient of `referenceConv` to the kernel. */
export function referenceGradKernel(
  g: ConvGeometry,
  x: ArrayLike<number>,
  dy: ArrayLike<number>,
): Float64Array {
  const taps = sizeOf([g.kernelDepth, g.kernelHeight, g.kernelWidth]);
  const dkernel = new Float64Array(taps * g.inChannels * g.outChannels);
  products(g, (from, tap, to) => {
    dkernel[tap]! += dy[to]! * x[from]!;
  });
  return dkernel;
}

/** Largest difference, relative to the largest reference value. */
export function relativeError(got: ArrayLike<number>, expected: ArrayLike<number>): number {
  let worst = 0;
  let scale = 0;
  for (let i = 0; i < expected.length; i++) {
    const difference = Math.abs(got[i]! - expected[i]!);
    if (!(difference <= worst)) worst = difference;
    scale = Math.max(scale, Math.abs(expected[i]!));
  }
  return got.length === expected.length ? worst / Math.max(scale, 1e-30) : Number.POSITIVE_INFINITY;
}
