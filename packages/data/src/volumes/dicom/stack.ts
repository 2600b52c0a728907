import { ValueError } from '@sshn/core';
import { naming, Refusal } from '../../formats/refusal.js';
import type { Affine } from '../volume.js';
import { dot, normalOf, type Plane, type Vector } from './geometry.js';

/** A slice, where it lies, and when and how it was taken. */
export interface Slice {
  readonly plane: Plane;
  /** Of its file, for errors. */
  readonly name: string;
  /** Its image's identifier and its frame in it, to find one that is there twice. */
  readonly identity: string | undefined;
  /** What may tell slices at one place apart, by name. */
  readonly keys: Readonly<Record<SliceKey, number | undefined>>;
}

/** In the order in which they are asked. */
export const sliceKeys = [
  'temporal position',
  'trigger time',
  'echo time',
  'b-value',
  'acquisition number',
  'instance number',
  'number in the file',
] as const;
export type SliceKey = (typeof sliceKeys)[number];

/** Slices in the order of space, and the grid that they make. */
export interface Stack<S extends Slice> {
  readonly slices: readonly S[];
  readonly affine: Affine;
}

/** By how much slices may stray from equal distances, as a share of them. */
const tolerance = 0.02;

/**
 * Puts slices in order along the normal of their planes. Where every place has the same number of them, they are several
 * volumes (moments, echoes, weightings), of which one is chosen.
 *
 * @param chosen Which one of several volumes, from 0.
 * @throws {FileError} naming the slice that makes no grid with the others: other directions or spacings, one too many or too
 *   few at a place, gaps; or if there are several volumes and none is chosen. {ValueError} if there is no such volume.
 */
export function stackOf<S extends Slice>(all: readonly S[], chosen: number | undefined): Stack<S> {
  const first = all[0]!;
  for (const other of all) naming(other.name, () => checkAlike(first, other));
  const unplaced = all.find(({ plane }) => !plane.isPlaced);
  if (unplaced !== undefined && all.some(({ name }) => name !== unplaced.name))
    naming(unplaced.name, refusePlaceless);
  const normal = normalOf(first.plane);
  const along = ({ plane }: S) => dot(plane.position, normal);
  const slices = oneVolume(placesOf(all, along), chosen);
  const [front, back] = [slices[0]!, slices.at(-1)!];
  const count = slices.length - 1;
  if (count === 0) {
    const { stepMm, thicknessMm } = front.plane;
    const step = Math.abs(stepMm ?? thicknessMm ?? 1);
    return { slices, affine: affineOf(front.plane, [normal[0] * step, normal[1] * step, normal[2] * step]) };
  }
  const mean = (along(back) - along(front)) / count;
  for (const [i, after] of slices.slice(1).entries()) {
    naming(after.name, () => checkStep(slices[i]!, along(after) - along(slices[i]!), mean));
  }
  const [from, to] = [front.plane.position, back.plane.position];
  // From the first to the last, so that a tilted gantry shears the grid as it did the slices.
  const step: Vector = [(to[0] - from[0]) / count, (to[1] - from[1]) / count, (to[2] - from[2]) / count];
  return { slices, affine: affineOf(front.plane, step) };
}

/** Slices by place, places in order. */
function placesOf<S extends Slice>(all: readonly S[], along: (slice: S) => number): S[][] {
  const sorted = [...all].sort((a, b) => along(a) - along(b));
  const places: S[][] = [];
  for (const slice of sorted) {
    const place = places.at(-1);
    if (place !== undefined && along(slice) - along(place[0]!) < 1e-3) place.push(slice);
    else places.push([slice]);
  }
  return places;
}

function oneVolume<S extends Slice>(places: readonly (readonly S[])[], chosen: number | undefined): S[] {
  const count = places[0]!.length;
  const { name } = places[0]![0]!;
  if (count > 1 || places.some(({ length }) => length > 1)) checkEach(places);
  const wrong = chosen !== undefined && !(Number.isInteger(chosen) && chosen >= 0 && chosen < count);
  if (wrong) {
    const expected = count === 1 ? '0: it holds one volume' : `an index from 0 to ${count - 1}`;
    throw new ValueError({ where: `${name}: frame`, got: chosen, expected });
  }
  if (count === 1) return places.map((place) => place[0]!);
  const key = sliceKeys.find((candidate) => places.every((place) => tellsApart(place, candidate)))!;
  if (chosen === undefined) {
    const what = places.length === 1 ? 'images of one slice' : `volumes of ${places.length} slices`;
    naming(name, () => {
      throw new Refusal(
        `is of a series of ${count} ${what}, which differ in ${key}, and one is expected`,
        `Choose one with \`frame\` (--frame), 0 to ${count - 1}.`,
      );
    });
  }
  return places.map((place) => [...place].sort((a, b) => a.keys[key]! - b.keys[key]!)[chosen ?? 0]!);
}

/** @throws {FileError} if a slice is there twice, or places have unlike numbers of slices. */
function checkEach(places: readonly (readonly Slice[])[]): void {
  for (const place of places) {
    const seen = new Map<string, Slice>();
    for (const slice of place) {
      const twin = slice.identity === undefined ? undefined : seen.get(slice.identity);
      if (twin !== undefined) naming(slice.name, () => refuseTwin(twin));
      if (slice.identity !== undefined) seen.set(slice.identity, slice);
    }
  }
  const count = places[0]!.length;
  const odd = places.find(({ length }) => length !== count);
  if (odd === undefined) return;
  const fuller = [places[0]!, odd].find(({ length }) => length > 1)!;
  naming(fuller[1]!.name, () => refuseTwin(fuller[0]!));
}

function refuseTwin(twin: Slice): never {
  throw new Refusal(
    `has a slice at the place of one in ${twin.name}`,
    'Take one time point or echo of the series, and no file twice.',
  );
}

function tellsApart(place: readonly Slice[], key: SliceKey): boolean {
  const values = new Set(place.map(({ keys }) => keys[key]));
  return values.size === place.length && !values.has(undefined);
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

function checkStep(before: Slice, stepMm: number, meanMm: number): void {
  if (Math.abs(stepMm - meanMm) <= tolerance * meanMm + 1e-3) return;
  throw new Refusal(
    `lies ${stepMm.toFixed(2)} mm behind ${before.name}, and slices are ${meanMm.toFixed(2)} mm apart on average`,
    'Add the slices that are missing, or take one stack of the series.',
  );
}

/** From `[depth, height, width]` to millimeters toward right, front and top: DICOM's left and back, negated. */
export function affineOf(plane: Plane, step: Vector): Affine {
  const [height, width] = plane.spacingMm;
  const row = (axis: 0 | 1 | 2, sign: 1 | -1) =>
    [
      sign * step[axis],
      sign * plane.alongHeight[axis] * height,
      sign * plane.alongWidth[axis] * width,
      sign * plane.position[axis],
    ] as const;
  return [row(0, -1), row(1, -1), row(2, 1)];
}
