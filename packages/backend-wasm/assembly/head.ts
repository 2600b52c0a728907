import { addLanes, loadLanes, madd, storeLanes } from './simd';

/** Rows of the weight whose contributions to the hidden layer are summed before the sum joins the total. */
const BLOCK: i32 = 64;

/** As it lies in memory; `src/native/heads/head.ts` writes it. */
@unmanaged
export class HeadArgs {
  /** `[outputs, width]`; what the gradient to the weight writes. */
  weight: usize;
  /** `[width]`. */
  hidden: usize;
  /** The product, or its gradient, `[outputs]`. */
  out: usize;
  /** Partial sums of the gradient to the hidden layer: a row of `ceil4(width)` values for each task, then a row for each
   * task's block sums. */
  sums: usize;
  outputs: i32;
  width: i32;
}

/** Outputs of one task. */
const GRAIN: i32 = 2048;

/** `out = weight · hidden`. */
export function head(args: HeadArgs, task: i32): void {
  const first = task * GRAIN, outputs = min(GRAIN, args.outputs - first), width = args.width;
  const row = <usize>width << 2, hidden = args.hidden;
  let weight = args.weight + <usize>first * row, out = args.out + (<usize>first << 2);
  let o = 0;
  for (; o + 4 <= outputs; o += 4) {
    let a = f32x4.splat(0), b = a, c = a, d = a;
    let w = weight, h = hidden, left = width;
    for (; left >= 4; left -= 4) {
      const lanes = v128.load(h);
      a = madd(v128.load(w), lanes, a);
      b = madd(v128.load(w + row), lanes, b);
      c = madd(v128.load(w + 2 * row), lanes, c);
      d = madd(v128.load(w + 3 * row), lanes, d);
      w += 16; h += 16;
    }
    if (left > 0) {
      const lanes = loadLanes(h, left);
      a = madd(loadLanes(w, left), lanes, a);
      b = madd(loadLanes(w + row, left), lanes, b);
      c = madd(loadLanes(w + 2 * row, left), lanes, c);
      d = madd(loadLanes(w + 3 * row, left), lanes, d);
    }
    v128.store(out, sumEach(a, b, c, d));
    weight += 4 * row;
    out += 16;
  }
  for (; o < outputs; o++) {
    let sum = f32x4.splat(0);
    for (let j = 0; j < width; j += 4) {
      const at = <usize>j << 2;
      sum = madd(loadLanes(weight + at, width - j), loadLanes(hidden + at, width - j), sum);
    }
    f32.store(out, f32x4.extract_lane(sumEach(sum, sum, sum, sum), 0));
    weight += row;
    out += 4;
  }
}

/** The lanes of each of four vectors summed, pairs two apart first. */
// @ts-ignore: decorator
@inline
function sumEach(a: v128, b: v128, c: v128, d: v128): v128 {
  const ab = f32x4.add(v128.shuffle<f32>(a, b, 0, 4, 1, 5), v128.shuffle<f32>(a, b, 2, 6, 3, 7));
  const cd = f32x4.add(v128.shuffle<f32>(c, d, 0, 4, 1, 5), v128.shuffle<f32>(c, d, 2, 6, 3, 7));
  return f32x4.add(v128.shuffle<f32>(ab, cd, 0, 1, 4, 5), v128.shuffle<f32>(ab, cd, 2, 3, 6, 7));
}

/** Gradient to the weight: the outer product of `out` and `hidden` into `weight`. */
export function headWeightGradient(args: HeadArgs, task: i32): void {
  const first = task * GRAIN, outputs = min(GRAIN, args.outputs - first), width = args.width;
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

/**
 * Gradient to the hidden layer, `out · weight`: the partial sum of one task.
 *
 * Sums of blocks of rows keep rounding errors small where there are many outputs.
 */
export function headHiddenGradient(args: HeadArgs, task: i32): void {
  const begin = task * GRAIN, outputs = min(GRAIN, args.outputs - begin), width = args.width;
  const row = <usize>width << 2, padded = <usize>((width + 3) & ~3) << 2;
  let weight = args.weight + <usize>begin * row, dy = args.out + (<usize>begin << 2);
  const tasks = (args.outputs + GRAIN - 1) / GRAIN;
  const total = args.sums + <usize>task * padded, scratch = args.sums + <usize>(tasks + task) * padded;
  memory.fill(total, 0, padded);
  memory.fill(scratch, 0, padded);
  for (let first = 0; first < outputs; first += BLOCK) {
    let count = min(BLOCK, outputs - first);
    for (; count >= 8; count -= 8) {
      addEightRows(weight, row, dy, scratch, width);
      weight += 8 * row;
      dy += 32;
    }
    for (; count > 0; count--) {
      const scale = v128.load32_splat(dy);
      for (let j = 0; j < width; j += 4) {
        const at = <usize>j << 2;
        addLanes(scratch + at, f32x4.mul(loadLanes(weight + at, width - j), scale));
      }
      weight += row;
      dy += 4;
    }
    for (let at: usize = 0; at < padded; at += 16) {
      addLanes(total + at, v128.load(scratch + at));
      v128.store(scratch + at, f32x4.splat(0));
    }
  }
}

/** Adds `Σ dy[i] · weight[i]` over eight rows to the sums. */
// @ts-ignore: decorator
@inline
function addEightRows(weight: usize, row: usize, dy: usize, sums: usize, width: i32): void {
  const a = v128.load32_splat(dy), b = v128.load32_splat(dy, 4), c = v128.load32_splat(dy, 8);
  const d = v128.load32_splat(dy, 12), e = v128.load32_splat(dy, 16), f = v128.load32_splat(dy, 20);
  const g = v128.load32_splat(dy, 24), h = v128.load32_splat(dy, 28);
  let left = width;
  for (; left >= 4; left -= 4) {
    const low = madd(v128.load(weight + row), b, f32x4.mul(v128.load(weight), a));
    const middle = madd(v128.load(weight + 3 * row), d, f32x4.mul(v128.load(weight + 2 * row), c));
    const high = madd(v128.load(weight + 5 * row), f, f32x4.mul(v128.load(weight + 4 * row), e));
    const top = madd(v128.load(weight + 7 * row), h, f32x4.mul(v128.load(weight + 6 * row), g));
    addLanes(sums, f32x4.add(f32x4.add(low, middle), f32x4.add(high, top)));
    weight += 16; sums += 16;
  }
  if (left > 0) {
    for (let i: usize = 0; i < 8; i++) {
      addLanes(sums, f32x4.mul(loadLanes(weight + i * row, left), v128.load32_splat(dy + 4 * i)));
    }
  }
}
