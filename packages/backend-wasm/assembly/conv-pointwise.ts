import { pixelCount } from './conv-size';
import { columnsOfBlock, convBlock16 } from './products-wide';
import { biasLanes, leaky, madd, storeLanes } from './simd';
import { CHUNK, ConvArgs } from './layout';

/**
 * 1×1 convolution with bias and leaky rectifier of one chunk of `CHUNK` pixels: a matrix product.
 *
 * `args.w` is a packed kernel (`packKernel`). Scratch per worker in the build `wide`: four addresses, 64 bytes, and 256 of sums.
 */
export function convPointwise(args: ConvArgs, chunk: i32, worker: i32): void {
  const inChannels = args.inChannels, outChannels = args.outChannels;
  const first = chunk * CHUNK, count = min(CHUNK, pixelCount(args) - first);
  const x = args.x + (<usize>(first * inChannels) << 2), y = args.y + (<usize>(first * outChannels) << 2);
  const inBytes = <usize>inChannels << 2, outBytes = <usize>outChannels << 2;
  const cells = args.scratch + <usize>worker * args.scratchStride;
  let weights = args.w, channel = 0;
  while (columnsOfBlock((outChannels - channel + 7) & ~7) == 16) {
    const bias = args.bias ? args.bias + (<usize>channel << 2) : 0;
    for (let p = 0; p < count; p += 4) {
      for (let r = 0; r < 4; r++) store<usize>(cells + (<usize>r << 2), x + <usize>min(p + r, count - 1) * inBytes);
      convBlock16(cells, 0, weights, 1, inChannels, cells + 64,
        y + <usize>p * outBytes + (<usize>channel << 2), outBytes, count - p, outChannels - channel, bias, args.slope);
    }
    weights += <usize>inChannels << 6;
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
    weights += <usize>inChannels << 5;
  }
}

/** Four pixels (or the `count` that are left) by eight output channels, of which `width` exist. */
function pixels4x8(
  pa: usize, inBytes: usize, weights: usize, out: usize, outBytes: usize, count: i32, width: i32, bias: usize, slope: f32,
): void {
  let a0 = biasLanes(bias, width), a1 = biasLanes(bias ? bias + 16 : 0, width - 4);
  let b0 = a0, b1 = a1, c0 = a0, c1 = a1, d0 = a0, d1 = a1;
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
  const s = f32x4.splat(slope);
  store8(out, leaky(a0, s), leaky(a1, s), width);
  if (count > 1) store8(out + outBytes, leaky(b0, s), leaky(b1, s), width);
  if (count > 2) store8(out + 2 * outBytes, leaky(c0, s), leaky(c1, s), width);
  if (count > 3) store8(out + 3 * outBytes, leaky(d0, s), leaky(d1, s), width);
}

/** Four pixels by four output channels; input channels in two sums each, for there are few registers to wait in. */
function pixels4x4(
  pa: usize, inBytes: usize, weights: usize, out: usize, outBytes: usize, count: i32, width: i32, bias: usize, slope: f32,
): void {
  let a0 = biasLanes(bias, width), b0 = a0, c0 = a0, d0 = a0;
  let a1 = f32x4.splat(0), b1 = a1, c1 = a1, d1 = a1;
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
  const s = f32x4.splat(slope);
  storeLanes(out, leaky(f32x4.add(a0, a1), s), width);
  if (count > 1) storeLanes(out + outBytes, leaky(f32x4.add(b0, b1), s), width);
  if (count > 2) storeLanes(out + 2 * outBytes, leaky(f32x4.add(c0, c1), s), width);
  if (count > 3) storeLanes(out + 3 * outBytes, leaky(f32x4.add(d0, d1), s), width);
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
