import { expInPlace, subtractLargest, sumRow } from './softmax';
import { DICE_ENTRY, DiceArgs, LOSS_GRAIN } from './layout';

/** Pixels that go through softmax while they are in the cache. */
const BLOCK: i32 = 64;

/** Softmax of one task's pixels, into `gradient`, and its sums. */
export function softDiceSums(args: DiceArgs, task: i32): void {
  const labels = args.labels, row = <usize>labels << 2, isSoft = args.isSoft != 0, isSquared = args.isSquared != 0;
  const group = task / args.tasks, begin = (task - group * args.tasks) * LOSS_GRAIN, end = min(begin + LOSS_GRAIN, args.pixels);
  const sums = args.sums + <usize>(task * labels) * DICE_ENTRY, pixel = <usize>(group * args.pixels + begin);
  let z = args.logits + pixel * row, p = args.gradient + pixel * row, t = args.truth + pixel * (isSoft ? row : 4);
  memory.fill(sums, 0, DICE_ENTRY * <usize>labels);
  for (let first = begin; first < end; first += BLOCK) {
    const count = min(BLOCK, end - first);
    softmax(z, p, count, labels);
    if (isSoft) addSoft(p, t, sums, count, row, isSquared);
    else addHard(p, t, sums, count, row, isSquared);
    z += <usize>count * row;
    p += <usize>count * row;
    t += isSoft ? <usize>count * row : <usize>count << 2;
  }
}

/**
 * Soft Dice of softmax(logits), weighted over labels and summed over groups of pixels, from the sums of all tasks in order:
 * `Σ w (2 overlap + smooth) / (size + smooth)`. Turns the sums of each group's first task into factors of the gradient.
 *
 * `weight` is that of each label from `firstLabel` on, others count nothing.
 */
export function softDice(sums: usize, groups: i32, tasks: i32, labels: i32, firstLabel: i32, weight: f64, smooth: f64, isSquared: bool): f64 {
  const taskBytes = <usize>labels * DICE_ENTRY;
  let dice: f64 = 0;
  for (; groups > 0; groups--) {
    for (let l = 0; l < labels; l++) {
      const entry = sums + <usize>l * DICE_ENTRY;
      let overlap: f64 = 0, size: f64 = 0;
      for (let i = 0; i < tasks; i++) {
        overlap += load<f64>(entry + <usize>i * taskBytes);
        size += load<f64>(entry + <usize>i * taskBytes, 8);
      }
      const denominator = size + smooth;
      const value = (2 * overlap + smooth) / denominator;
      const w = l < firstLabel ? 0 : weight;
      const scale = -2 * w / denominator;
      dice += w * value;
      store<f32>(entry, <f32>scale);
      store<f32>(entry, <f32>(scale * value * (isSquared ? 1 : 0.5)), 4);
    }
    sums += <usize>tasks * taskBytes;
  }
  return dice;
}

/** The gradient of one minus the soft Dice, one task's pixels, in place of the softmax. */
export function softDiceGradient(args: DiceArgs, task: i32): void {
  const row = <usize>args.labels << 2, isSoft = args.isSoft != 0, isSquared = args.isSquared != 0;
  const group = task / args.tasks, begin = (task - group * args.tasks) * LOSS_GRAIN, end = min(begin + LOSS_GRAIN, args.pixels);
  const factors = args.sums + <usize>(group * args.tasks * args.labels) * DICE_ENTRY;
  const pixel = <usize>(group * args.pixels + begin);
  let p = args.gradient + pixel * row, t = args.truth + pixel * (isSoft ? row : 4);
  for (let i = begin; i < end; i++) {
    turnIntoGradient(p, t, isSoft, factors, row, isSquared);
    p += row;
    t += isSoft ? row : 4;
  }
}

function softmax(logits: usize, out: usize, pixels: i32, labels: i32): void {
  const row = <usize>labels << 2;
  subtractLargest(logits, out, pixels, labels);
  expInPlace(out, pixels * labels);
  for (; pixels > 0; pixels--) {
    const scale: f32 = 1 / sumRow(out, row);
    for (let at: usize = 0; at < row; at += 4) store<f32>(out + at, load<f32>(out + at) * scale);
    out += row;
  }
}

@inline
function addTo(entry: usize, value: f64): void {
  store<f64>(entry, load<f64>(entry) + value);
}

function addHard(p: usize, truth: usize, sums: usize, pixels: i32, row: usize, isSquared: bool): void {
  for (; pixels > 0; pixels--) {
    let entry = sums + 8;
    for (let at: usize = 0; at < row; at += 4) {
      const value = <f64>load<f32>(p + at);
      addTo(entry, isSquared ? value * value : value);
      entry += DICE_ENTRY;
    }
    const at = <usize>load<u32>(truth) << 2;
    if (<u64>load<u32>(truth) << 2 < <u64>row) {
      addTo(sums + (at << 2), <f64>load<f32>(p + at));
      addTo(sums + (at << 2) + 8, 1);
    }
    p += row;
    truth += 4;
  }
}

function addSoft(p: usize, truth: usize, sums: usize, pixels: i32, row: usize, isSquared: bool): void {
  for (; pixels > 0; pixels--) {
    let entry = sums;
    for (let at: usize = 0; at < row; at += 4) {
      const value = <f64>load<f32>(p + at), t = <f64>load<f32>(truth + at);
      addTo(entry, value * t);
      addTo(entry + 8, isSquared ? value * value + t * t : value + t);
      entry += DICE_ENTRY;
    }
    p += row;
    truth += row;
  }
}

/** A pixel's probabilities replaced by the gradient to its logits: `p (g - Σ p g)`, g the gradient to p. */
@inline
function turnIntoGradient(p: usize, truth: usize, isSoft: bool, sums: usize, row: usize, isSquared: bool): void {
  const label: u32 = isSoft ? 0 : load<u32>(truth);
  let total: f32 = 0, l: u32 = 0;
  let entry = sums;
  for (let at: usize = 0; at < row; at += 4) {
    total += load<f32>(p + at) * toProbability(p + at, truth + at, isSoft, label == l++, entry, isSquared);
    entry += DICE_ENTRY;
  }
  l = 0;
  entry = sums;
  for (let at: usize = 0; at < row; at += 4) {
    const g = toProbability(p + at, truth + at, isSoft, label == l++, entry, isSquared);
    store<f32>(p + at, load<f32>(p + at) * (g - total));
    entry += DICE_ENTRY;
  }
}

@inline
function toProbability(p: usize, truth: usize, isSoft: bool, isHit: bool, entry: usize, isSquared: bool): f32 {
  const t: f32 = isSoft ? load<f32>(truth) : isHit ? 1 : 0;
  const decay = load<f32>(entry, 4);
  return load<f32>(entry) * t - (isSquared ? decay * load<f32>(p) : decay);
}
