import * as Plot from '@observablehq/plot';
import type { Curve } from '../pareto/curve.js';
import type { Palette } from './palette.js';

/** Height of a row, and width of a letter and of a symbol with the room around it, in pixels. */
const row = 17;
const letter = 6.8;
const symbolRoom = 30;

/** The symbols of curves, in order. */
export const symbols = ['circle', 'square', 'diamond', 'triangle', 'star', 'cross'] as const;

/** Height of the legend, which lies above the frame: one row, or two where curves have names to tell. */
export function legendHeight(curves: readonly Curve[]): number {
  return (curves.length === 1 ? 1 : 2) * row;
}

/** What filled and hollow points mean and, of several curves, which is which. */
export function legend(curves: readonly Curve[], palette: Palette): Plot.Markish[] {
  const front = '●\u2002Pareto front\u2003○\u2002dominated';
  const inRow = { frameAnchor: 'top-left', lineAnchor: 'middle' } as const;
  const names = curves.length === 1 ? [] : curves.map(({ name }) => name);
  let right = 0;
  const entries = names.map((name, which) => {
    const left = right;
    right += symbolRoom + name.length * letter;
    return {
      name,
      left,
      color: palette.curves[which % palette.curves.length]!,
      symbol: symbols[which % symbols.length]!,
    };
  });
  return [
    Plot.text([front], { ...inRow, dy: -row / 2, fill: palette.muted }),
    ...entries.flatMap(({ name, left, color, symbol }) => [
      Plot.dot([name], { frameAnchor: 'top-left', dx: left + 4, dy: -1.5 * row, r: 4, symbol, fill: color }),
      Plot.text([name], { ...inRow, dx: left + 14, dy: -1.5 * row, fill: palette.ink }),
    ]),
  ];
}
