import { CapabilityError } from '@sshn/core';
import { sumAll } from '@sshn/ops';
import {
  abs,
  add,
  broadcastTo,
  cumsum,
  div,
  divNoNan,
  gatherND,
  getBackend,
  greater,
  max,
  mul,
  range,
  reshape,
  type Scalar,
  scatterND,
  sign,
  stack,
  sub,
  sum,
  type Tensor,
  type Tensor2D,
  tile,
  topk,
  transpose,
  where,
  zeros,
  zerosLike,
} from '@tensorflow/tfjs-core';
import { asFloat } from '../input/labels.js';

/**
 * The Lovász extension of the Jaccard loss of one label, and its gradient to the errors.
 *
 * With pixels in the order of falling error, `J_i` the Jaccard loss if the first i of them were all the wrong ones:
 * `value = Σ_i e_i (J_i − J_{i−1})`, and the gradient at pixel i is `J_i − J_{i−1}`.
 *
 * @param errors `|t − p|` of each pixel, in [0, 1].
 * @param truth t of each pixel, in [0, 1].
 *
 * *Source*: Berman et al., "The Lovász-softmax loss" (2018), equations 8 and 9, algorithm 1.
 */
export function lovaszExtension(
  errors: Float32Array,
  truth: Float32Array,
): { value: number; gradient: Float32Array } {
  const gradient = new Float32Array(errors.length);
  let positives = 0;
  for (const t of truth) positives += t;
  let intersection = positives;
  let union = positives;
  let before = 0;
  let value = 0;
  for (const i of fallingOrder(errors)) {
    intersection -= truth[i]!;
    union += 1 - truth[i]!;
    // Only without a positive and at a truth of 1 can the union be 0; nothing is wrong then.
    const jaccard = union > 0 ? 1 - intersection / union : 0;
    gradient[i] = jaccard - before;
    value += errors[i]! * (jaccard - before);
    before = jaccard;
  }
  return { value, gradient };
}

/**
 * Indices of numbers ≥ 0 from the largest to the smallest, equal ones in their order: a radix sort, linear in their
 * number. The bits of such floats order as integers.
 */
export function fallingOrder(values: Float32Array): Uint32Array {
  const keys = new Uint32Array(values.buffer, values.byteOffset, values.length);
  let order = Uint32Array.from(keys, (_, i) => i);
  let next = new Uint32Array(order.length);
  for (let shift = 0; shift < 32; shift += 11) {
    const places = new Uint32Array(2048);
    const digit = (i: number) => 2047 - ((keys[i]! >>> shift) & 2047);
    for (const i of order) places[digit(i)]! += 1;
    let total = 0;
    for (let d = 0; d < 2048; d++) {
      const count = places[d]!;
      places[d] = total;
      total += count;
    }
    for (const i of order) {
      const d = digit(i);
      next[places[d]!] = i;
      places[d]! += 1;
    }
    [order, next] = [next, order];
  }
  return order;
}

/** Kernels pick by index as float32, which counts so far. */
const mostPixels = 2 ** 24;

interface Compared {
  /** `[batch, ...spatial, labels]` */
  readonly p: Tensor;
  readonly truth: Tensor;
  /** `[batch, ...spatial, 1]`, undefined where all pixels count. */
  readonly mask: Tensor | undefined;
}

interface Scoring {
  readonly classes: 'present' | 'all';
  readonly perSample: boolean;
  readonly weights: readonly number[];
}

/**
 * The Lovász loss and its slopes to the probabilities from tfjs ops alone: nothing is read back.
 *
 * @throws {CapabilityError} if more pixels are to be sorted at once than the backend can.
 */
export function lovaszOnDevice(
  { p, truth, mask }: Compared,
  { classes, perSample, weights }: Scoring,
): { value: Scalar; slopes: Tensor } {
  const labels = weights.length;
  const samples = perSample ? p.shape[0]! : 1;
  const pixels = p.size / labels / samples;
  requirePixels(pixels);
  const rowsOf = (x: Tensor): Tensor2D =>
    reshape(transpose(reshape(x, [samples, pixels, -1]), [0, 2, 1]), [-1, pixels]);
  const counted = mask === undefined ? undefined : rowsOf(broadcastTo(mask, p.shape));
  const masked = (x: Tensor2D): Tensor2D => (counted === undefined ? x : mul(x, counted));
  const t = rowsOf(truth);
  const difference = sub(rowsOf(p), t) as Tensor2D;

  const { values, gradient } = lovaszRows(masked(abs(difference)), masked(t), masked(sub(1, t) as Tensor2D));
  const holds = classes === 'present' ? masked(t) : (counted ?? add(zerosLike(t), 1));
  const isScored = asFloat(greater(max(holds, 1), 0));
  const shares = mul(reshape(isScored, [samples, labels]), [...weights]);
  const share = reshape(divNoNan(shares, mul(sum(shares, 1, true), samples)), [-1, 1]);
  const slopes = reshape(mul(mul(gradient, sign(difference)), share), [samples, labels, pixels]);
  return {
    value: sumAll(mul(values, share)),
    slopes: reshape(transpose(slopes, [0, 2, 1]), p.shape),
  };
}

/**
 * `lovaszExtension` of each row. With I and U the intersection and the union before a pixel, its gradient
 * `J_i − J_{i−1}` is `(negative·I + positive·U) / (U (U + negative))`, in which nothing cancels.
 *
 * @param errors `[rows, pixels]`, 0 at pixels that do not count.
 * @param positive The truth t there, 0 at pixels that do not count; `negative` is 1 − t, likewise.
 * @returns values `[rows, 1]`, gradient `[rows, pixels]` to the errors.
 */
export function lovaszRows(
  errors: Tensor2D,
  positive: Tensor2D,
  negative: Tensor2D,
): { values: Tensor2D; gradient: Tensor2D } {
  const [rows, pixels] = errors.shape;
  // Of one alone tfjs' webgpu gives its input back, and then frees it twice.
  const order = pixels === 1 ? zeros([rows, 1], 'int32') : topk(errors, pixels).indices;
  const row = tile(reshape(range(0, rows, 1, 'int32'), [rows, 1]), [1, pixels]);
  const places = reshape(stack([row, order], -1), [-1, 2]);
  // Not `gather` by batch, which picks wrongly on wasm.
  const sorted = (x: Tensor2D): Tensor2D => reshape(gatherND(x, places), [rows, pixels]);
  const [e, a, b] = [sorted(errors), sorted(positive), sorted(negative)];
  const total = sum(positive, 1, true);
  const intersection = add(sub(total, cumsum(a, 1)), a);
  const unionAfter = add(total, cumsum(b, 1));
  const union = sub(unionAfter, b);
  const steps = div(add(mul(b, intersection), mul(a, union)), mul(union, unionAfter));
  // Without a positive the first pixel that is wrong makes all of the loss.
  const first = asFloat(greater(unionAfter, 0));
  const slopes = where(greater(union, 0), steps, first) as Tensor2D;
  return {
    values: sum(mul(e, slopes), 1, true),
    gradient: scatterND(places, reshape(slopes, [-1]), [rows, pixels]) as Tensor2D,
  };
}

function requirePixels(pixels: number): void {
  if (pixels <= mostPixels) return;
  const wayOut = `It sorts at most ${mostPixels} pixels at once, not ${pixels}: use perSample, smaller crops, or the wasm backend.`;
  throw new CapabilityError(getBackend(), new Map([['lovaszLoss', ['sorting of so many pixels']]]), wayOut);
}
