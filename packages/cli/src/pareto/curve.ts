import { type FactorResult, paretoFront } from '@sshn/training';

/** A network at one factor, with its place in the comparison. */
export interface CurvePoint extends FactorResult {
  /** Whether no other point is at least as good and as cheap, and better in one of the two. */
  readonly isOnFront: boolean;
}

/** What one trained network reaches, by factor. */
export interface Curve {
  /** As legends and tables call it: 'SSHN'. */
  readonly name: string;
  /** Whether one network is behind all points, so that a line may join them. */
  readonly isJoined: boolean;
  /** In the order of factors. */
  readonly points: readonly CurvePoint[];
}

/** Curves by factor, with the Pareto front of all their points together: Dice against FLOPs. */
export function curvesOf(
  series: ReadonlyArray<{
    readonly name: string;
    readonly results: readonly FactorResult[];
    /** @default true */
    readonly isJoined?: boolean;
  }>,
): Curve[] {
  const all = series.flatMap(({ results }) => results);
  // A Dice that is defined nowhere is worth nothing, and never on the front.
  const isOnFront = paretoFront(
    all.map(({ gflops, dice }) => ({ cost: gflops, value: Number.isNaN(dice) ? -1 : dice })),
  );
  const front = new Set(all.filter(({ dice }, i) => isOnFront[i] && !Number.isNaN(dice)));
  return series.map(({ name, results, isJoined = true }) => ({
    name,
    isJoined,
    points: results
      .map((result) => ({ ...result, isOnFront: front.has(result) }))
      .sort((a, b) => a.factor - b.factor),
  }));
}

/** The cheapest point, by FLOPs, whose Dice is within a margin of the best; of equally cheap ones the most accurate. */
export function cheapestWithin(points: readonly CurvePoint[], margin: number): CurvePoint | undefined {
  const defined = points.filter(({ dice }) => !Number.isNaN(dice));
  const best = Math.max(...defined.map(({ dice }) => dice));
  return defined
    .sort((a, b) => a.gflops - b.gflops || b.dice - a.dice)
    .find(({ dice }) => dice >= best - margin);
}
