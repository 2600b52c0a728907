import { expInPlace, subtractLargest, sumRow } from './softmax';
import { CrossEntropyArgs, LOSS_GRAIN } from './layout';

/** Pixels that go through all steps while they are in the cache. */
const BLOCK: i32 = 64;

/** The product of totals is turned into a logarithm before it may overflow. */
const LARGE: f64 = 1e200;

/**
 * Cross-entropy of softmax(logits), summed over one task's pixels, and its gradient `(softmax - t) / pixels`.
 *
 * logits `[pixels, labels]`; `truth` int32 `[pixels]`, or where `isSoft` float32 `[pixels, labels]`. An integer that is no
 * label counts as all zeros. The sum is `Σ log Σ exp(z - max) - Σ t (z - max)`, in double precision, with one logarithm
 * for the product of many sums.
 */
export function crossEntropy(args: CrossEntropyArgs, task: i32): void {
  const labels = args.labels, begin = task * LOSS_GRAIN, end = min(begin + LOSS_GRAIN, args.pixels);
  const row = <usize>labels << 2, isSoft = args.isSoft != 0;
  const share: f32 = 1 / <f32>args.pixels;
  let logits = args.logits + <usize>begin * row, gradient = args.gradient + <usize>begin * row;
  let truth = args.truth + <usize>begin * (isSoft ? row : 4);
  let logarithms: f64 = 0, product: f64 = 1, matched: f64 = 0;
  for (let first = begin; first < end; first += BLOCK) {
    const count = min(BLOCK, end - first);
    subtractLargest(logits, gradient, count, labels);
    matched += isSoft ? matchedSoft(gradient, truth, count * labels) : matchedHard(gradient, truth, count, labels);
    expInPlace(gradient, count * labels);
    for (let i = 0; i < count; i++) {
      const total = sumRow(gradient, row);
      product *= total;
      if (product > LARGE) {
        logarithms += Math.log(product);
        product = 1;
      }
      const scale = share / total;
      for (let at: usize = 0; at < row; at += 4) {
        const t: f32 = isSoft ? load<f32>(truth + at) * share : 0;
        store<f32>(gradient + at, load<f32>(gradient + at) * scale - t);
      }
      if (isSoft) truth += row;
      else {
        const label = load<u32>(truth);
        if (label < <u32>labels) {
          const at = gradient + (<usize>label << 2);
          store<f32>(at, load<f32>(at) - share);
        }
        truth += 4;
      }
      gradient += row;
    }
    logits += <usize>count * row;
  }
  store<f64>(args.partials + (<usize>task << 3), logarithms + Math.log(product) - matched);
}

/** The sums of all tasks in order, by the number of pixels. */
export function meanOfPartials(partials: usize, tasks: i32, pixels: i32): f64 {
  let total: f64 = 0;
  for (let i = 0; i < tasks; i++) total += load<f64>(partials + (<usize>i << 3));
  return total / pixels;
}

/** `Σ t z` of a block with integer labels. */
function matchedHard(z: usize, truth: usize, pixels: i32, labels: i32): f64 {
  let sum: f64 = 0;
  for (let i = 0; i < pixels; i++) {
    const label = load<u32>(truth + (<usize>i << 2));
    if (label < <u32>labels) sum += load<f32>(z + (<usize>(i * labels + label) << 2));
  }
  return sum;
}

/** `Σ t z` of a block with a share of each label. */
function matchedSoft(z: usize, truth: usize, values: i32): f64 {
  let sum: f64 = 0;
  for (let at: usize = 0; at < <usize>values << 2; at += 4) {
    sum += <f64>load<f32>(z + at) * load<f32>(truth + at);
  }
  return sum;
}
