import type { Factor } from '@sshn/core';
import { bootstrapInterval } from '@sshn/losses';
import type { NamedSetting } from '@sshn/model';
import { type FactorResult, paretoFront } from '@sshn/training';

/** A network at one factor, with its place in the comparison. */
export interface CurvePoint extends FactorResult {
  /** Whether it is on the front: see `frontOf`. */
  readonly isOnFront: boolean;
  /** Bootstrap interval (95 %) of the mean Dice over the images; NaN where there are no scores of images. */
  readonly interval: readonly [low: number, high: number];
}

/** What one trained network reaches, by factor. */
export interface Curve {
  /** As legends and tables call it: 'SSHN'. */
  readonly name: string;
  /** Whether one network is behind all points, so that a line may join them. */
  readonly isJoined: boolean;
  /** In the order of factors; where other knobs differ too, in that of their cost. */
  readonly points: readonly CurvePoint[];
}

/** Curves by factor, with the front of all their points together: Dice against FLOPs. */
export function curvesOf(
  series: ReadonlyArray<{
    readonly name: string;
    readonly results: readonly FactorResult[];
    /** @default true */
    readonly isJoined?: boolean;
  }>,
): Curve[] {
  const front = frontOf(series.flatMap(({ results }) => results));
  return series.map(({ name, results, isJoined = true }) => ({
    name,
    isJoined,
    points: results
      .map((result) => ({
        ...result,
        isOnFront: front.has(result),
        interval: bootstrapInterval(result.diceByImage ?? []),
      }))
      .sort(movesKnobs(results) ? (a, b) => a.gflops - b.gflops : (a, b) => a.factor - b.factor),
  }));
}

/** Whether points differ in more than their factor, which then is no axis for them. */
export function movesKnobs(points: readonly NamedSetting[]): boolean {
  return points.some(({ width = 1, resolution = 1 }) => width !== 1 || resolution !== 1);
}

/**
 * The points that are worth their cost: each reaches more Dice than every cheaper one of them, by more than the choice of
 * test images explains. From the cheapest on, a point joins them if the bootstrap interval (95 %) of its gain over the last
 * one, image by image, lies above 0. The images are the same for all points.
 *
 * Where a point has no scores of images, or fewer than two, chance cannot be estimated: it is the Pareto front of the means.
 */
export function frontOf<At extends Factor>(points: ReadonlyArray<FactorResult<At>>): Set<FactorResult<At>> {
  const isOnFront = paretoFront(points.map(({ gflops, dice }) => ({ cost: gflops, value: dice })));
  const candidates = points.filter((_, i) => isOnFront[i]).sort((a, b) => a.gflops - b.gflops);
  const front: FactorResult<At>[] = [];
  for (const point of candidates) {
    const last = front.at(-1);
    if (last === undefined || !isAsGood(last, point)) front.push(point);
  }
  return new Set(front);
}

/** Whether the gain of a point over a cheaper one may be chance. */
function isAsGood(cheaper: FactorResult<Factor>, point: FactorResult<Factor>): boolean {
  const [a, b] = [cheaper.diceByImage, point.diceByImage];
  if (a === undefined || b === undefined || a.length !== b.length || a.length < 2) return false;
  const [low] = bootstrapInterval(b.map((dice, image) => dice - a[image]!));
  return !(low > 0);
}

/** On how many images results were measured; undefined where they do not say. */
export function imagesOf(points: ReadonlyArray<FactorResult<Factor>>): number | undefined {
  return points.find(({ diceByImage }) => diceByImage !== undefined)?.diceByImage?.length;
}

/** The cheapest point, by FLOPs, whose Dice is within a margin of the best; of equally cheap ones the most accurate. */
export function cheapestWithin(points: readonly CurvePoint[], margin: number): CurvePoint | undefined {
  const defined = points.filter(({ dice }) => !Number.isNaN(dice));
  const best = Math.max(...defined.map(({ dice }) => dice));
  return defined
    .sort((a, b) => a.gflops - b.gflops || b.dice - a.dice)
    .find(({ dice }) => dice >= best - margin);
}
