import { gatherPatches } from './conv-patches';
import { multiplyRows } from './conv-pointwise';
import { pixelCount, tapCount } from './conv-size';
import { fillTable } from './conv-table';
import { columnsOfBlock, convBlock16, padBias } from './products-wide';
import { biasLanes, leaky, madd, storeLanes } from './simd';
import { CHUNK, ConvArgs, PATCH_VALUES, SUMS_BYTES } from './layout';

/** Products summed in registers before they join the sum in memory; keeps rounding errors of long sums small. */
const RUN: i32 = 256;

/**
 * Direct convolution with bias and leaky rectifier, of one chunk of `CHUNK` pixels.
 *
 * `args.w` is a packed kernel (`packKernel`). Scratch per worker: `SUMS_BYTES`, 128 bytes of sums, in the build `wide` 256 and 64 of bias; then
 * `taps * CHUNK` addresses or, in the build `wide` where the taps of a pixel are `PATCH_VALUES` values at most, those of `CHUNK` pixels.
 */
export function convDirect(args: ConvArgs, chunk: i32, worker: i32): void {
  const sums = args.scratch + <usize>worker * args.scratchStride, rest = sums + SUMS_BYTES;
  const first = chunk * CHUNK;
  const count = min(CHUNK, pixelCount(args) - first);
  const values = tapCount(args) * args.inChannels;
  if (WIDE && values <= PATCH_VALUES) {
    gatherPatches(args, first, count, rest);
    multiplyRows(args, rest, values, first, count, sums);
  } else {
    fillTable(args, rest, first, count);
    convChunk(args, rest, sums, first, count);
  }
}

/** All output channels of the `count` pixels whose taps stand in `table`. */
function convChunk(args: ConvArgs, table: usize, sums: usize, first: i32, count: i32): void {
  const taps = tapCount(args);
  const inChannels = args.inChannels;
  const outChannels = args.outChannels;
  const blockBytes = <usize>(taps * inChannels) << 5;
  let weights = args.w, channel = 0;
  while (columnsOfBlock((outChannels - channel + 7) & ~7) == 16) {
    const out = args.y + (<usize>(first * outChannels + channel) << 2), outBytes = <usize>outChannels << 2;
    const bias = sums + 256;
    padBias(bias, args.bias ? args.bias + (<usize>channel << 2) : 0, outChannels - channel);
    for (let p = 0; p < count; p += 4) {
      convBlock16(table + (<usize>p << 2), CHUNK << 2, weights, taps, inChannels, sums,
        out + <usize>p * outBytes, outBytes, count - p, outChannels - channel, bias, args.slope);
    }
    weights += 2 * blockBytes;
    channel += 16;
    if (channel >= outChannels) return;
  }
  for (; channel < outChannels; channel += 8) {
    const width = outChannels - channel;
    for (let p = 0; p < count; p += width > 4 ? 4 : 8) {
      const cells = table + (<usize>p << 2);
      const out = args.y + (<usize>((first + p) * outChannels + channel) << 2);
      const bias = args.bias ? args.bias + (<usize>channel << 2) : 0;
      if (width > 4) tile4x8(cells, weights, taps, inChannels, sums, out, outChannels, min(count - p, 4), min(width, 8), bias, args.slope);
      else tile8x4(cells, weights, taps, inChannels, sums, out, outChannels, min(count - p, 8), width, bias, args.slope);
    }
    weights += blockBytes;
  }
}

/** Adds to four values in memory. */
@inline
function addTo(address: usize, offset: usize, v: v128): void {
  v128.store(address + offset, f32x4.add(v128.load(address + offset), v));
}

/** Four pixels by eight output channels in eight registers. */
function tile4x8(
  cells: usize, weights: usize, taps: i32, inChannels: i32, sums: usize,
  out: usize, outChannels: i32, count: i32, width: i32, bias: usize, slope: f32,
): void {
  const low = biasLanes(bias, width), high = biasLanes(bias ? bias + 16 : 0, width - 4);
  for (let p: usize = 0; p < 128; p += 32) {
    v128.store(sums + p, low);
    v128.store(sums + p, high, 16);
  }
  const zero = f32x4.splat(0);
  let a0 = zero, a1 = zero, b0 = zero, b1 = zero, c0 = zero, c1 = zero, d0 = zero, d1 = zero;
  let products = 0;
  for (let t = 0; t < taps; t++) {
    let pa = load<usize>(cells), pb = load<usize>(cells, 4), pc = load<usize>(cells, 8), pd = load<usize>(cells, 12);
    cells += CHUNK << 2;
    const end = weights + (<usize>inChannels << 5);
    while (weights < end) {
      const w0 = v128.load(weights), w1 = v128.load(weights, 16);
      const a = v128.load32_splat(pa), b = v128.load32_splat(pb), c = v128.load32_splat(pc), d = v128.load32_splat(pd);
      a0 = madd(a, w0, a0); a1 = madd(a, w1, a1);
      b0 = madd(b, w0, b0); b1 = madd(b, w1, b1);
      c0 = madd(c, w0, c0); c1 = madd(c, w1, c1);
      d0 = madd(d, w0, d0); d1 = madd(d, w1, d1);
      pa += 4; pb += 4; pc += 4; pd += 4;
      weights += 32;
    }
    products += inChannels;
    if (products >= RUN || t == taps - 1) {
      addTo(sums, 0, a0); addTo(sums, 16, a1);
      addTo(sums, 32, b0); addTo(sums, 48, b1);
      addTo(sums, 64, c0); addTo(sums, 80, c1);
      addTo(sums, 96, d0); addTo(sums, 112, d1);
      a0 = zero; a1 = zero; b0 = zero; b1 = zero; c0 = zero; c1 = zero; d0 = zero; d1 = zero;
      products = 0;
    }
  }
  const s = f32x4.splat(slope);
  for (let p = 0; p < count; p++) {
    storeLanes(out, leaky(v128.load(sums), s), min(width, 4));
    if (width > 4) storeLanes(out + 16, leaky(v128.load(sums, 16), s), width - 4);
    sums += 32;
    out += <usize>outChannels << 2;
  }
}

/** Eight pixels by four output channels, for the last block of a channel count such as 3 or 25. */
function tile8x4(
  cells: usize, weights: usize, taps: i32, inChannels: i32, sums: usize,
  out: usize, outChannels: i32, count: i32, width: i32, bias: usize, slope: f32,
): void {
  const start = biasLanes(bias, width);
  for (let p: usize = 0; p < 128; p += 16) v128.store(sums + p, start);
  const zero = f32x4.splat(0);
  let a = zero, b = zero, c = zero, d = zero, e = zero, f = zero, g = zero, h = zero;
  let products = 0;
  for (let t = 0; t < taps; t++) {
    let pa = load<usize>(cells), pb = load<usize>(cells, 4), pc = load<usize>(cells, 8), pd = load<usize>(cells, 12);
    let pe = load<usize>(cells, 16), pf = load<usize>(cells, 20), pg = load<usize>(cells, 24), ph = load<usize>(cells, 28);
    cells += CHUNK << 2;
    const end = weights + (<usize>inChannels << 5);
    while (weights < end) {
      const w = v128.load(weights);
      a = madd(v128.load32_splat(pa), w, a);
      b = madd(v128.load32_splat(pb), w, b);
      c = madd(v128.load32_splat(pc), w, c);
      d = madd(v128.load32_splat(pd), w, d);
      e = madd(v128.load32_splat(pe), w, e);
      f = madd(v128.load32_splat(pf), w, f);
      g = madd(v128.load32_splat(pg), w, g);
      h = madd(v128.load32_splat(ph), w, h);
      pa += 4; pb += 4; pc += 4; pd += 4; pe += 4; pf += 4; pg += 4; ph += 4;
      weights += 32;
    }
    products += inChannels;
    if (products >= RUN || t == taps - 1) {
      addTo(sums, 0, a); addTo(sums, 16, b); addTo(sums, 32, c); addTo(sums, 48, d);
      addTo(sums, 64, e); addTo(sums, 80, f); addTo(sums, 96, g); addTo(sums, 112, h);
      a = zero; b = zero; c = zero; d = zero; e = zero; f = zero; g = zero; h = zero;
      products = 0;
    }
  }
  const s = f32x4.splat(slope);
  for (let p = 0; p < count; p++) {
    storeLanes(out, leaky(v128.load(sums), s), width);
    sums += 16;
    out += <usize>outChannels << 2;
  }
}
