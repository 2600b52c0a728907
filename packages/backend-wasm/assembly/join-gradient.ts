import { madd, loadLanes, storeLanes } from './simd';
import { AXIS_ENTRY, JoinGradientArgs } from './layout';

/** Values of a line that are summed over all rows before the next: three sums of that length stay in the first cache. */
const PIECE = 1024;

/**
 * Transpose of the interpolation in `join-forward.ts`, the low rows of one task: from dy `[batch, height, width, channels]` the
 * gradients to the products, `[rows, lowWidth, 9, channels]`.
 *
 * The rows of dy are summed into three lines, one for each dy of the taps, and these along x, all in a fixed order. Scratch per
 * worker: the three lines, and weights between zeros.
 */
export function joinGradient(args: JoinGradientArgs, task: i32, worker: i32): void {
  const begin = task * args.grain, end = min(begin + args.grain, args.rows);
  const lines = args.scratch + <usize>worker * args.scratchStride;
  const values = args.width * args.channels, lineBytes = (<usize>values << 2) + 64;
  const weights = lines + 3 * lineBytes;
  for (let i = begin; i < end; i++) {
    const row = args.firstRow + i, image = row / args.lowHeight;
    const entry = args.heightTable + <usize>(row - image * args.lowHeight) * AXIS_ENTRY;
    const first = load<i32>(entry) - 1, count = betweenZeros(entry, weights);
    const from = max(first, 0), last = min(first + count, args.height);
    const dy = args.dy + (<usize>((image * args.height + from) * values) << 2);
    for (let piece = 0; piece < values; piece += PIECE) {
      const at = <usize>piece << 2;
      sumPiece(dy + at, <usize>values << 2, last - from, weights + (<usize>(from - first) << 2), lines + at, lineBytes, min(PIECE, values - piece));
    }
    const to = args.products + (<usize>(i * args.lowWidth * args.channels * 9) << 2);
    gatherPixels(args, lines, lineBytes, weights, to);
  }
}

/** Writes the weights of an entry of `invertAxis` with two zeros on both sides; how many positions have one or are next to one. */
@inline
function betweenZeros(entry: usize, to: usize): i32 {
  const count = load<i32>(entry, 4) - load<i32>(entry);
  store<u64>(to, 0);
  memory.copy(to + 8, load<usize>(entry, 8), <usize>count << 2);
  store<u64>(to + 8 + (<usize>count << 2), 0);
  return count + 2;
}

/** For each of the three dy: `rows` rows, weighted, to a line of its own. */
function sumPiece(dy: usize, rowBytes: usize, rows: i32, weights: usize, lines: usize, lineBytes: usize, values: i32): void {
  let isFirst = true;
  if (rows <= 0 || (rows & 1)) {
    const w0 = f32x4.splat(rows > 0 ? load<f32>(weights) : 0);
    const w1 = f32x4.splat(rows > 0 ? load<f32>(weights, 4) : 0), w2 = f32x4.splat(rows > 0 ? load<f32>(weights, 8) : 0);
    let at = dy, to = lines;
    for (let left = values; left > 0; left -= 4, at += 16, to += 16) {
      const v = rows > 0 ? loadLanes(at, left) : f32x4.splat(0);
      v128.store(to, f32x4.mul(v, w0));
      v128.store(to + lineBytes, f32x4.mul(v, w1));
      v128.store(to + 2 * lineBytes, f32x4.mul(v, w2));
    }
    dy += rowBytes;
    weights += 4;
    rows--;
    isFirst = false;
  }
  for (; rows > 0; rows -= 2) {
    const w0 = v128.load32_splat(weights), w1 = v128.load32_splat(weights, 4), w2 = v128.load32_splat(weights, 8), w3 = v128.load32_splat(weights, 12);
    let a = dy, b = dy + rowBytes, to = lines, left = values;
    if (isFirst) {
      for (; left >= 4; left -= 4, a += 16, b += 16, to += 16) {
        const v = v128.load(a), w = v128.load(b);
        v128.store(to, madd(w, w1, f32x4.mul(v, w0)));
        v128.store(to + lineBytes, madd(w, w2, f32x4.mul(v, w1)));
        v128.store(to + 2 * lineBytes, madd(w, w3, f32x4.mul(v, w2)));
      }
    } else {
      for (; left >= 4; left -= 4, a += 16, b += 16, to += 16) {
        const v = v128.load(a), w = v128.load(b);
        v128.store(to, madd(w, w1, madd(v, w0, v128.load(to))));
        v128.store(to + lineBytes, madd(w, w2, madd(v, w1, v128.load(to + lineBytes))));
        v128.store(to + 2 * lineBytes, madd(w, w3, madd(v, w2, v128.load(to + 2 * lineBytes))));
      }
    }
    if (left > 0) {
      const v = loadLanes(a, left), w = loadLanes(b, left), zero = f32x4.splat(0);
      v128.store(to, madd(w, w1, madd(v, w0, isFirst ? zero : v128.load(to))));
      v128.store(to + lineBytes, madd(w, w2, madd(v, w1, isFirst ? zero : v128.load(to + lineBytes))));
      v128.store(to + 2 * lineBytes, madd(w, w3, madd(v, w2, isFirst ? zero : v128.load(to + 2 * lineBytes))));
    }
    dy += 2 * rowBytes;
    weights += 8;
    isFirst = false;
  }
}

/** The gradients to the products of one low row. */
function gatherPixels(args: JoinGradientArgs, lines: usize, lineBytes: usize, weights: usize, to: usize): void {
  const channels = args.channels, pixelBytes = <usize>channels << 2;
  for (let w = 0; w < args.lowWidth; w++) {
    const entry = args.widthTable + <usize>w * AXIS_ENTRY;
    const first = load<i32>(entry) - 1, count = betweenZeros(entry, weights);
    const from = max(first, 0), last = min(first + count, args.width);
    const start = weights + (<usize>(from - first) << 2), line = lines + <usize>from * pixelBytes;
    for (let k: usize = 0; k < 3; k++) {
      gatherTaps(line + k * lineBytes, pixelBytes, last - from, start, to, channels);
      to += 3 * pixelBytes;
    }
  }
}

/** `count` pixels of a line, weighted, for each of the three dx. */
function gatherTaps(line: usize, pixelBytes: usize, count: i32, weights: usize, to: usize, channels: i32): void {
  const end = weights + (<usize>max(count, 0) << 2);
  for (; channels >= 8; channels -= 8) {
    let a0 = f32x4.splat(0), a1 = a0, b0 = a0, b1 = a0, c0 = a0, c1 = a0, pixel = line;
    for (let weight = weights; weight < end; weight += 4) {
      const low = v128.load(pixel), high = v128.load(pixel, 16);
      const w0 = v128.load32_splat(weight), w1 = v128.load32_splat(weight, 4), w2 = v128.load32_splat(weight, 8);
      a0 = madd(low, w0, a0); a1 = madd(high, w0, a1);
      b0 = madd(low, w1, b0); b1 = madd(high, w1, b1);
      c0 = madd(low, w2, c0); c1 = madd(high, w2, c1);
      pixel += pixelBytes;
    }
    v128.store(to, a0); v128.store(to, a1, 16);
    const second = to + pixelBytes, third = second + pixelBytes;
    v128.store(second, b0); v128.store(second, b1, 16);
    v128.store(third, c0); v128.store(third, c1, 16);
    to += 32;
    line += 32;
  }
  for (; channels > 0; channels -= 4) {
    let a = f32x4.splat(0), b = a, c = a, pixel = line;
    for (let weight = weights; weight < end; weight += 4) {
      const v = v128.load(pixel);
      a = madd(v, v128.load32_splat(weight), a);
      b = madd(v, v128.load32_splat(weight, 4), b);
      c = madd(v, v128.load32_splat(weight, 8), c);
      pixel += pixelBytes;
    }
    storeLanes(to, a, channels);
    storeLanes(to + pixelBytes, b, channels);
    storeLanes(to + 2 * pixelBytes, c, channels);
    to += 16;
    line += 16;
  }
}
