import type { AccuracyCostPoint, NamedSetting } from '@sshn/model';

/** A setting that the controller may choose, with what it cost when the device was measured. */
export interface RatePoint {
  readonly at: NamedSetting;
  /** Expected; undefined where nobody evaluated. */
  readonly dice: number | undefined;
  readonly milliseconds: number;
}

/** Where the controller stands. */
export interface RateState {
  /** Index of the chosen point; costs and accuracies rise with it. */
  readonly place: number;
  /** Milliseconds of the frames since the last move, at most the last few. */
  readonly recent: readonly number[];
  /** Frames since the last move. */
  readonly age: number;
  /** Frames that must pass before the next move up: more after one that had to be taken back. */
  readonly patience: number;
  readonly last: 'up' | 'down' | 'none';
}

/** Frames of which the median counts for moves up, which have time, and for moves down, which have none. */
const memory = 61;
const lately = 21;
/** So many are enough to see that φ is far too large, and so many for all else. */
const enoughWhenFar = 5;
const enough = 15;
/** Times what a frame may take. */
const far = 1.4;
/** Shares of a frame's time: what the chosen φ may take when moving down, and, to have room, when moving up. */
const downTo = 0.92;
const upTo = 0.8;
/** Frames before a move up: at first, and at most. */
const calm = 20;
const calmest = 640;

/** A more accurate point that costs at most this many times the FLOPs makes a point not worth choosing. */
const negligible = 1.05;

/**
 * The settings among which accuracy has a price: of all points with known time those that no cheaper one reaches in Dice, and
 * that save noticeably beside the next, in rising order of both. Where no Dice is known, the one that computes more counts as
 * better.
 */
export function rateFront(points: readonly AccuracyCostPoint[]): RatePoint[] {
  const isEvaluated = points.every(({ dice }) => dice !== null);
  const rising = points
    .filter((point) => point.milliseconds !== null)
    .sort((a, b) => (a.gflops ?? 0) - (b.gflops ?? 0) || firstFactor(a) - firstFactor(b));
  let [best, slowest] = [Number.NEGATIVE_INFINITY, 0];
  return rising
    .filter((point, place) => {
      const worth = isEvaluated ? point.dice! : place;
      const isBetter = worth > best;
      best = Math.max(best, worth);
      return isBetter;
    })
    .filter(({ gflops }, index, better) => {
      const next = better[index + 1]?.gflops ?? null;
      return gflops === null || next === null || next > negligible * gflops;
    })
    .map(({ factor, width = 1, resolution = 1, milliseconds, dice }) => {
      // What computes more takes longer: where it measured less, that was noise.
      slowest = Math.max(slowest, milliseconds!);
      return { at: { factor, width, resolution }, milliseconds: slowest, dice: dice ?? undefined };
    });
}

const firstFactor = ({ factor }: AccuracyCostPoint): number => [factor].flat()[0]!;

/** The state to begin with: the most accurate point that has room at the measured speed. */
export function firstRate(points: readonly RatePoint[], framesPerSecond: number): RateState {
  return {
    place: highestWithin(points, 1, upTo * (1000 / framesPerSecond)),
    recent: [],
    age: 0,
    patience: calm,
    last: 'none',
  };
}

/**
 * The next state after a frame: φ goes down as soon as the median of recent frames takes longer than a frame may, and up
 * only after a while, to where there is room. A move up that was taken back is tried again later, each time twice as late.
 *
 * What other φ would take now is told by the measured curve, stretched by how much longer the chosen one takes than it
 * did when it was measured.
 *
 * @param milliseconds That the frame took, from the camera to its labels. @param framesPerSecond To hold.
 */
export function nextRate(
  points: readonly RatePoint[],
  state: RateState,
  milliseconds: number,
  framesPerSecond: number,
): RateState {
  const recent = [...state.recent, milliseconds].slice(-memory);
  const stay: RateState = { ...state, recent, age: state.age + 1 };
  const { place } = state;
  const typical = median(recent.slice(-lately));
  const slowness = (time: number) => time / points[place]!.milliseconds;
  const allowed = 1000 / framesPerSecond;
  if (recent.length < (typical > far * allowed ? enoughWhenFar : enough)) return stay;

  if (typical > allowed && place > 0) {
    const next = Math.min(place - 1, highestWithin(points, slowness(typical), downTo * allowed));
    const patience = state.last === 'up' ? Math.min(calmest, 2 * state.patience) : state.patience;
    return { place: next, recent: [], age: 0, patience, last: 'down' };
  }
  const above = highestWithin(points, slowness(median(recent)), upTo * allowed);
  if (above > place && stay.age >= state.patience)
    return { place: above, recent: [], age: 0, patience: state.patience, last: 'up' };
  return stay;
}

/** The median of the last frames in ms; undefined before the first. */
export function typicalMilliseconds({ recent }: RateState): number | undefined {
  return recent.length === 0 ? undefined : median(recent.slice(-lately));
}

/** The last point whose time, stretched, is within some milliseconds; the first where none is. */
function highestWithin(points: readonly RatePoint[], slowness: number, milliseconds: number): number {
  const within = points.filter((point) => slowness * point.milliseconds <= milliseconds).length;
  return Math.max(0, within - 1);
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)]!;
}
