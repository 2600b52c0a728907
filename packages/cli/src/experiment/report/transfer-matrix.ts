import * as Plot from '@observablehq/plot';
import { type Drawing, draw, type Palette } from '../../plots/draw.js';

/** Dice of the weights of one factor at others. */
export interface TransferRow {
  readonly weightsOf: number;
  readonly points: ReadonlyArray<{ readonly factor: number; readonly dice: number }>;
}

/** Dice as color: a row for the factor that weights are of, a column for the factor that they run at. */
export function matrixPlot(rows: readonly TransferRow[], palette: Palette): Drawing {
  const cells = rows.flatMap(({ weightsOf, points }) =>
    points.filter(({ dice }) => !Number.isNaN(dice)).map(({ factor, dice }) => ({ weightsOf, factor, dice })),
  );
  const dice = cells.map((cell) => cell.dice);
  const [low, high] = [Math.min(...dice), Math.max(...dice)];
  const at = { x: 'factor', y: 'weightsOf' } as const;
  const columns = new Set(cells.map(({ factor }) => factor)).size;
  return draw({
    width: 110 + 52 * columns,
    height: 90 + 38 * rows.length,
    marginLeft: 64,
    marginBottom: 44,
    marginTop: 14,
    style: { fontFamily: 'Helvetica, Arial, sans-serif', fontSize: '12px', color: palette.ink },
    x: {
      type: 'band',
      label: 'rescaling factor φ of the network',
      labelAnchor: 'center',
      labelArrow: 'none',
      padding: 0,
    },
    y: {
      type: 'band',
      label: 'weights of φ',
      labelAnchor: 'center',
      labelArrow: 'none',
      padding: 0,
      reverse: true,
    },
    color: { scheme: 'viridis', domain: high > low ? [low, high] : [low - 0.01, high] },
    marks: [
      Plot.cell(cells, { ...at, fill: 'dice', inset: 0.5 }),
      Plot.cell(
        cells.filter(({ weightsOf, factor }) => weightsOf === factor),
        { ...at, fill: 'none', stroke: 'white', strokeWidth: 2, inset: 2 },
      ),
      Plot.text(cells, {
        ...at,
        text: (cell) => cell.dice.toFixed(3),
        // Viridis is dark below and bright above.
        fill: (cell) => (cell.dice > low + 0.6 * (high - low) ? 'black' : 'white'),
      }),
    ],
  });
}
