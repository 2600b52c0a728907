import * as Plot from '@observablehq/plot';
import type { Palette } from '../../plots/draw.js';

/** A name and its color. */
export interface LegendEntry {
  readonly name: string;
  readonly color: string;
}

/** Width of a character, and what a mark and the space between names take, in pixels. */
const letter = 6.5;
const around = 32;
const rowHeight = 18;

/** Height of a legend, in pixels. */
export function legendHeight(entries: readonly LegendEntry[], width: number): number {
  return rowHeight * rowsOf(entries, width).length;
}

/** Marks and names above the frame, in as many rows as they need. */
export function legend(
  entries: readonly LegendEntry[],
  {
    width,
    palette,
    dy: shift = 0,
  }: { readonly width: number; readonly palette: Palette; readonly dy?: number },
): Plot.Markish[] {
  const rows = rowsOf(entries, width);
  return rows.flatMap((row, i) =>
    row.flatMap(({ name, color, dx }) => {
      const dy = shift + 4 - rowHeight * (rows.length - i);
      const place = { frameAnchor: 'top-left', facet: 'super', dy } as const;
      return [
        Plot.dot([name], { ...place, dx: dx + 4, r: 4, fill: color }),
        Plot.text([name], {
          ...place,
          dx: dx + 14,
          lineAnchor: 'middle',
          text: (text) => text,
          fill: palette.ink,
        }),
      ];
    }),
  );
}

/** Entries in rows that fit, each with its place. */
function rowsOf(entries: readonly LegendEntry[], width: number): Array<Array<LegendEntry & { dx: number }>> {
  const rows: Array<Array<LegendEntry & { dx: number }>> = [[]];
  let right = 0;
  for (const entry of entries) {
    const room = around + entry.name.length * letter;
    if (right > 0 && right + room > width) {
      rows.push([]);
      right = 0;
    }
    rows.at(-1)!.push({ ...entry, dx: right });
    right += room;
  }
  return rows;
}
