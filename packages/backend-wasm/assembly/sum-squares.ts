/** Sum of squares of `count` float32 values, in double precision. */
export function sumSquares(x: usize, count: i32): f64 {
  let a = f64x2.splat(0), b = a, c = a, d = a;
  for (; count >= 8; count -= 8) {
    const low = v128.load(x), high = v128.load(x, 16);
    a = f64x2.add(a, square(low));
    b = f64x2.add(b, square(i8x16.shuffle(low, low, 8, 9, 10, 11, 12, 13, 14, 15, 0, 0, 0, 0, 0, 0, 0, 0)));
    c = f64x2.add(c, square(high));
    d = f64x2.add(d, square(i8x16.shuffle(high, high, 8, 9, 10, 11, 12, 13, 14, 15, 0, 0, 0, 0, 0, 0, 0, 0)));
    x += 32;
  }
  const sums = f64x2.add(f64x2.add(a, b), f64x2.add(c, d));
  let total = f64x2.extract_lane(sums, 0) + f64x2.extract_lane(sums, 1);
  for (; count > 0; count--, x += 4) {
    const value = <f64>load<f32>(x);
    total += value * value;
  }
  return total;
}

/** Squares of the lower two of four float32 lanes, as doubles. */
@inline
function square(v: v128): v128 {
  const wide = f64x2.promote_low_f32x4(v);
  return f64x2.mul(wide, wide);
}
