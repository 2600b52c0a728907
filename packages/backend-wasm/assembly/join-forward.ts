import { biasLanes, leaky, madd } from './simd';
import { ceil4, ceil8 } from './winograd-band';
import { AXIS_ENTRY, ConvArgs, JoinArgs } from './layout';

/**
 * Adds to the pixels of a band, `ceil4(channels)` each, what a 3×3 convolution makes of an upsampled map, and puts bias and
 * leaky rectifier on the sum. `left` and `columns` say which pixels of a row, `top` which rows of the image `image`.
 *
 * The map is not upsampled: `join.products` has its products with the nine taps at its own resolution, and these are
 * interpolated, along y into a line of sums, then along x. Output (y, x) reads for tap (dy, dx) where pixel (y + dy, x + dx)
 * of the upsampled map lies; taps outside the image have the weight zero.
 */
export function joinBand(
  args: ConvArgs, image: i32, top: i32, left: i32, columns: i32, band: usize, bandBytes: usize, worker: i32,
): void {
  const join = changetype<JoinArgs>(args.join);
  const count = min(columns, args.width - left), rows = min(args.tile, args.height - top);
  const first = load<i32>(join.widthTable + <usize>max(left - 1, 0) * AXIS_ENTRY);
  const last = load<i32>(join.widthTable + <usize>min(left + count, args.width - 1) * AXIS_ENTRY, 4);
  const sums = join.sums + <usize>worker * join.sumsStride;
  for (let i = 0; i < rows; i++, band += bandBytes) {
    sumRows(join, args, image, top + i, first, last - first + 1, sums);
    spread(join, args, left, count, first, sums, band);
  }
}

/** For each of `count` low pixels from `first` on, and each dx: the products of all dy, interpolated along y. */
function sumRows(join: JoinArgs, args: ConvArgs, image: i32, row: i32, first: i32, count: i32, sums: usize): void {
  const tripleBytes = <usize>(3 * args.outChannels) << 2, pixelBytes = 3 * tripleBytes;
  const sumBytes = <usize>ceil8(3 * args.outChannels) << 2;
  const start = join.products + <usize>first * pixelBytes, rowBytes = <usize>join.lowWidth * pixelBytes;
  const base = image * join.lowHeight - join.firstRow;
  const above = join.heightTable + <usize>max(row - 1, 0) * AXIS_ENTRY;
  const at = join.heightTable + <usize>row * AXIS_ENTRY;
  const below = join.heightTable + <usize>min(row + 1, args.height - 1) * AXIS_ENTRY;
  let a = start + <usize>(base + load<i32>(above)) * rowBytes, b = start + <usize>(base + load<i32>(above, 4)) * rowBytes;
  let c = start + <usize>(base + load<i32>(at)) * rowBytes + tripleBytes, d = start + <usize>(base + load<i32>(at, 4)) * rowBytes + tripleBytes;
  let e = start + <usize>(base + load<i32>(below)) * rowBytes + 2 * tripleBytes, f = start + <usize>(base + load<i32>(below, 4)) * rowBytes + 2 * tripleBytes;
  const t0 = load<f32>(above, 8), t1 = load<f32>(at, 8), t2 = load<f32>(below, 8);
  const isAbove: f32 = row > 0 ? 1 : 0, isBelow: f32 = row + 1 < args.height ? 1 : 0;
  const wa = f32x4.splat(isAbove * (1 - t0)), wb = f32x4.splat(isAbove * t0);
  const wc = f32x4.splat(1 - t1), wd = f32x4.splat(t1);
  const we = f32x4.splat(isBelow * (1 - t2)), wf = f32x4.splat(isBelow * t2);
  const skip = pixelBytes - sumBytes;
  for (; count > 0; count--) {
    const end = sums + sumBytes;
    while (sums < end) {
      let low = f32x4.mul(v128.load(a), wa), high = f32x4.mul(v128.load(a, 16), wa);
      low = madd(v128.load(b), wb, low); high = madd(v128.load(b, 16), wb, high);
      low = madd(v128.load(c), wc, low); high = madd(v128.load(c, 16), wc, high);
      low = madd(v128.load(d), wd, low); high = madd(v128.load(d, 16), wd, high);
      low = madd(v128.load(e), we, low); high = madd(v128.load(e, 16), we, high);
      low = madd(v128.load(f), wf, low); high = madd(v128.load(f, 16), wf, high);
      v128.store(sums, low); v128.store(sums, high, 16);
      a += 32; b += 32; c += 32; d += 32; e += 32; f += 32;
      sums += 32;
    }
    a += skip; b += skip; c += skip; d += skip; e += skip; f += skip;
  }
}

/** One row of outputs: the sums interpolated along x, added to those of the band. */
function spread(join: JoinArgs, args: ConvArgs, left: i32, count: i32, first: i32, sums: usize, band: usize): void {
  const channels = args.outChannels, mapBytes = <usize>channels << 2, sumBytes = <usize>ceil8(3 * channels) << 2;
  const slope = f32x4.splat(args.slope), padded = ceil4(channels);
  const lastColumn = args.width - 1;
  sums -= <usize>first * sumBytes;
  for (let i = 0; i < count; i++) {
    const column = left + i;
    const before = join.widthTable + <usize>max(column - 1, 0) * AXIS_ENTRY;
    const at = join.widthTable + <usize>column * AXIS_ENTRY;
    const behind = join.widthTable + <usize>min(column + 1, lastColumn) * AXIS_ENTRY;
    let a = sums + <usize>load<i32>(before) * sumBytes, b = sums + <usize>load<i32>(before, 4) * sumBytes;
    let c = sums + <usize>load<i32>(at) * sumBytes + mapBytes, d = sums + <usize>load<i32>(at, 4) * sumBytes + mapBytes;
    let e = sums + <usize>load<i32>(behind) * sumBytes + 2 * mapBytes, f = sums + <usize>load<i32>(behind, 4) * sumBytes + 2 * mapBytes;
    const t0 = load<f32>(before, 8), t1 = load<f32>(at, 8), t2 = load<f32>(behind, 8);
    const isBefore: f32 = column > 0 ? 1 : 0, isBehind: f32 = column < lastColumn ? 1 : 0;
    const wa = f32x4.splat(isBefore * (1 - t0)), wb = f32x4.splat(isBefore * t0);
    const wc = f32x4.splat(1 - t1), wd = f32x4.splat(t1);
    const we = f32x4.splat(isBehind * (1 - t2)), wf = f32x4.splat(isBehind * t2);
    let bias = join.bias, o = 0;
    for (; o + 8 <= padded; o += 8) {
      let low = f32x4.add(v128.load(band), v128.load(bias)), high = f32x4.add(v128.load(band, 16), v128.load(bias, 16));
      low = madd(v128.load(a), wa, low); high = madd(v128.load(a, 16), wa, high);
      low = madd(v128.load(b), wb, low); high = madd(v128.load(b, 16), wb, high);
      low = madd(v128.load(c), wc, low); high = madd(v128.load(c, 16), wc, high);
      low = madd(v128.load(d), wd, low); high = madd(v128.load(d, 16), wd, high);
      low = madd(v128.load(e), we, low); high = madd(v128.load(e, 16), we, high);
      low = madd(v128.load(f), wf, low); high = madd(v128.load(f, 16), wf, high);
      v128.store(band, leaky(low, slope)); v128.store(band, leaky(high, slope), 16);
      a += 32; b += 32; c += 32; d += 32; e += 32; f += 32;
      bias += 32;
      band += 32;
    }
    if (o < padded) {
      let low = f32x4.add(v128.load(band), v128.load(bias));
      low = madd(v128.load(a), wa, low);
      low = madd(v128.load(b), wb, low);
      low = madd(v128.load(c), wc, low);
      low = madd(v128.load(d), wd, low);
      low = madd(v128.load(e), we, low);
      low = madd(v128.load(f), wf, low);
      v128.store(band, leaky(low, slope));
      band += 16;
    }
  }
}
