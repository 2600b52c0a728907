import { pixelCount } from './conv-size';
import { columnsOfBlock, padBias, pointwiseBlock16 } from './products-wide';
import { biased, biasLanes, madd, storeLanes } from './simd';
import { CHUNK, ConvArgs } from './layout';

/**
 * 1×1 convolution with bias and leaky rectifier of one chunk of `CHUNK` pixels: a matrix product.
 *
 * `args.w` is a packed kernel (`packKernel`). Scratch per worker in the build `wide`: 64 bytes of bias.
 */
export function convPointwise(args: ConvArgs, chunk: i32, worker: i32): void {
  const first = chunk * CHUNK, count = min(CHUNK, pixelCount(args) - first);
  const x = args.x + (<usize>(first * args.inChannels) << 2);
  multiplyRows(args, x, args.inChannels, first, count, args.scratch + <usize>worker * args.scratchStride);
}

/**
 * `count` rows of `length` values at `x` by the packed kernel, with bias and leaky rectifier: the pixels from `first` on. `padded` holds 64
 * bytes.
 */
export function multiplyRows(args: ConvArgs, x: usize, length: i32, first: i32, count: i32, padded: usize): void {
  const outChannels = args.outChannels;
  const y = args.y + (<usize>(first * outChannels) << 2);
  const inBytes = <usize>length << 2, outBytes = <usize>outChannels << 2;
  let weights = args.w, channel = 0;
  while (columnsOfBlock((outChannels - channel + 7) & ~7) == 16) {
    padBias(padded, args.bias ? args.bias + (<usize>channel << 2) : 0, outChannels - channel);
    for (let p = 0; p < count; p += 4) {
      pointwiseBlock16(x + <usize>p * inBytes, inBytes, weights,
        y + <usize>p * outBytes + (<usize>channel << 2), outBytes, count - p, outChannels - channel, padded, args.slope);
    }
    weights += <usize>length << 6;
    channel += 16;
    if (channel >= outChannels) return;
  }
  for (; channel < outChannels; channel += 8) {
    const width = outChannels - channel;
    const bias = args.bias ? args.bias + (<usize>channel << 2) : 0;
    const out = y + (<usize>channel << 2);
    for (let p = 0; p < count; p += 4) {
      const from = x + <usize>p * inBytes, to = out + <usize>p * outBytes, left = count - p;
      if (width > 4) pixels4x8(from, inBytes, weights, to, outBytes, left, width, bias, args.slope);
      else pixels4x4(from, inBytes, weights, to, outBytes, left, width, bias, args.slope);
    }
    weights += <usize>length << 5;
  }
}

/** Four pixels (or the `count` that are left) by eight output channels, of which `width` exist. */
function pixels4x8(
  pa: usize, inBytes: usize, weights: usize, out: usize, outBytes: usize, count: i32, width: i32, bias: usize, slope: f32,
): void {
  const zero = f32x4.splat(0);
  let a0 = zero, a1 = zero, b0 = zero, b1 = zero, c0 = zero, c1 = zero, d0 = zero, d1 = zero;
  let pb = pa + (count > 1 ? inBytes : 0), pc = pb + (count > 2 ? inBytes : 0), pd = pc + (count > 3 ? inBytes : 0);
  const end = weights + (inBytes << 3);
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
  const low = biasLanes(bias, width), high = biasLanes(bias ? bias + 16 : 0, width - 4), s = f32x4.splat(slope);
  store8(out, biased(a0, low, s), biased(a1, high, s), width);
  if (count > 1) store8(out + outBytes, biased(b0, low, s), biased(b1, high, s), width);
  if (count > 2) store8(out + 2 * outBytes, biased(c0, low, s), biased(c1, high, s), width);
  if (count > 3) store8(out + 3 * outBytes, biased(d0, low, s), biased(d1, high, s), width);
}

/** Four pixels by four output channels; input channels in two sums each, for there are few registers to wait in. */
function pixels4x4(
  pa: usize, inBytes: usize, weights: usize, out: usize, outBytes: usize, count: i32, width: i32, bias: usize, slope: f32,
): void {
  const zero = f32x4.splat(0);
  let a0 = zero, b0 = zero, c0 = zero, d0 = zero;
  let a1 = zero, b1 = zero, c1 = zero, d1 = zero;
  let pb = pa + (count > 1 ? inBytes : 0), pc = pb + (count > 2 ? inBytes : 0), pd = pc + (count > 3 ? inBytes : 0);
  const end = weights + (inBytes << 3);
  while (weights + 32 < end) {
    const w0 = v128.load(weights), w1 = v128.load(weights, 32);
    a0 = madd(v128.load32_splat(pa), w0, a0); a1 = madd(v128.load32_splat(pa, 4), w1, a1);
    b0 = madd(v128.load32_splat(pb), w0, b0); b1 = madd(v128.load32_splat(pb, 4), w1, b1);
    c0 = madd(v128.load32_splat(pc), w0, c0); c1 = madd(v128.load32_splat(pc, 4), w1, c1);
    d0 = madd(v128.load32_splat(pd), w0, d0); d1 = madd(v128.load32_splat(pd, 4), w1, d1);
    pa += 8; pb += 8; pc += 8; pd += 8;
    weights += 64;
  }
  if (weights < end) {
    const w = v128.load(weights);
    a0 = madd(v128.load32_splat(pa), w, a0);
    b0 = madd(v128.load32_splat(pb), w, b0);
    c0 = madd(v128.load32_splat(pc), w, c0);
    d0 = madd(v128.load32_splat(pd), w, d0);
  }
  const start = biasLanes(bias, width), s = f32x4.splat(slope);
  storeLanes(out, biased(f32x4.add(a0, a1), start, s), width);
  if (count > 1) storeLanes(out + outBytes, biased(f32x4.add(b0, b1), start, s), width);
  if (count > 2) storeLanes(out + 2 * outBytes, biased(f32x4.add(c0, c1), start, s), width);
  if (count > 3) storeLanes(out + 3 * outBytes, biased(f32x4.add(d0, d1), start, s), width);
}

@inline
function store8(out: usize, low: v128, high: v128, width: i32): void {
  if (width >= 8) {
    v128.store(out, low);
    v128.store(out, high, 16);
  } else {
    v128.store(out, low);
    storeLanes(out + 16, high, width - 4);
  }
}
