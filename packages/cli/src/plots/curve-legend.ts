import * as Plot from '@observablehq/plot';
import { type Curve, imagesOf } from '../pareto/curve.js';
import type { Palette } from './draw.js';

/** Height of a row, and width of a letter and of a symbol with the room around it, in pixels. */
export const legendRow = 17;
export const letter = 6.8;
/** A letter of a legend's sentence, on average. */
const smallLetter = 5.6;
const symbolRoom = 30;

/** The symbols of curves, in order. */
export const symbols = ['circle', 'square', 'diamond', 'triangle', 'star', 'cross'] as const;

/** What is written above the frame, row by row. */
export interface LegendRow {
  readonly left: string;
  /** Of rows that name curves. */
  readonly entries: readonly LegendEntry[];
}

interface LegendEntry {
  readonly name: string;
  readonly which: number;
  readonly left: number;
}

/** A name that is longer than its room, with its end left out. */
function shortened(name: string, pixels: number): string {
  const letters = Math.max(4, Math.floor(pixels / letter));
  return name.length <= letters ? name : `${name.slice(0, letters - 1)}…`;
}

/**
 * The rows of the legend, in as many as their width asks for: of several curves their names, then what filled and hollow points
 * and the band mean.
 */
export function legendRows(curves: readonly Curve[], width: number): LegendRow[] {
  const rows: LegendRow[] = [];
  let entries: LegendEntry[] = [];
  let right = 0;
  for (const [which, { name: whole }] of (curves.length === 1 ? [] : curves).entries()) {
    const name = shortened(whole, width - symbolRoom);
    const room = symbolRoom + name.length * letter;
    if (right > 0 && right + room > width) {
      rows.push({ left: '', entries });
      [entries, right] = [[], 0];
    }
    entries.push({ name, which, left: right });
    right += room;
  }
  if (entries.length > 0) rows.push({ left: '', entries });
  const images = imagesOf(curves[0]?.points ?? []);
  const words = [
    '●\u2002front',
    '○\u2002no better than a cheaper one',
    ...(images === undefined || images < 2 ? [] : [`▒\u200295 % over ${images} images`]),
  ];
  let line = '';
  for (const word of words) {
    const longer = line === '' ? word : `${line}\u2003${word}`;
    if (line !== '' && longer.length * smallLetter > width) {
      rows.push({ left: line, entries: [] });
      line = word;
    } else line = longer;
  }
  return [...rows, { left: line, entries: [] }];
}

export function legend(rows: readonly LegendRow[], palette: Palette): Plot.Markish[] {
  const inRow = { frameAnchor: 'top-left', lineAnchor: 'middle' } as const;
  return rows.flatMap(({ left: line, entries }, index) => {
    const dy = -(rows.length - index - 0.5) * legendRow;
    return [
      ...(line === '' ? [] : [Plot.text([line], { ...inRow, dy, fill: palette.muted })]),
      ...entries.flatMap(({ name, which, left }) => {
        const fill = palette.curves[which % palette.curves.length]!;
        const symbol = symbols[which % symbols.length]!;
        return [
          Plot.dot([name], { frameAnchor: 'top-left', dx: left + 4, dy, r: 4, symbol, fill }),
          Plot.text([name], { ...inRow, dx: left + 14, dy, fill: palette.ink }),
        ];
      }),
    ];
  });
}
