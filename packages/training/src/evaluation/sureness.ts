import type { Cascade } from '@sshn/model';
import { fitLine } from './fit-line.js';
import { paretoFront } from './pareto.js';

/** What is known of one image at a rung: how far its labels agree with mean probabilities, and how good they are. */
export interface Seen {
  /** Of each label but the background; NaN where it does not occur. */
  readonly agreement: readonly number[];
  /** Dice with the truth, likewise. */
  readonly dice: readonly number[];
}

/** Fewer images with a label say nothing about how well its Dice is predicted. */
const fewestImages = 4;

/**
 * Fits of each label the line from agreement to Dice, and says how far off they are for an image that they were not fitted to.
 *
 * @returns Null for labels that occur in fewer than four images; undefined where all do.
 */
export function fitRung(
  seen: readonly Seen[],
): Pick<Cascade['rungs'][number], 'labels' | 'error'> | undefined {
  const labels = seen[0]?.dice.length ?? 0;
  const lines = Array.from({ length: labels }, (_, label) =>
    fitLine(
      seen.map(({ agreement, dice }) => [agreement[label]!, dice[label]!] as const),
      fewestImages,
    ),
  );
  if (lines.every((line) => line === undefined)) return undefined;
  const inRange = (dice: number) => Math.min(1, Math.max(0, dice));
  const errors = lines.map((line, label) =>
    seen.flatMap(({ dice }, i) => {
      const left = line?.leftOut[i] ?? Number.NaN;
      return Number.isNaN(left) ? [] : [Math.abs(inRange(left) - dice[label]!)];
    }),
  );
  const ofMeans = seen.flatMap(({ dice }, i) => {
    const known = lines.flatMap((line, label) => {
      const left = line?.leftOut[i] ?? Number.NaN;
      return Number.isNaN(left) ? [] : [inRange(left) - dice[label]!];
    });
    return known.length === 0 ? [] : [Math.abs(meanOf(known))];
  });
  return {
    error: meanOf(ofMeans),
    labels: lines.map((line, label) =>
      line === undefined
        ? null
        : { slope: line.slope, intercept: line.intercept, error: meanOf(errors[label]!) },
    ),
  };
}

/** Pearson's correlation of pairs; NaN where one side does not vary. Pairs with NaN count as absent. */
export function correlation(pairs: ReadonlyArray<readonly [x: number, y: number]>): number {
  const known = pairs.filter(([x, y]) => !Number.isNaN(x) && !Number.isNaN(y));
  const [x0, y0] = [meanOf(known.map(([x]) => x)), meanOf(known.map(([, y]) => y))];
  const sum = (of: (dx: number, dy: number) => number) =>
    known.reduce((all, [x, y]) => all + of(x - x0, y - y0), 0);
  return sum((dx, dy) => dx * dy) / Math.sqrt(sum((dx) => dx * dx) * sum((_, dy) => dy * dy));
}

/**
 * Which share of the errors is left when the least sure pixels are corrected, one after the other: the error-retention curve.
 *
 * Pixels are counted in bins of the square root of their uncertainty, so that no image has to be kept and most bins are where most pixels
 * are, near 0; those of a bin come in random order.
 */
export class Retention {
  static readonly #bins = 4096;
  readonly #pixels = new Float64Array(Retention.#bins);
  readonly #errors = new Float64Array(Retention.#bins);

  /** @param uncertainty Of each pixel, in [0, 1]. */
  add(uncertainty: ArrayLike<number>, labels: ArrayLike<number>, truth: ArrayLike<number>): void {
    const last = Retention.#bins - 1;
    for (let i = 0; i < labels.length; i++) {
      const bin = Math.min(last, Math.max(0, Math.floor(Math.sqrt(uncertainty[i]!) * Retention.#bins)));
      this.#pixels[bin]! += 1;
      if (labels[i] !== truth[i]) this.#errors[bin]! += 1;
    }
  }

  /** The share of all pixels that has a wrong label. */
  get errorRate(): number {
    return sumOf(this.#errors) / sumOf(this.#pixels);
  }

  /**
   * The area under the curve of errors left against the share of pixels kept, over that of a random order, which is half the error
   * rate: 1 knows nothing, and the error rate itself is the least, where errors come first. NaN where there are no errors.
   *
   * *Source*: Malinin et al., "Shifts" (2021), error-retention curves.
   */
  get area(): number {
    const [pixels, errors] = [sumOf(this.#pixels), sumOf(this.#errors)];
    let kept = 0;
    let area = 0;
    for (let bin = 0; bin < Retention.#bins; bin++) {
      const before = kept;
      kept += this.#errors[bin]!;
      area += (this.#pixels[bin]! * (before + kept)) / 2;
    }
    return area / (pixels * errors * 0.5);
  }
}

/** What a cascade gives on average, where it goes on until a Dice is predicted. */
export interface CascadePoint {
  /** The Dice that has to be predicted to stop. */
  readonly asked: number;
  /** Mean over images of all rungs that an image went through, in units of 10⁹ FLOPs. */
  readonly gflops: number;
  /** Mean over images. */
  readonly dice: number;
  /** The share of the images that each rung answers. */
  readonly answered: readonly number[];
}

/** One image at one rung. */
export interface RungOutcome {
  /** NaN where none is predicted: the image then goes on. */
  readonly predicted: number;
  /** NaN where the truth has no label; such images count for the cost alone. */
  readonly dice: number;
}

/** A cascade over images, at one Dice that is asked for. @param outcomes By image, then by rung. @param gflops Of each rung alone. */
export function runCascade(
  outcomes: ReadonlyArray<readonly RungOutcome[]>,
  gflops: readonly number[],
  asked: number,
): CascadePoint {
  const stops = outcomes.map((rungs) => {
    const stop = rungs.findIndex(({ predicted }) => predicted >= asked);
    return stop === -1 ? rungs.length - 1 : stop;
  });
  const spent = stops.map((stop) => sumOf(gflops.slice(0, stop + 1)));
  const dice = stops.map((stop, i) => outcomes[i]![stop]!.dice).filter((one) => !Number.isNaN(one));
  return {
    asked,
    gflops: meanOf(spent),
    dice: meanOf(dice),
    answered: gflops.map((_, rung) => stops.filter((stop) => stop === rung).length / stops.length),
  };
}

/**
 * What a single setting of a Dice costs: on the line between the two of the front around it, as if images were shared between them.
 *
 * @returns null where none reaches that Dice; where all do, the cost of the cheapest.
 */
export function costAt(
  measured: ReadonlyArray<{ readonly gflops: number; readonly dice: number }>,
  dice: number,
): number | null {
  const isOnFront = paretoFront(measured.map((one) => ({ cost: one.gflops, value: one.dice })));
  const rising = measured.filter((_, i) => isOnFront[i]).sort((a, b) => a.gflops - b.gflops);
  const above = rising.findIndex((one) => one.dice >= dice);
  if (above === -1) return null;
  const [low, high] = [rising[above - 1], rising[above]!];
  if (low === undefined) return high.gflops;
  return low.gflops + ((dice - low.dice) / (high.dice - low.dice)) * (high.gflops - low.gflops);
}

function sumOf(values: Iterable<number>): number {
  let sum = 0;
  for (const value of values) sum += value;
  return sum;
}

function meanOf(values: readonly number[]): number {
  return sumOf(values) / values.length;
}
