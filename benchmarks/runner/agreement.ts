import type { Job } from '../work/job.js';
import { floats } from '../work/values.js';
import type { Tensors } from '../work/work.js';

/** Results that differ by more than this share of a tensor's largest value are not of the same computation. */
export const TOLERANCE = 1e-4;

/**
 * The same of gradients through a whole network. A rounding error puts a few activations on the other side of a LeakyReLU's
 * kink, which changes their gradient by its whole size: gradients differ more than what they are gradients of.
 */
export const GRADIENT_TOLERANCE = 1e-3;

/** How far results of a job may be apart. */
export function toleranceOf({ kind }: Pick<Job, 'kind'>): number {
  return kind === 'training' || kind === 'registration' ? GRADIENT_TOLERANCE : TOLERANCE;
}

/** How far apart two results are. */
export interface Difference {
  /** The tensor where they differ most. */
  readonly name: string;
  /** max |a − b| / max |b| there. */
  readonly relative: number;
}

/**
 * Compares a peer's results with ours, tensor by tensor.
 *
 * A tensor that is missing, of another shape, or holds values that are not finite differs infinitely.
 */
export function largestDifference(theirs: Tensors, ours: Tensors): Difference {
  let largest: Difference = { name: '', relative: 0 };
  for (const name of new Set([...theirs.keys(), ...ours.keys()])) {
    const relative = differenceOf(name, theirs, ours);
    if (!(relative <= largest.relative)) largest = { name, relative };
  }
  return largest;
}

function differenceOf(name: string, theirs: Tensors, ours: Tensors): number {
  const [left, right] = [theirs.get(name), ours.get(name)];
  if (left === undefined || right === undefined) return Number.POSITIVE_INFINITY;
  if (left.shape.join() !== right.shape.join()) return Number.POSITIVE_INFINITY;
  const [a, b] = [floats(left), floats(right)];
  let [difference, scale] = [0, 0];
  for (let i = 0; i < a.length; i++) {
    const distance = Math.abs(a[i]! - b[i]!);
    if (!Number.isFinite(distance)) return Number.POSITIVE_INFINITY;
    if (distance > difference) difference = distance;
    const size = Math.abs(b[i]!);
    if (size > scale) scale = size;
  }
  return difference === 0 ? 0 : difference / Math.max(scale, Number.MIN_VALUE);
}
