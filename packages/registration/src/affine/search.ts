/** A function of a few parameters, to be made small. */
export type Cost = (parameters: readonly number[]) => number;

/** A place in the space of parameters and what it costs. */
export interface Found {
  readonly parameters: readonly number[];
  readonly cost: number;
}

/** How far a search goes. */
export interface SearchOptions {
  /** First step along each direction, in the unit of the parameters. */
  readonly step: number;
  /** A round that moves less far than this ends the search. */
  readonly tolerance: number;
  /** Rounds at most, each a search along every direction. */
  readonly rounds: number;
  /** Called after each line. Its promise is awaited; throwing or returning false ends the search. */
  readonly onLine?: () => Promise<boolean>;
}

/**
 * A minimum near a place, without derivatives: Powell's method, a search along one direction after the other; after each
 * round the direction of most gain makes room for the one that the whole round took.
 *
 * *Source*: Powell, "An efficient method for finding the minimum of a function of several variables without calculating
 * derivatives" (1964); Press et al., *Numerical Recipes*, section 10.7.
 */
export async function searchMinimum(cost: Cost, start: Found, options: SearchOptions): Promise<Found> {
  const count = start.parameters.length;
  const directions: number[][] = start.parameters.map((_, i) =>
    start.parameters.map((__, j) => (i === j ? 1 : 0)),
  );
  let found = start;
  let step = options.step;
  for (let round = 0; round < options.rounds; round++) {
    const before = found;
    let [most, best] = [0, 0];
    for (let i = 0; i < count; i++) {
      const next = alongLine(cost, found, directions[i]!, step, options.tolerance);
      if (found.cost - next.cost > most) [most, best] = [found.cost - next.cost, i];
      found = next;
      if ((await options.onLine?.()) === false) return found;
    }
    const way = found.parameters.map((value, i) => value - before.parameters[i]!);
    const length = Math.hypot(...way);
    if (length < options.tolerance) {
      // Twice: a coarse step may have jumped over what a fine one sees.
      if (step <= 4 * options.tolerance) break;
      step /= 4;
      continue;
    }
    const unit = way.map((value) => value / length);
    const next = alongLine(cost, found, unit, Math.min(step, length), options.tolerance);
    if (next.cost < found.cost) {
      found = next;
      directions.splice(best, 1);
      directions.push(unit);
    }
    step = Math.max(step / 2, 2 * options.tolerance);
  }
  return found;
}

/** The least cost on a line: steps that double as long as they gain, then parabolas through the three best places. */
function alongLine(
  cost: Cost,
  start: Found,
  direction: readonly number[],
  step: number,
  tolerance: number,
): Found {
  let best = start;
  const at = (t: number): number => {
    const parameters = start.parameters.map((value, i) => value + t * direction[i]!);
    const value = cost(parameters);
    if (value < best.cost) best = { parameters, cost: value };
    return value;
  };
  let [left, middle, right] = [-step, 0, step];
  let [f, g, h] = [0, start.cost, at(step)];
  if (h < g) {
    // Downhill to the right: on until it rises.
    for (let i = 0; i < 6; i++) {
      const far = middle + 2 * (right - middle);
      const next = at(far);
      [left, f, middle, g, right, h] = [middle, g, right, h, far, next];
      if (next >= g) break;
    }
  } else {
    f = at(left);
    for (let i = 0; i < 6 && f < g; i++) {
      const far = middle + 2 * (left - middle);
      const next = at(far);
      [right, h, middle, g, left, f] = [middle, g, left, f, far, next];
      if (next >= g) break;
    }
  }
  if (!(g <= f && g <= h)) return best;
  for (let i = 0; i < 8 && right - left > tolerance; i++) {
    const bottom = parabolaBottom([left, f], [middle, g], [right, h]);
    // Where the parabola says nothing new, the longer side is halved.
    const halved = middle - left > right - middle ? (left + middle) / 2 : (middle + right) / 2;
    const isUseful = bottom > left && bottom < right && Math.abs(bottom - middle) > tolerance / 4;
    const t = isUseful ? bottom : halved;
    const value = at(t);
    if (value < g) {
      if (t < middle) [right, h] = [middle, g];
      else [left, f] = [middle, g];
      [middle, g] = [t, value];
    } else if (t < middle) [left, f] = [t, value];
    else [right, h] = [t, value];
  }
  return best;
}

type Place = readonly [t: number, value: number];

function parabolaBottom([a, fa]: Place, [b, fb]: Place, [c, fc]: Place): number {
  const [p, q] = [(b - a) * (fb - fc), (b - c) * (fb - fa)];
  const bend = p - q;
  return bend === 0 ? b : b - ((b - a) * p - (b - c) * q) / (2 * bend);
}
