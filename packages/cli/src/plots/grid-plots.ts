import * as Plot from '@observablehq/plot';
import type { GridPoint } from '../pareto/grid-points.js';
import { diceText, factorText } from '../terminal/text.js';
import { type Drawing, draw, type Palette, paperPalette } from './draw.js';

/** How to draw a grid. */
interface GridPlotOptions {
  /** In pixels. @default 640 */
  readonly width?: number;
  /** In pixels. @default 400 */
  readonly height?: number;
  /** @default paperPalette */
  readonly palette?: Palette;
}

/** Height of the legend above the frame, in pixels. */
const legendHeight = 34;

/**
 * Draws Dice against the cost for all combinations of separate factors: each as a faint point, their Pareto front as one
 * line, and the curve of equal factors, what a common one would have, as another.
 *
 * *Source*: the paper, figure 13.
 *
 * @example
 * const { svg } = gridPlot(gridPoints(results));
 */
export function gridPlot(points: readonly GridPoint[], options: GridPlotOptions = {}): Drawing {
  const { width = 640, height = 400, palette = paperPalette } = options;
  const drawn = points.filter(({ dice }) => !Number.isNaN(dice));
  const front = drawn.filter(({ isOnFront }) => isOnFront);
  const equal = drawn.filter(({ isEqual }) => isEqual);
  const [separate, common] = palette.curves as [string, string];
  const at = { x: 'gflops', y: 'dice', title: describePoint } as const;
  return draw({
    width,
    height,
    marginLeft: 64,
    marginBottom: 44,
    marginTop: 12 + legendHeight,
    style: { fontFamily: 'Helvetica, Arial, sans-serif', fontSize: '12px', color: palette.ink },
    x: {
      label: 'GFLOPs per image',
      labelAnchor: 'center',
      labelArrow: 'none',
      insetLeft: 8,
      insetRight: 8,
      ticks: 8,
    },
    y: { label: 'Dice', labelAnchor: 'center', labelArrow: 'none', insetTop: 8, insetBottom: 12, ticks: 6 },
    marks: [
      Plot.gridX({ stroke: palette.grid, strokeOpacity: 1, ticks: 8 }),
      Plot.gridY({ stroke: palette.grid, strokeOpacity: 1, ticks: 6 }),
      Plot.dot(
        drawn.filter(({ isOnFront, isEqual }) => !isOnFront && !isEqual),
        { ...at, r: 1.6, fill: palette.muted, fillOpacity: 0.35 },
      ),
      Plot.line(equal, { x: 'gflops', y: 'dice', stroke: common, strokeWidth: 1.5 }),
      Plot.dot(equal, { ...at, r: 3.2, symbol: 'square', fill: common, stroke: palette.background }),
      Plot.line(front, { x: 'gflops', y: 'dice', stroke: separate, strokeWidth: 1.5, curve: 'step-after' }),
      Plot.dot(front, { ...at, r: 3.2, fill: separate, stroke: palette.background }),
      ...legend(palette, [
        ['circle', separate, 'Pareto front of separate factors'],
        ['square', common, 'equal factors'],
        ['circle', palette.muted, 'all others'],
      ]),
    ],
  });
}

function legend(
  palette: Palette,
  entries: ReadonlyArray<readonly ['circle' | 'square', string, string]>,
): Plot.Markish[] {
  let right = 0;
  return entries.flatMap(([symbol, color, text]) => {
    const left = right;
    right += 30 + text.length * 6.8;
    const place = { frameAnchor: 'top-left', dy: -legendHeight / 2 } as const;
    return [
      Plot.dot([text], { ...place, dx: left + 4, r: 4, symbol, fill: color }),
      Plot.text([text], { ...place, dx: left + 14, lineAnchor: 'middle', fill: palette.ink }),
    ];
  });
}

function describePoint({ factor, dice, gflops, milliseconds }: GridPoint): string {
  return `φ = (${factorText(factor)}): Dice ${dice.toFixed(4)}, ${gflops.toFixed(3)} GFLOPs, ${milliseconds.toFixed(1)} ms`;
}

/** A point with its last two factors apart from those before, which name its panel. */
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
      Plot.cell(cells, { ...at, fill: 'dice', inset: 0, title: describeCell }),
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

function describeCell({ factor, dice }: GridPoint): string {
  return `φ = (${factorText(factor)}): Dice ${diceText(dice)}`;
}

/** 0 as ₀. */
function subscript(index: number): string {
  return [...String(index)].map((digit) => String.fromCodePoint(0x2080 + Number(digit))).join('');
}
