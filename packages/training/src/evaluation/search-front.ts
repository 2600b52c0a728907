import { requireIntegers, ValueError } from '@sshn/core';
import type { NamedSetting } from '@sshn/model';
import { paretoFront } from './pareto.js';

/** A knob that is searched: its range, and how many values of it are tried at first, at equal distances, both ends among them. */
export interface Axis {
  readonly low: number;
  readonly high: number;
  /** 1 where low and high are the same. */
  readonly count: number;
}

/** What is searched. */
export type Axes = Readonly<Record<'factor' | 'width' | 'resolution', Axis>>;

/** How to search. */
export interface SearchOptions {
  /** GFLOPs at a setting; counted for many, so it should be quick. */
  readonly cost: (place: SearchedPlace) => number;
  /** Accuracy at settings, asked for in rising order of their cost; undefined where the search is to end. */
  readonly evaluate: (places: readonly SearchedPlace[]) => Promise<readonly number[] | undefined>;
  /** How often the distance between values is halved around the front. @default 2 */
  readonly rounds?: number;
  /** Settings that are evaluated in all, the first grid among them. @default 100 */
  readonly most?: number;
}

/** A setting of a search: every knob is said. */
export type SearchedPlace = Required<{ readonly [Key in keyof NamedSetting]: number }>;

/** A setting that was evaluated. */
export interface Searched {
  readonly place: SearchedPlace;
  readonly gflops: number;
  readonly dice: number;
}

/** Settings that cost as much as one on the front, give or take this share, tell nothing new. */
const alike = 0.03;

/**
 * Looks for the Pareto front of accuracy against cost over several knobs without evaluating the full grid: first a coarse grid,
 * the cheapest setting first; then, around what is on the front, the neighbors at half the distance along each knob, again and
 * again. Neighbors that cost nearly the same as a point of the front are left out; where there are more than may be evaluated, those
 * go first that lie where accuracy rises most from one point of the front to the next.
 *
 * Which settings are asked for follows from the axes, the costs and the accuracies alone: a search that was interrupted and is
 * begun again with kept accuracies asks for the same ones.
 *
 * @returns All that was evaluated, the cheapest first; undefined if `evaluate` ended the search.
 * @throws {ValueError} if an axis has no range or no value, or `most` is less than the first grid.
 */
export async function searchFront(axes: Axes, options: SearchOptions): Promise<Searched[] | undefined> {
  const { cost, evaluate, rounds = 2, most = 100 } = options;
  requireIntegers('searchFront', { most });
  const lattice = latticeOf(axes, rounds);
  const first = lattice.first.length;
  if (first > most) {
    throw new ValueError({
      where: 'searchFront: most',
      got: most,
      expected: `at least ${first}, the first grid`,
    });
  }
  const all = new Map<string, { readonly at: Index; readonly found: Searched }>();
  const add = async (indices: readonly Index[]): Promise<boolean> => {
    const places = indices
      .filter((at) => !all.has(at.join()))
      .map((at) => ({ at, place: lattice.placeOf(at) }))
      .map((one) => ({ ...one, gflops: cost(one.place) }))
      .sort((a, b) => a.gflops - b.gflops);
    const accuracies = await evaluate(places.map(({ place }) => place));
    if (accuracies === undefined) return false;
    for (const [i, { at, place, gflops }] of places.entries())
      all.set(at.join(), { at, found: { place, gflops, dice: accuracies[i]! } });
    return true;
  };
  if (!(await add(lattice.first))) return undefined;
  for (let round = 1; round <= rounds && all.size < most; round++) {
    const known = [...all.values()];
    const isOnFront = paretoFront(known.map(({ found }) => ({ cost: found.gflops, value: found.dice })));
    const front = known.filter((_, i) => isOnFront[i]).sort((a, b) => a.found.gflops - b.found.gflops);
    const near = front
      .flatMap(({ at }) => lattice.around(at, 2 ** (rounds - round)))
      .filter((at) => !all.has(at.join()))
      .map((at) => ({ at, gflops: cost(lattice.placeOf(at)) }))
      .filter(({ gflops }) => front.every(({ found }) => Math.abs(gflops / found.gflops - 1) > alike))
      .map((one) => ({
        ...one,
        rise: riseAt(
          front.map(({ found }) => found),
          one.gflops,
        ),
      }))
      .sort((a, b) => b.rise - a.rise);
    const distinct = new Map(near.map(({ at }) => [at.join(), at]));
    // Later rounds have their share of what may be evaluated.
    const share = Math.ceil((most - all.size) / (rounds - round + 1));
    if (!(await add([...distinct.values()].slice(0, share)))) return undefined;
  }
  return [...all.values()].map(({ found }) => found).sort((a, b) => a.gflops - b.gflops || a.dice - b.dice);
}

/** How much accuracy rises from the last point of a front that costs less to the next one; at its ends, in the first step or the last. */
function riseAt(front: readonly Searched[], gflops: number): number {
  const next = front.findIndex((point) => point.gflops > gflops);
  const above = next === -1 ? front.length - 1 : Math.max(1, next);
  return (front[above]?.dice ?? 0) - (front[above - 1]?.dice ?? 0);
}

/** Which value of each knob, in steps of the finest distance. */
type Index = readonly [factor: number, width: number, resolution: number];

const knobs = ['factor', 'width', 'resolution'] as const;

function latticeOf(axes: Axes, rounds: number) {
  const fine = 2 ** rounds;
  const lasts = knobs.map((knob) => {
    const { low, high, count } = axes[knob];
    const isRight = count === 1 ? low === high : Number.isInteger(count) && count > 1 && low < high;
    if (!isRight) {
      throw new ValueError({
        where: `searchFront: ${knob}`,
        got: axes[knob],
        expected: 'low below high and a count of at least 2, or one value and a count of 1',
      });
    }
    return (count - 1) * fine;
  });
  const valueAt = (which: number, step: number): number => {
    const { low, high } = axes[knobs[which]!];
    return lasts[which] === 0 ? low : Math.round((low + (step / lasts[which]!) * (high - low)) * 1e6) / 1e6;
  };
  const steps = (which: number) => Array.from({ length: lasts[which]! / fine + 1 }, (_, i) => i * fine);
  return {
    /** All of the coarse grid. */
    first: steps(0).flatMap((f) => steps(1).flatMap((w) => steps(2).map((r): Index => [f, w, r]))),
    placeOf: ([f, w, r]: Index): SearchedPlace => ({
      factor: valueAt(0, f),
      width: valueAt(1, w),
      resolution: valueAt(2, r),
    }),
    /** The neighbors at a distance along each knob. */
    around: (at: Index, distance: number): Index[] =>
      knobs.flatMap((_, which) =>
        [-distance, distance].flatMap((by): Index[] => {
          const moved = at[which]! + by;
          if (moved < 0 || moved > lasts[which]!) return [];
          const [f, w, r] = at.map((step, i) => (i === which ? moved : step));
          return [[f!, w!, r!]];
        }),
      ),
  };
}
