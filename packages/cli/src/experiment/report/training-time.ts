import * as Plot from '@observablehq/plot';
import { type Drawing, draw, type Palette } from '../../plots/draw.js';
import { type DoneCell, deviationOf, groupsOf, meanOf } from '../statistics.js';

/** How long a kind of training takes. */
export interface TrainingTime {
  readonly name: string;
  /** Networks that are trained to know all factors: of Fixed one for each. */
  readonly networks: number;
  /** Of all of them, mean over seeds. */
  readonly minutes: number;
  /** Over seeds; NaN of one. */
  readonly deviation: number;
  /** Of one network, in mean. */
  readonly each: number;
}

/**
 * Minutes of training steps, by kind of training; none where no cell knows them.
 *
 * *Source*: the paper, table 3, where the time of Fixed is that of all its models.
 */
export function trainingTimes(done: readonly DoneCell[]): TrainingTime[] {
  return groupsOf(done).flatMap(({ name, members }) => {
    const bySeed = new Map<number, number[]>();
    for (const { cell, found } of members) {
      if (!found.trainingSeconds) continue;
      bySeed.set(cell.full.seed, [...(bySeed.get(cell.full.seed) ?? []), found.trainingSeconds / 60]);
    }
    if (bySeed.size === 0) return [];
    const totals = [...bySeed.values()].map((minutes) => minutes.reduce((sum, value) => sum + value, 0));
    const networks = Math.max(...[...bySeed.values()].map(({ length }) => length));
    const each = meanOf([...bySeed.values()].flat());
    return [{ name, networks, minutes: meanOf(totals), deviation: deviationOf(totals), each }];
  });
}

/** The times as bars. */
export function timePlot(times: readonly TrainingTime[], palette: Palette): Drawing {
  const longest = Math.max(...times.map(({ name }) => name.length));
  return draw({
    width: 640,
    height: 70 + 34 * times.length,
    marginLeft: 24 + 6.7 * Math.min(longest, 40),
    marginRight: 140,
    marginBottom: 44,
    style: { fontFamily: 'Helvetica, Arial, sans-serif', fontSize: '12px', color: palette.ink },
    x: { label: 'minutes of training', labelAnchor: 'center', labelArrow: 'none', grid: false },
    y: { label: null, domain: times.map(({ name }) => name), tickSize: 0 },
    marks: [
      Plot.gridX({ stroke: palette.grid, strokeOpacity: 1 }),
      Plot.barX(times, { x: 'minutes', y: 'name', fill: palette.curves[0]!, fillOpacity: 0.35 }),
      Plot.barX(times, { x: 'each', y: 'name', fill: palette.curves[0]! }),
      Plot.text(times, {
        x: 'minutes',
        y: 'name',
        dx: 6,
        textAnchor: 'start',
        fill: palette.ink,
        text: ({ minutes, networks }: TrainingTime) =>
          `${minutes.toPrecision(3)}${networks > 1 ? ` (${networks} networks)` : ''}`,
      }),
      Plot.ruleX([0], { stroke: palette.ink }),
    ],
  });
}
