import * as Plot from '@observablehq/plot';
import { paretoFront } from '@sshn/training';
import { type Drawing, draw, type Figure, type Palette } from '../../plots/draw.js';
import { gridMap } from '../../plots/grid-plots.js';
import type { CombinationPoint } from '../cells.js';
import type { Plan } from '../plan.js';
import { type DoneCell, type Group, groupsOf, meanOf } from '../statistics.js';
import { legend, legendHeight } from './legend.js';

/**
 * Separate factors: Dice of all combinations as a map, and against their cost with the front and the curves of one factor.
 *
 * *Source*: the paper, figures 12 and 13.
 */
export function combinationFigures(plan: Plan, done: readonly DoneCell[], palette: Palette): Figure[] {
  const groups = groupsOf(done, { split: plan.splits[0]! });
  return groups.flatMap((group) => {
    const points = meanPoints(group);
    if (points.length === 0) return [];
    const others = groups.filter(({ members }) =>
      members.every(({ found }) => found.combinations === undefined),
    );
    const suffix = groups.length - others.length > 1 ? `-${group.name.replace(/[^A-Za-z0-9]+/g, '-')}` : '';
    return [
      {
        name: `separate-factors-map${suffix}`,
        title: `${group.name}: Dice by separate factors`,
        caption:
          'Panels by the first factor, rows and columns by the last two; equal factors have a white frame.',
        drawing: gridMap(
          points.map((point) => ({ ...point, diceByLabel: {}, undefinedCases: 0 })),
          { palette },
        ),
      },
      {
        name: `separate-factors-front${suffix}`,
        title: `${group.name}: Dice against cost`,
        caption:
          'Every combination of separate factors, their Pareto front, and the networks of one factor for all steps.',
        drawing: frontPlot(points, others, palette),
      },
    ];
  });
}

/** The combinations of a group, with the mean Dice over its seeds. */
function meanPoints({ members }: Group): CombinationPoint[] {
  const lists = members.flatMap(({ found }) =>
    found.combinations === undefined ? [] : [found.combinations],
  );
  if (lists.length < 2) return lists[0] ?? [];
  const byFactors = new Map<string, CombinationPoint[]>();
  for (const point of lists.flat())
    byFactors.set(String(point.factor), [...(byFactors.get(String(point.factor)) ?? []), point]);
  const points = [...byFactors.values()].map((some) => ({
    ...some[0]!,
    dice: meanOf(some.map(({ dice }) => dice)),
  }));
  const front = paretoFront(points.map(({ gflops: cost, dice: value }) => ({ cost, value })));
  return points.map((point, i) => ({ ...point, isOnFront: front[i]! }));
}

function frontPlot(points: readonly CombinationPoint[], others: readonly Group[], palette: Palette): Drawing {
  const drawn = points.filter(({ dice }) => !Number.isNaN(dice));
  const front = drawn.filter(({ isOnFront }) => isOnFront).sort((a, b) => a.gflops - b.gflops);
  const at = { x: 'gflops', y: 'dice' } as const;
  const curves = others.map((group, i) => ({
    group,
    color: palette.curves[(i + 1) % palette.curves.length]!,
  }));
  const width = 640;
  const entries = [
    { name: 'separate factors: front', color: palette.curves[0]! },
    { name: 'separate factors', color: palette.muted },
    ...curves.map(({ group, color }) => ({ name: group.name, color })),
  ];
  return draw({
    width,
    height: 420,
    marginLeft: 58,
    marginBottom: 44,
    marginTop: 12 + legendHeight(entries, width - 70),
    style: { fontFamily: 'Helvetica, Arial, sans-serif', fontSize: '12px', color: palette.ink },
    x: { label: 'GFLOPs per image', labelAnchor: 'center', labelArrow: 'none', inset: 8 },
    y: { label: 'Dice', labelAnchor: 'center', labelArrow: 'none', inset: 8, ticks: 6 },
    marks: [
      Plot.gridX({ stroke: palette.grid, strokeOpacity: 1 }),
      Plot.gridY({ stroke: palette.grid, strokeOpacity: 1, ticks: 6 }),
      Plot.dot(drawn, { ...at, r: 1.6, fill: palette.muted, fillOpacity: 0.35 }),
      Plot.line(front, { ...at, stroke: palette.curves[0]!, strokeWidth: 1.6, curve: 'step-after' }),
      Plot.dot(front, { ...at, r: 3, fill: palette.curves[0]! }),
      ...curves.flatMap(({ group, color }) => [
        Plot.line(group.points, { ...at, stroke: color, strokeWidth: 1.6 }),
        Plot.dot(group.points, { ...at, r: 3, fill: color }),
      ]),
      ...legend(entries, { width: width - 70, palette }),
    ],
  });
}
