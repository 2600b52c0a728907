import { NCC_MAPS, NccArgs } from './layout';

/** What is summed over windows: a, b, a², b², ab. */
export function nccTerms(args: NccArgs, task: i32): void {
  const line = <usize>args.channels << 2;
  const first = <usize>task * <usize>args.width * line;
  let a = args.a + first, b = args.b + first, map = args.maps + first * NCC_MAPS;
  for (let x = 0; x < args.width; x++) {
    for (let c: usize = 0; c < line; c += 4) {
      const u = load<f32>(a + c), v = load<f32>(b + c), at = map + c;
      store<f32>(at, u);
      store<f32>(at + line, v);
      store<f32>(at + 2 * line, u * u);
      store<f32>(at + 3 * line, v * v);
      store<f32>(at + 4 * line, u * v);
    }
    a += line;
    b += line;
    map += NCC_MAPS * line;
  }
}

/**
 * Turns the sums over windows into what the gradient sums over windows in its turn: the slope along the covariance, those
 * along both variances, and what both images' means take back. The task's correlations add up in `partials`.
 */
export function nccMaps(args: NccArgs, task: i32): void {
  const line = <usize>args.channels << 2, reach = args.reach, width = args.width;
  const row = task % args.height, slice = (task / args.height) % args.depth;
  const across = inside(slice, reach, args.depth) * inside(row, reach, args.height);
  const isSquared = args.isSquared != 0, epsilon = <f64>args.epsilon;
  let map = args.maps + <usize>task * <usize>width * NCC_MAPS * line;
  let total: f64 = 0;
  for (let x = 0; x < width; x++) {
    const perVoxel = 1 / <f64>(across * inside(x, reach, width));
    for (let c: usize = 0; c < line; c += 4) {
      const at = map + c;
      const sumA = <f64>load<f32>(at), sumB = <f64>load<f32>(at + line);
      const meanA = sumA * perVoxel, meanB = sumB * perVoxel;
      const varianceA = max<f64>(<f64>load<f32>(at + 2 * line) - sumA * meanA, 0);
      const varianceB = max<f64>(<f64>load<f32>(at + 3 * line) - sumB * meanB, 0);
      // Rounding may not break |cross| <= sqrt(varianceA * varianceB).
      const most = Math.sqrt(varianceA * varianceB);
      const cross = min<f64>(max<f64>(<f64>load<f32>(at + 4 * line) - sumA * meanB, -most), most);
      const product = varianceA * varianceB + epsilon;
      const inverse = isSquared ? 1 / product : 1 / Math.sqrt(product);
      const ncc = (isSquared ? cross * cross : cross) * inverse;
      const weight = isSquared ? 2 * cross * inverse : inverse;
      const slope = isSquared ? -2 * ncc * inverse : -ncc * inverse * inverse;
      // A variance that was clamped has none.
      const toA = varianceA == 0 ? 0 : slope * varianceB, toB = varianceB == 0 ? 0 : slope * varianceA;
      total += ncc;
      store<f32>(at, <f32>weight);
      store<f32>(at + line, <f32>toA);
      store<f32>(at + 2 * line, <f32>toB);
      store<f32>(at + 3 * line, <f32>(weight * meanB + toA * meanA));
      store<f32>(at + 4 * line, <f32>(weight * meanA + toB * meanB));
    }
    map += NCC_MAPS * line;
  }
  store<f64>(args.partials + (<usize>task << 3), total);
}

/** Gradients of one minus the mean correlation, from the window sums of those maps. */
export function nccGradients(args: NccArgs, task: i32): void {
  const line = <usize>args.channels << 2;
  const first = <usize>task * <usize>args.width * line;
  const share = args.share;
  let a = args.a + first, b = args.b + first, map = args.maps + first * NCC_MAPS;
  let toA = args.toA + first, toB = args.toB + first;
  for (let x = 0; x < args.width; x++) {
    for (let c: usize = 0; c < line; c += 4) {
      const u = load<f32>(a + c), v = load<f32>(b + c), at = map + c;
      const weight = load<f32>(at);
      store<f32>(toA + c, share * (load<f32>(at + 3 * line) - (v * weight + u * load<f32>(at + line))));
      store<f32>(toB + c, share * (load<f32>(at + 4 * line) - (u * weight + v * load<f32>(at + 2 * line))));
    }
    a += line;
    b += line;
    toA += line;
    toB += line;
    map += NCC_MAPS * line;
  }
}

/** How many places of a window lie inside of an axis. */
@inline
function inside(center: i32, reach: i32, length: i32): i32 {
  return min(center + reach, length - 1) - max(center - reach, 0) + 1;
}
