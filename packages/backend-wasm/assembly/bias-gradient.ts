import { rectify } from './elementwise';
import { addLanes, addPair, storeLanes } from './simd';
import { BiasArgs } from './layout';

/** Pixels summed before the sum joins the total: keeps the block in the cache and rounding errors small. */
const BLOCK: i32 = 64;

/**
 * Gradient to a bias, one of `args.slots` partial sums of dy `[pixels, channels]` over pixels; where there is a rectifier,
 * the gradient before it is written first and summed.
 *
 * The last lanes read up to 12 bytes past dy, the allocator's own footer.
 */
export function biasGradient(args: BiasArgs, slot: i32): void {
  const channels = args.channels, stride = <usize>channels << 2;
  const padded = <usize>((channels + 3) & ~3) << 2;
  const sums = args.sums + <usize>slot * padded;
  memory.fill(sums, 0, padded);
  const begin = <i32>(<i64>args.pixels * slot / args.slots), end = <i32>(<i64>args.pixels * (slot + 1) / args.slots);
  let dy = args.dy + <usize>begin * stride;
  if (args.y) {
    const dz = args.dz + <usize>begin * stride;
    rectify(dy, args.y + <usize>begin * stride, dz, (end - begin) * channels, args.slope);
    dy = dz;
  }
  for (let first = begin; first < end; first += BLOCK) {
    const count = min(BLOCK, end - first);
    let c = 0;
    for (; c + 32 <= channels; c += 32) addWide(sums + (<usize>c << 2), dy + (<usize>c << 2), stride, count);
    for (; c < channels; c += 4) {
      const offset = <usize>c << 2;
      addLanes(sums + offset, sumPixels(dy + offset, stride, count));
    }
    dy += <usize>count * stride;
  }
}

/** Adds partial sums `[slots][ceil4(count)]` in order into `out` `[count]`. */
export function addSlots(sums: usize, slots: i32, out: usize, count: i32): void {
  const padded = <usize>((count + 3) & ~3) << 2;
  for (let c = 0; c < count; c += 4) {
    let part = sums + (<usize>c << 2), total = v128.load(part);
    for (let s = 1; s < slots; s++) {
      part += padded;
      total = f32x4.add(total, v128.load(part));
    }
    storeLanes(out + (<usize>c << 2), total, count - c);
  }
}

/** Adds 32 neighboring channels over `count` pixels to the sums: where that is all of them, memory is read in order. */
function addWide(sums: usize, from: usize, stride: usize, count: i32): void {
  let a = f32x4.splat(0), b = a, c = a, d = a, e = a, f = a, g = a, h = a;
  for (; count > 0; count--) {
    a = f32x4.add(a, v128.load(from));
    b = f32x4.add(b, v128.load(from, 16));
    c = f32x4.add(c, v128.load(from, 32));
    d = f32x4.add(d, v128.load(from, 48));
    e = f32x4.add(e, v128.load(from, 64));
    f = f32x4.add(f, v128.load(from, 80));
    g = f32x4.add(g, v128.load(from, 96));
    h = f32x4.add(h, v128.load(from, 112));
    from += stride;
  }
  addPair(sums, a, b);
  addPair(sums + 32, c, d);
  addPair(sums + 64, e, f);
  addPair(sums + 96, g, h);
}

/** Four neighboring channels summed over `count` pixels. */
function sumPixels(from: usize, stride: usize, count: i32): v128 {
  let a = f32x4.splat(0), b = a, c = a, d = a;
  for (; count >= 4; count -= 4) {
    a = f32x4.add(a, v128.load(from));
    b = f32x4.add(b, v128.load(from + stride));
    c = f32x4.add(c, v128.load(from + 2 * stride));
    d = f32x4.add(d, v128.load(from + 3 * stride));
    from += 4 * stride;
  }
  for (; count > 0; count--) {
    a = f32x4.add(a, v128.load(from));
    from += stride;
  }
  return f32x4.add(f32x4.add(a, b), f32x4.add(c, d));
}
