import { loadLanes, madd, storeLanes } from './simd';
import { HEAD_GRAIN, HeadArgs } from './layout';

/** `out = gate · weight · hidden + baseScale · base`, of all heads. */
export function head(args: HeadArgs, task: i32): void {
  for (; task >= args.tasks; args = next(args)) task -= args.tasks;
  const first = task * HEAD_GRAIN, outputs = min(HEAD_GRAIN, args.outputs - first), width = args.width;
  const row = <usize>width << 2, hidden = args.hidden;
  const gate = f32x4.splat(args.gate), scale = f32x4.splat(args.baseScale);
  let weight = args.weight + <usize>first * row, out = args.out + (<usize>first << 2);
  let base = args.base + (<usize>first << 2);
  for (let o = 0; o < outputs; o += 4) {
    const a = multiplyRow(weight, hidden, width), left = outputs - o;
    const b = left > 1 ? multiplyRow(weight + row, hidden, width) : a;
    const c = left > 2 ? multiplyRow(weight + 2 * row, hidden, width) : a;
    const d = left > 3 ? multiplyRow(weight + 3 * row, hidden, width) : a;
    const sum = f32x4.add(f32x4.mul(sumEach(a, b, c, d), gate), f32x4.mul(loadLanes(base, left), scale));
    storeLanes(out, sum, left);
    weight += 4 * row;
    base += 16;
    out += 16;
  }
}

/** The arguments of the next head: they lie one behind the other. */
@inline
function next(args: HeadArgs): HeadArgs {
  return changetype<HeadArgs>(changetype<usize>(args) + offsetof<HeadArgs>());
}

/**
 * Four partial sums of a row times the hidden layer.
 *
 * The weight is read strictly in order, here as below: memory answers twice as fast as to several rows at once.
 */
@inline
function multiplyRow(weight: usize, hidden: usize, width: i32): v128 {
  let a = f32x4.splat(0), b = a, c = a, d = a;
  for (; width >= 16; width -= 16) {
    a = madd(v128.load(weight), v128.load(hidden), a);
    b = madd(v128.load(weight, 16), v128.load(hidden, 16), b);
    c = madd(v128.load(weight, 32), v128.load(hidden, 32), c);
    d = madd(v128.load(weight, 48), v128.load(hidden, 48), d);
    weight += 64; hidden += 64;
  }
  for (; width > 0; width -= 4) {
    a = madd(loadLanes(weight, width), loadLanes(hidden, width), a);
    weight += 16; hidden += 16;
  }
  return f32x4.add(f32x4.add(a, b), f32x4.add(c, d));
}

/** The lanes of each of four vectors summed, pairs two apart first. */
@inline
function sumEach(a: v128, b: v128, c: v128, d: v128): v128 {
  const ab = f32x4.add(v128.shuffle<f32>(a, b, 0, 4, 1, 5), v128.shuffle<f32>(a, b, 2, 6, 3, 7));
  const cd = f32x4.add(v128.shuffle<f32>(c, d, 0, 4, 1, 5), v128.shuffle<f32>(c, d, 2, 6, 3, 7));
  return f32x4.add(v128.shuffle<f32>(ab, cd, 0, 1, 4, 5), v128.shuffle<f32>(ab, cd, 2, 3, 6, 7));
}

/** Gradient to the weight: the outer product of `out` and `hidden` into `weight`. */
export function headWeightGradient(args: HeadArgs, task: i32): void {
  const first = task * HEAD_GRAIN, outputs = min(HEAD_GRAIN, args.outputs - first), width = args.width;
  const hidden = args.hidden;
  let dy = args.out + (<usize>first << 2), out = args.weight + (<usize>first * <usize>width << 2);
  for (let o = 0; o < outputs; o++) {
    const scale = v128.load32_splat(dy);
    let h = hidden, left = width;
    for (; left >= 4; left -= 4) {
      v128.store(out, f32x4.mul(v128.load(h), scale));
      h += 16; out += 16;
    }
    if (left > 0) {
      storeLanes(out, f32x4.mul(loadLanes(h, left), scale), left);
      out += <usize>left << 2;
    }
    dy += 4;
  }
}

/** Gradient to the hidden layer before the gate, `out · weight`, of all heads: the partial sum of one task. */
export function headRowGradient(args: HeadArgs, task: i32): void {
  const padded = <usize>((args.width + 3) & ~3) << 2, sums = args.sums + <usize>task * padded;
  for (; task >= args.tasks; args = next(args)) task -= args.tasks;
  const first = task * HEAD_GRAIN, width = args.width;
  let weight = args.weight + (<usize>first * <usize>width << 2), dy = args.out + (<usize>first << 2);
  memory.fill(sums, 0, padded);
  for (let left = min(HEAD_GRAIN, args.outputs - first); left > 0; left--) {
    addRow(weight, v128.load32_splat(dy), sums, width);
    weight += <usize>width << 2;
    dy += 4;
  }
}

/** Adds a row times `scale` to the sums. */
@inline
function addRow(weight: usize, scale: v128, sums: usize, width: i32): void {
  for (; width >= 16; width -= 16) {
    v128.store(sums, madd(v128.load(weight), scale, v128.load(sums)));
    v128.store(sums, madd(v128.load(weight, 16), scale, v128.load(sums, 16)), 16);
    v128.store(sums, madd(v128.load(weight, 32), scale, v128.load(sums, 32)), 32);
    v128.store(sums, madd(v128.load(weight, 48), scale, v128.load(sums, 48)), 48);
    weight += 64; sums += 64;
  }
  for (; width > 0; width -= 4) {
    v128.store(sums, madd(loadLanes(weight, width), scale, v128.load(sums)));
    weight += 16; sums += 16;
  }
}
