import { expInPlace, subtractLargest, sumRow } from './softmax';

/** Pixels that go through softmax while they are in the cache. */
const BLOCK: i32 = 64;

/** Per label, in `sums`: overlap `Σ p t` and size `Σ p² + Σ t²` (or `Σ p + Σ t`), then two factors of the gradient. */
const ENTRY: usize = 16;

/**
 * Soft Dice of softmax(logits), weighted over labels and summed over groups of pixels, `Σ w (2 overlap + smooth) /
 * (size + smooth)`; returns it, and writes the gradient of one minus it.
 *
 * logits `[groups, pixels, labels]`; `truth` int32 `[groups, pixels]`, or where `isSoft` float32 `[groups, pixels, labels]`;
 * `weight` that of each label from `firstLabel` on, others count nothing. `sums` holds `ENTRY * labels` bytes.
 */
export function softDice(
  logits: usize, truth: usize, isSoft: bool, gradient: usize, sums: usize, groups: i32, pixels: i32, labels: i32,
  firstLabel: i32, weight: f64, smooth: f64, isSquared: bool,
): f64 {
  const row = <usize>labels << 2;
  let dice: f64 = 0;
  for (; groups > 0; groups--) {
    memory.fill(sums, 0, ENTRY * <usize>labels);
    let z = logits, p = gradient, t = truth;
    for (let first = 0; first < pixels; first += BLOCK) {
      const count = min(BLOCK, pixels - first);
      softmax(z, p, count, labels);
      if (isSoft) addSoft(p, t, sums, count, row, isSquared);
      else addHard(p, t, sums, count, row, isSquared);
      z += <usize>count * row;
      p += <usize>count * row;
      t += isSoft ? <usize>count * row : <usize>count << 2;
    }
    for (let l = 0; l < labels; l++) {
      const entry = sums + <usize>l * ENTRY;
      const denominator = load<f64>(entry, 8) + smooth;
      const value = (2 * load<f64>(entry) + smooth) / denominator;
      const w = l < firstLabel ? 0 : weight;
      const scale = -2 * w / denominator;
      dice += w * value;
      store<f32>(entry, <f32>scale);
      store<f32>(entry, <f32>(scale * value * (isSquared ? 1 : 0.5)), 4);
    }
    for (let i = 0; i < pixels; i++) {
      turnIntoGradient(gradient, truth, isSoft, sums, row, isSquared);
      gradient += row;
      truth += isSoft ? row : 4;
    }
    logits = z;
  }
  return dice;
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

// @ts-ignore: decorator
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
      entry += ENTRY;
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
      entry += ENTRY;
    }
    p += row;
    truth += row;
  }
}

/** A pixel's probabilities replaced by the gradient to its logits: `p (g - Σ p g)`, g the gradient to p. */
// @ts-ignore: decorator
@inline
function turnIntoGradient(p: usize, truth: usize, isSoft: bool, sums: usize, row: usize, isSquared: bool): void {
  const label: u32 = isSoft ? 0 : load<u32>(truth);
  let total: f32 = 0, l: u32 = 0;
  let entry = sums;
  for (let at: usize = 0; at < row; at += 4) {
    total += load<f32>(p + at) * toProbability(p + at, truth + at, isSoft, label == l++, entry, isSquared);
    entry += ENTRY;
  }
  l = 0;
  entry = sums;
  for (let at: usize = 0; at < row; at += 4) {
    const g = toProbability(p + at, truth + at, isSoft, label == l++, entry, isSquared);
    store<f32>(p + at, load<f32>(p + at) * (g - total));
    entry += ENTRY;
  }
}

// @ts-ignore: decorator
@inline
function toProbability(p: usize, truth: usize, isSoft: bool, isHit: bool, entry: usize, isSquared: bool): f32 {
  const t: f32 = isSoft ? load<f32>(truth) : isHit ? 1 : 0;
  const decay = load<f32>(entry, 4);
  return load<f32>(entry) * t - (isSquared ? decay * load<f32>(p) : decay);
}
