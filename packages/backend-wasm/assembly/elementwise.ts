import { leaky, loadLanes, storeLanes } from './simd';
import { ElementwiseArgs, POINTWISE_GRAIN, PRODUCT, RECTIFIED_SUM, RECTIFIER, RECTIFIER_GRADIENT, SUM } from './layout';

/** One task's values of a function of a and of b, which repeats every `period` values. */
export function elementwise(args: ElementwiseArgs, task: i32): void {
  const period = args.period, kind = args.kind, slope = args.slope;
  let i = task * POINTWISE_GRAIN, j = i % period;
  const end = min(i + POINTWISE_GRAIN, args.count);
  while (i < end) {
    const count = min(end - i, period - j);
    const a = args.a + (<usize>i << 2), b = args.b + (<usize>j << 2), y = args.y + (<usize>i << 2);
    if (kind == SUM) run(SUM, a, b, y, count, slope);
    else if (kind == PRODUCT) run(PRODUCT, a, b, y, count, slope);
    else if (kind == RECTIFIER) run(RECTIFIER, a, b, y, count, slope);
    else if (kind == RECTIFIED_SUM) run(RECTIFIED_SUM, a, b, y, count, slope);
    else rectify(a, b, y, count, slope);
    i += count;
    j = 0;
  }
}

/** `dx = y > 0 ? dy : slope * dy` for `count` values. */
export function rectify(dy: usize, y: usize, dx: usize, count: i32, slope: f32): void {
  run(RECTIFIER_GRADIENT, dy, y, dx, count, slope);
}

/** `kind` is a constant wherever this is inlined. */
@inline
function run(kind: i32, a: usize, b: usize, y: usize, count: i32, slope: f32): void {
  const s = f32x4.splat(slope);
  for (; count >= 4; count -= 4) {
    v128.store(y, combine(kind, v128.load(a), v128.load(b), s));
    a += 16; b += 16; y += 16;
  }
  if (count > 0) storeLanes(y, combine(kind, loadLanes(a, count), loadLanes(b, count), s), count);
}

@inline
function combine(kind: i32, a: v128, b: v128, slope: v128): v128 {
  if (kind == SUM) return f32x4.add(a, b);
  if (kind == PRODUCT) return f32x4.mul(a, b);
  if (kind == RECTIFIER) return leaky(a, slope);
  if (kind == RECTIFIED_SUM) return leaky(f32x4.add(a, b), slope);
  return v128.bitselect(a, f32x4.mul(a, slope), f32x4.gt(b, f32x4.splat(0)));
}
