import { naming, Refusal } from '../../formats/refusal.js';
import type { Affine } from '../volume.js';
import { dot, normalOf, type Plane } from './geometry.js';

/** A slice and where it lies. */
export interface Slice {
  readonly plane: Plane;
  /** Of its file, for errors. */
  readonly name: string;
}

/** Slices in the order of space, and the grid that they make. */
export interface Stack<S extends Slice> {
  readonly slices: readonly S[];
  readonly affine: Affine;
}

/** By how much slices may stray from equal distances. */
const tolerance = 0.02;

/**
 * Puts slices in order along the normal of their planes; slices of one file without positions keep their order.
 *
 * @throws {FileError} naming the slice that makes no grid with the others: other directions or spacings, two at one place, gaps.
 */
export function stackOf<S extends Slice>(slices: readonly S[]): Stack<S> {
  const first = slices[0]!;
  for (const other of slices) naming(other.name, () => checkAlike(first, other));
  const normal = normalOf(first.plane);
  if (slices.some(({ plane }) => plane.position === undefined)) {
    const names = new Set(slices.map(({ name }) => name));
    if (names.size > 1)
      naming(slices.find(({ plane }) => plane.position === undefined)!.name, refusePlaceless);
    return { slices, affine: affineOf(first.plane, [0, 0, 0], scaled(normal, first.plane.stepMm ?? 1)) };
  }
  const along = ({ plane }: S) => dot(plane.position!, normal);
  const sorted = [...slices].sort((a, b) => along(a) - along(b));
  const [front, back] = [sorted[0]!, sorted.at(-1)!];
  const count = sorted.length - 1;
  if (count === 0) {
    const step = scaled(normal, first.plane.stepMm ?? 1);
    return { slices: sorted, affine: affineOf(first.plane, first.plane.position!, step) };
  }
  const mean = (along(back) - along(front)) / count;
  const pairs = sorted.slice(1).map((after, i) => ({ before: sorted[i]!, after }));
  for (const { before, after } of pairs) {
    naming(after.name, () => checkApart(before, along(after) - along(before)));
  }
  for (const { before, after } of pairs) {
    naming(after.name, () => checkStep(before, along(after) - along(before), mean));
  }
  const [from, to] = [front.plane.position!, back.plane.position!];
  // From the first to the last, so that a tilted gantry shears the grid as it did the slices.
  const step: Vector = [(to[0] - from[0]) / count, (to[1] - from[1]) / count, (to[2] - from[2]) / count];
  return { slices: sorted, affine: affineOf(front.plane, from, step) };
}

type Vector = readonly [number, number, number];

function scaled([x, y, z]: Vector, factor: number): Vector {
  return [x * factor, y * factor, z * factor];
}

function refusePlaceless(): never {
  throw new Refusal(
    'does not say where its slice lies (0020,0032), and slices are put in order by that',
    'Export the series with positions, or as one NIfTI file.',
  );
}

function checkAlike(first: Slice, other: Slice): void {
  const numbers = ({ plane }: Slice) => [...plane.alongWidth, ...plane.alongHeight, ...plane.spacingMm];
  const wanted = numbers(first);
  if (numbers(other).every((value, i) => Math.abs(value - wanted[i]!) < 1e-3)) return;
  throw new Refusal(
    `lies in another direction or has another spacing than ${first.name}`,
    'Take the slices of one series, without localizers.',
  );
}

function checkApart(before: Slice, stepMm: number): void {
  if (stepMm >= 1e-3) return;
  throw new Refusal(
    `has a slice at the place of one in ${before.name}`,
    'Take one time point or echo of the series, and no file twice.',
  );
}

function checkStep(before: Slice, stepMm: number, meanMm: number): void {
  if (Math.abs(stepMm - meanMm) <= tolerance * meanMm + 1e-3) return;
  throw new Refusal(
    `lies ${stepMm.toFixed(2)} mm behind ${before.name}, and slices are ${meanMm.toFixed(2)} mm apart on average`,
    'Add the slices that are missing, or take one stack of the series.',
  );
}

/** From `[depth, height, width]` to millimeters toward right, front and top: DICOM's left and back, negated. */
function affineOf(plane: Plane, position: Vector, step: Vector): Affine {
  const [height, width] = plane.spacingMm;
  const row = (axis: 0 | 1 | 2, sign: 1 | -1) =>
    [
      sign * step[axis],
      sign * plane.alongHeight[axis] * height,
      sign * plane.alongWidth[axis] * width,
      sign * position[axis],
    ] as const;
  return [row(0, -1), row(1, -1), row(2, 1)];
}
