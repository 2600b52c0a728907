/** A line that predicts y from x, and how far off it is for a point that it was not fitted to. */
export interface FittedLine {
  /** Not below 0. */
  readonly slope: number;
  readonly intercept: number;
  /** What the line of the other points predicts for each point, in their order; NaN where x or y is. */
  readonly leftOut: readonly number[];
}

/** Sums over points, of x and y less their means over all of them. */
interface Sums {
  readonly count: number;
  readonly x: number;
  readonly y: number;
  readonly xx: number;
  readonly xy: number;
}

/**
 * The line of least squares through points, not falling: where y falls with x, or all x are the same, it is flat at the mean of y.
 * Points with NaN count as absent.
 *
 * @returns undefined where there are fewer than `fewest` points.
 *
 * *Source*: leaving one out needs no new fit: the sums without a point are those of all less its own.
 */
export function fitLine(
  points: ReadonlyArray<readonly [x: number, y: number]>,
  fewest = 2,
): FittedLine | undefined {
  const known = points.filter(isKnown);
  if (known.length < Math.max(2, fewest)) return undefined;
  const mean = (of: 0 | 1) => known.reduce((sum, point) => sum + point[of], 0) / known.length;
  const [x0, y0] = [mean(0), mean(1)];
  const without = (all: Sums, dx: number, dy: number): Sums => ({
    count: all.count - 1,
    x: all.x - dx,
    y: all.y - dy,
    xx: all.xx - dx * dx,
    xy: all.xy - dx * dy,
  });
  const all = known.reduce<Sums>(
    ({ count, x, y, xx, xy }, point) => {
      const [dx, dy] = [point[0] - x0, point[1] - y0];
      return { count: count + 1, x: x + dx, y: y + dy, xx: xx + dx * dx, xy: xy + dx * dy };
    },
    { count: 0, x: 0, y: 0, xx: 0, xy: 0 },
  );
  const { slope, intercept } = lineOf(all);
  const leftOut = points.map((point) => {
    if (!isKnown(point)) return Number.NaN;
    const [dx, dy] = [point[0] - x0, point[1] - y0];
    const line = lineOf(without(all, dx, dy));
    return y0 + line.intercept + line.slope * dx;
  });
  return { slope, intercept: y0 + intercept - slope * x0, leftOut };
}

const isKnown = ([x, y]: readonly [number, number]): boolean => !Number.isNaN(x) && !Number.isNaN(y);

/** Of numbers less their means. */
function lineOf({ count, x, y, xx, xy }: Sums): { readonly slope: number; readonly intercept: number } {
  const spread = xx - (x * x) / count;
  // What rounding leaves of equal numbers is no spread.
  const slope = spread > 1e-12 * count ? Math.max(0, (xy - (x * y) / count) / spread) : 0;
  return { slope, intercept: (y - slope * x) / count };
}
