import { storeLanes } from './simd';
import { LeakyArgs, POINTWISE_GRAIN } from './layout';

/** `dx = y > 0 ? dy : slope * dy` for one task's values; y is the rectifier's output. */
export function leakyGradient(args: LeakyArgs, task: i32): void {
  const first = task * POINTWISE_GRAIN, count = min(POINTWISE_GRAIN, args.count - first), offset = <usize>first << 2;
  rectify(args.dy + offset, args.y + offset, args.dx + offset, count, args.slope);
}

/** `dx = y > 0 ? dy : slope * dy` for `count` values. */
export function rectify(dy: usize, y: usize, dx: usize, count: i32, slope: f32): void {
  const s = f32x4.splat(slope), zero = f32x4.splat(0);
  const whole = count >> 2;
  for (let i = 0; i < whole; i++) {
    v128.store(dx, select(v128.load(dy), v128.load(y), s, zero));
    dy += 16; y += 16; dx += 16;
  }
  for (let i = whole << 2; i < count; i++) {
    storeLanes(dx, select(v128.load32_zero(dy), v128.load32_zero(y), s, zero), 1);
    dy += 4; y += 4; dx += 4;
  }
}

@inline
function select(dy: v128, y: v128, slope: v128, zero: v128): v128 {
  return v128.bitselect(dy, f32x4.mul(dy, slope), f32x4.gt(y, zero));
}
