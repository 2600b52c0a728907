import type { Figure, Palette } from '../../plots/draw.js';
import { type DoneCell, deviationOf, groupName, meanOf } from '../statistics.js';
import type { LearningPoint } from '../training-log.js';
import { curvesPlot, type Series } from './curves.js';

/** Below this share of the highest Dice nothing is drawn: a training's first epochs would take most of the height. */
const lowestShare = 0.9;

/** Dice on validation images against epochs and against minutes of training steps, in a panel for each factor that is validated. */
export function learningFigures(done: readonly DoneCell[], palette: Palette): Figure[] {
  const series = [seriesBy('epochs', done), seriesBy('minutes', done)] as const;
  const caption = `Dice on validation images, by the factor that they are seen at; a network for one factor is in its panel alone. Lines are means over seeds, bands one standard deviation to either side; what is below ${100 * lowestShare} % of the highest is left out.`;
  return (['epochs', 'minutes'] as const).flatMap((x, i) =>
    series[i]!.length === 0
      ? []
      : [
          {
            name: `learning-by-${x}`,
            title: `Learning curves by ${x}`,
            caption,
            drawing: curvesPlot(series[i]!, { x: `${x} of training`, y: 'validation Dice', palette }),
          },
        ],
  );
}

function seriesBy(x: 'epochs' | 'minutes', done: readonly DoneCell[]): Series[] {
  const lines = new Map<string, Array<readonly LearningPoint[]>>();
  const keyOf = (name: string, factor: number) => JSON.stringify([name, factor]);
  for (const { cell, found } of done) {
    const { learning = [] } = found;
    for (const factor of new Set(learning.map((point) => point.factor))) {
      const key = keyOf(groupName(cell), factor);
      lines.set(key, [...(lines.get(key) ?? []), learning.filter((point) => point.factor === factor)]);
    }
  }
  const all = [...lines].map(([key, seeds]) => {
    const [name, factor] = JSON.parse(key) as [string, number];
    const shared = seeds[0]!.map(({ epochs }) => seeds.map((one) => one.find((p) => p.epochs === epochs)));
    const points = shared.flatMap((atEpoch) => {
      const known = atEpoch.filter((point) => point !== undefined);
      if (known.length < seeds.length) return [];
      const dice = known.map((point) => point.dice);
      return [{ x: meanOf(known.map((point) => point[x])), y: meanOf(dice), spread: deviationOf(dice) }];
    });
    return { name, factor, panel: `φ = ${factor}`, points };
  });
  const highest = Math.max(...all.flatMap(({ points }) => points.map(({ y }) => y)));
  return all
    .sort((a, b) => a.factor - b.factor)
    .map((line) => ({ ...line, points: line.points.filter(({ y }) => y >= lowestShare * highest) }));
}
