import * as Plot from '@observablehq/plot';
import type { GridPoint } from '../pareto/grid/grid-points.js';
import { diceText, factorText } from '../text/numbers.js';
import { type Drawing, draw } from './draw.js';
import type { GridPlotOptions } from './grid-plot.js';
import { paperPalette } from './palette.js';

/** A point with its last two factors apart from those before, by which panels are told. */
interface Cell extends GridPoint {
  readonly panel: string;
  readonly row: number;
  readonly column: number;
}

/**
 * Draws Dice as a color over all combinations of separate factors: a panel for every value of the first (of four and more
 * factors, of all but the last two), rows and columns for the last two. Combinations of equal factors have a white frame.
 *
 * *Source*: the paper, figure 12.
 *
 * @example
 * const { svg } = gridMap(gridPoints(results));
 */
export function gridMap(points: readonly GridPoint[], options: GridPlotOptions = {}): Drawing {
  const { width = 960, height = 170, palette = paperPalette } = options;
  const cells: Cell[] = points
    .filter(({ dice }) => !Number.isNaN(dice))
    .map((point) => ({
      ...point,
      panel: factorText(point.factor.slice(0, -2)),
      row: point.factor.at(-2) ?? 0,
      column: point.factor.at(-1)!,
    }))
    .sort((a, b) => (a.panel < b.panel ? -1 : 1));
  const factors = points[0]?.factor.length ?? 0;
  const [low, high] = [Math.min, Math.max].map((pick) => pick(...cells.map(({ dice }) => dice))) as [
    number,
    number,
  ];
  const at = { x: 'column', y: 'row', fx: 'panel' } as const;
  const ticks = (values: readonly number[]) => {
    const all = [...new Set(values)].sort((a, b) => a - b);
    return [all[0]!, all.at(-1)!];
  };
  return draw({
    width,
    height,
    marginLeft: 64,
    marginBottom: 40,
    marginTop: 48,
    style: { fontFamily: 'Helvetica, Arial, sans-serif', fontSize: '11px', color: palette.ink },
    x: {
      label: `φ${subscript(factors - 1)}`,
      labelAnchor: 'center',
      labelArrow: 'none',
      ticks: ticks(cells.map(({ column }) => column)),
    },
    y: {
      label: factors > 1 ? `φ${subscript(factors - 2)}` : null,
      labelAnchor: 'center',
      labelArrow: 'none',
      reverse: true,
      ticks: ticks(cells.map(({ row }) => row)),
    },
    fx: {
      label: factors > 2 ? `φ${subscript(0)}${factors > 3 ? ' …' : ''}` : null,
      labelArrow: 'none',
      padding: 0.08,
    },
    color: { scheme: 'viridis', domain: [low, high] },
    marks: [
      Plot.cell(cells, { ...at, fill: 'dice', inset: 0, title: describe }),
      Plot.cell(
        cells.filter(({ isEqual }) => isEqual),
        { ...at, fill: 'none', stroke: 'white', strokeWidth: 1.2, inset: 0.6 },
      ),
      Plot.text([`Dice from ${diceText(low)} (dark) to ${diceText(high)} (bright); framed: equal factors`], {
        frameAnchor: 'top-left',
        facet: 'super',
        dy: -40,
        fill: palette.muted,
      }),
    ],
  });
}

function describe({ factor, dice }: GridPoint): string {
  return `φ = (${factorText(factor)}): Dice ${diceText(dice)}`;
}

/** 0 as ₀. */
function subscript(index: number): string {
  return [...String(index)].map((digit) => String.fromCodePoint(0x2080 + Number(digit))).join('');
}
