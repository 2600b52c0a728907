import type { Figure, Palette } from '../../plots/draw.js';
import type { FigureKind, Plan } from '../plan.js';
import { type DoneCell, type Group, type GroupPoint, groupName, groupsOf } from '../statistics.js';
import { combinationFigures } from './combinations.js';
import { curvesPlot, type Series } from './curves.js';
import { learningFigures } from './learning.js';
import { structuresPlot } from './structures.js';
import { timePlot, trainingTimes } from './training-time.js';
import { matrixPlot } from './transfer-matrix.js';

const overSeeds = 'Lines are means over seeds, bands one standard deviation to either side.';

type Drawn = (plan: Plan, done: readonly DoneCell[], palette: Palette) => Figure[];

/** The figures that a plan asks for, of what is done so far; those with nothing to show are left out. */
export function figuresOf(plan: Plan, done: readonly DoneCell[], palette: Palette): Figure[] {
  const drawn: Readonly<Record<FigureKind, Drawn>> = {
    dice: diceFigures,
    learning: (_, all, colors) => learningFigures(all, colors),
    structures: structureFigures,
    trainingTime: timeFigures,
    priorWidth: priorWidthFigures,
    transfer: transferFigures,
    separateFactors: combinationFigures,
  };
  return done.length === 0 ? [] : plan.figures.flatMap((kind) => drawn[kind](plan, done, palette));
}

/** Minutes of training (table 3). */
function timeFigures(_: Plan, done: readonly DoneCell[], palette: Palette): Figure[] {
  const times = trainingTimes(done);
  if (times.length === 0) return [];
  const caption =
    'Pale: all networks that it takes to know every factor. Dark: one of them. Steps of training alone, without validation.';
  return [{ name: 'training-time', title: 'Training time', caption, drawing: timePlot(times, palette) }];
}

/** Dice by factor and by cost (figures 3, 6, 7 and 10 of the paper). */
function diceFigures(plan: Plan, done: readonly DoneCell[], palette: Palette): Figure[] {
  const groups = groupsOf(done, { split: plan.splits[0]! });
  const seriesBy = (x: 'factor' | 'gflops') => groups.map((group) => seriesOf(group, x, plan.panels));
  return [
    {
      name: 'dice-vs-factor',
      title: 'Dice by rescaling factor',
      caption: overSeeds,
      drawing: curvesPlot(seriesBy('factor'), { x: 'rescaling factor φ', palette }),
    },
    {
      name: 'dice-vs-gflops',
      title: 'Dice by cost',
      caption: overSeeds,
      drawing: curvesPlot(seriesBy('gflops'), { x: 'GFLOPs per image', palette }),
    },
  ];
}

function seriesOf(group: Group, x: 'factor' | 'gflops', panels: string | undefined): Series {
  const { cell } = group.members[0]!;
  return {
    name: groupName(cell, panels === undefined ? [] : [panels]) || group.name,
    ...(panels === undefined ? {} : { panel: panelOf(group, panels) }),
    points: group.points.map((point) => pointOf(point, point[x], group.name)),
  };
}

/** The value of the key that panels are by. */
export function panelOf({ members: [first] }: Group, panels: string): string {
  return String(first!.cell.axes[panels] ?? '');
}

function pointOf({ factor, dice, deviation }: GroupPoint, x: number, name: string): Series['points'][number] {
  const spread = Number.isNaN(deviation) ? '' : ` ± ${deviation.toFixed(4)}`;
  return { x, y: dice, spread: deviation, title: `${name}, φ = ${factor}: Dice ${dice.toFixed(4)}${spread}` };
}

/** Dice of every structure, the smallest first (figure 4). */
function structureFigures(plan: Plan, done: readonly DoneCell[], palette: Palette): Figure[] {
  const drawing = structuresPlot(done, plan.splits[0]!, palette);
  if (drawing === undefined) return [];
  const caption =
    'Structures by their mean size in the images (pixels, in parentheses), the smallest first; left and right are put together. Bars are means over seeds, lines one standard deviation to either side.';
  return [{ name: 'structures', title: 'Dice by structure', caption, drawing }];
}

/** Dice at φ = 0.5 by the width of the prior around it, on each part of the data (figure 8). */
function priorWidthFigures(plan: Plan, done: readonly DoneCell[], palette: Palette): Figure[] {
  const isWide = ({ cell }: DoneCell) => typeof cell.axes.priorWidth === 'number';
  const widths = [...new Set(done.filter(isWide).map(({ cell }) => cell.axes.priorWidth as number))].sort(
    (a, b) => a - b,
  );
  if (widths.length === 0) return [];
  const names = [...new Set(done.map(({ cell }) => groupName(cell, ['priorWidth'])))];
  const series = plan.splits.flatMap((split) =>
    names.flatMap((name): Series[] => {
      const own = done.filter(({ cell }) => groupName(cell, ['priorWidth']) === name);
      const at = (cells: readonly DoneCell[], x: number) => {
        const dice = groupsOf(cells, { split }).flatMap(({ points }) =>
          points.filter(({ factor }) => factor === 0.5),
        );
        return dice.map(({ dice: y, deviation }) => ({ x, y, spread: deviation }));
      };
      const label = `${name}, ${split}`;
      if (own.some(isWide))
        return [
          {
            name: label,
            points: widths.flatMap((width) =>
              at(
                own.filter(({ cell }) => cell.axes.priorWidth === width),
                width,
              ),
            ),
          },
        ];
      // What is trained at φ = 0.5 alone has no width: a line to compare with.
      return [
        { name: label, isReference: true, points: [widths[0]!, widths.at(-1)!].flatMap((x) => at(own, x)) },
      ];
    }),
  );
  return [
    {
      name: 'prior-width',
      title: 'Dice at φ = 0.5 by the width of the prior',
      caption: `Trained with φ ~ U(0.5 − r, 0.5 + r), evaluated at 0.5. ${overSeeds}`,
      drawing: curvesPlot(series, { x: 'r: half the width of the prior around 0.5', palette }),
    },
  ];
}

/** Weights of one factor at others (figure 9), and of every factor at every other. */
function transferFigures(plan: Plan, done: readonly DoneCell[], palette: Palette): Figure[] {
  const split = plan.splits[0]!;
  // As in the paper, the weights of one factor; the matrices have all.
  const all = weightsIn(done);
  const shown = all[Math.floor((all.length - 1) / 2)];
  const groups = [
    ...groupsOf(done, { split }).filter(({ points }) => points.length > 1),
    ...(shown === undefined ? [] : transferredGroups(plan, done, [shown])),
  ];
  if (groups.length === 0) return [];
  const series = groups
    .map((group) => seriesOf({ ...group }, 'factor', undefined))
    .map((one, i) => ({
      ...one,
      name: groups[i]!.name,
    }));
  const curves: Figure = {
    name: 'transfer',
    title: 'Weights of one factor at others',
    caption: `“Weights of φ” are predicted, or trained, for that factor and run at each factor of the axis; without it, weights follow the factor. ${overSeeds}`,
    drawing: curvesPlot(series, { x: 'rescaling factor φ of the network', palette }),
  };
  const matrices = groupsOf(done, { split }).flatMap((group): Figure[] => {
    const rows = weightsIn(group.members).map((weightsOf) => ({
      weightsOf,
      points: groupsOf(group.members, { split, weightsOf }).flatMap(({ points }) => points),
    }));
    if (rows.length < 2) return [];
    return [
      {
        name: `transfer-matrix-${group.name.replace(/[^A-Za-z0-9]+/g, '-')}`,
        title: `${group.name}: weights of each factor at each other`,
        caption: 'Mean Dice over seeds. Framed: weights at the factor that they are of.',
        drawing: matrixPlot(rows, palette),
      },
    ];
  });
  return [curves, ...matrices];
}

/** Groups whose weights are of one factor, under names that say so. */
export function transferredGroups(plan: Plan, done: readonly DoneCell[], factors = weightsIn(done)): Group[] {
  const split = plan.splits[0]!;
  return factors.flatMap((weightsOf) =>
    groupsOf(done, { split, weightsOf })
      .filter(({ points }) => points.length > 0)
      .map((group) => ({ ...group, name: `${group.name}, weights of φ = ${weightsOf}` })),
  );
}

/** The factors whose weights ran at others. */
function weightsIn(done: readonly DoneCell[]): number[] {
  const all = done.flatMap(({ found }) => found.results.map((row) => row.weightsOf));
  return [...new Set(all)].filter((one) => one !== undefined).sort((a, b) => a - b);
}
