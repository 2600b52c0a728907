import { highPair } from './simd';
import { BOX_PIECE, BoxSumArgs } from './layout';

/** The sums of one piece of one outer index, along the whole axis. */
export function boxSum(args: BoxSumArgs, task: i32, worker: i32): void {
  const outer = task / args.pieces, piece = task - outer * args.pieces;
  const begin = piece * BOX_PIECE, count = min(BOX_PIECE, args.inner - begin);
  const stride = <usize>args.inner << 2;
  const offset = (<usize>outer * <usize>args.length * <usize>args.inner + <usize>begin) << 2;
  const x = args.x + offset, y = args.y + offset;
  const sums = args.scratch + (<usize>(worker * BOX_PIECE) << 3);
  memory.fill(sums, 0, <usize>count << 3);
  const reach = args.reach, length = args.length;
  for (let i = 0; i < min(reach, length); i++) addLine(sums, x + <usize>i * stride, count);
  for (let i = 0; i < length; i++) {
    const enters = i + reach, leaves = i - reach - 1;
    if (enters < length) addLine(sums, x + <usize>enters * stride, count);
    if (leaves >= 0) subtractLine(sums, x + <usize>leaves * stride, count);
    storeLine(y + <usize>i * stride, sums, count);
  }
}

function addLine(sums: usize, line: usize, count: i32): void {
  let c = 0;
  for (; c + 4 <= count; c += 4) {
    const v = v128.load(line + (<usize>c << 2)), sum = sums + (<usize>c << 3);
    v128.store(sum, f64x2.add(v128.load(sum), f64x2.promote_low_f32x4(v)));
    v128.store(sum, f64x2.add(v128.load(sum, 16), f64x2.promote_low_f32x4(highPair(v))), 16);
  }
  for (; c < count; c++) {
    const sum = sums + (<usize>c << 3);
    store<f64>(sum, load<f64>(sum) + <f64>load<f32>(line + (<usize>c << 2)));
  }
}

function subtractLine(sums: usize, line: usize, count: i32): void {
  let c = 0;
  for (; c + 4 <= count; c += 4) {
    const v = v128.load(line + (<usize>c << 2)), sum = sums + (<usize>c << 3);
    v128.store(sum, f64x2.sub(v128.load(sum), f64x2.promote_low_f32x4(v)));
    v128.store(sum, f64x2.sub(v128.load(sum, 16), f64x2.promote_low_f32x4(highPair(v))), 16);
  }
  for (; c < count; c++) {
    const sum = sums + (<usize>c << 3);
    store<f64>(sum, load<f64>(sum) - <f64>load<f32>(line + (<usize>c << 2)));
  }
}

function storeLine(line: usize, sums: usize, count: i32): void {
  let c = 0;
  for (; c + 4 <= count; c += 4) {
    const sum = sums + (<usize>c << 3);
    const low = f32x4.demote_f64x2_zero(v128.load(sum)), high = f32x4.demote_f64x2_zero(v128.load(sum, 16));
    v128.store(line + (<usize>c << 2), v128.shuffle<f32>(low, high, 0, 1, 4, 5));
  }
  for (; c < count; c++) store<f32>(line + (<usize>c << 2), <f32>load<f64>(sums + (<usize>c << 3)));
}

