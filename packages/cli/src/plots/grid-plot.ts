import * as Plot from '@observablehq/plot';
import type { GridPoint } from '../pareto/grid/grid-points.js';
import { factorText } from '../text/numbers.js';
import { type Drawing, draw } from './draw.js';
import { type Palette, paperPalette } from './palette.js';

/** How to draw a grid. */
export interface GridPlotOptions {
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
  const at = { x: 'gflops', y: 'dice', title: describe } as const;
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

function describe({ factor, dice, gflops, milliseconds }: GridPoint): string {
  return `φ = (${factorText(factor)}): Dice ${dice.toFixed(4)}, ${gflops.toFixed(3)} GFLOPs, ${milliseconds.toFixed(1)} ms`;
}
