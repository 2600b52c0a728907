import { Buffer } from 'node:buffer';
import { encode } from 'fast-png';
import type { Palette } from '../plots/draw.js';
import { html } from '../report/html.js';

/** A map of numbers that is shown in colors. */
export interface Panel {
  readonly title?: string;
  readonly width: number;
  readonly height: number;
  /** Row by row. */
  readonly values: ArrayLike<number>;
  /** What the ends of the colors stand for. @default the lowest and the highest value */
  readonly range?: readonly [low: number, high: number];
}

/** From a share of the range to a color. */
export type Colors = (share: number) => readonly [red: number, green: number, blue: number];

/** Blue through white to red. */
export const diverging: Colors = (share) => {
  const ends = share < 0.5 ? ([33, 102, 172] as const) : ([178, 24, 43] as const);
  const strength = Math.abs(share - 0.5) * 2;
  const mix = (end: number) => Math.round(247 + strength * (end - 247));
  return [mix(ends[0]), mix(ends[1]), mix(ends[2])];
};

/** Black to white. */
export const grey: Colors = (share) => {
  const level = Math.round(255 * share);
  return [level, level, level];
};

/** A figure of panels. */
export interface PanelsOptions {
  readonly title: string;
  readonly caption: string;
  readonly palette: Palette;
  readonly color: Colors;
  /** Of a panel, in pixels. */
  readonly cell: { readonly width: number; readonly height: number };
  /** Above the columns. @default the titles of the panels of each row */
  readonly columns?: readonly string[];
}

const gap = 8;
const left = 112;

/** Rows of panels with their labels, as an SVG file. Pixels of maps stay sharp. */
export function panelsFigure(
  rows: ReadonlyArray<{ readonly label: string; readonly panels: readonly Panel[] }>,
  { title, caption, palette, color, cell, columns }: PanelsOptions,
): string {
  const count = Math.max(...rows.map(({ panels }) => panels.length), 1);
  const above = columns === undefined ? 14 : 0;
  const width = left + count * (cell.width + gap);
  const top = 44;
  const height = top + rows.length * (cell.height + gap + above);
  const text = (
    x: number,
    y: number,
    words: string,
    {
      anchor = 'start',
      size = 11,
    }: { readonly anchor?: 'start' | 'middle' | 'end'; readonly size?: number } = {},
  ) =>
    html`<text x="${x}" y="${y}" font-family="Helvetica, Arial, sans-serif" font-size="${size}" text-anchor="${anchor}" fill="${palette.ink}">${words}</text>`;
  const drawn = rows.map(({ label, panels }, i) => {
    const y = top + i * (cell.height + gap + above) + above;
    return [
      text(left - 8, y + cell.height / 2 + 4, label, { anchor: 'end' }),
      ...panels.map((panel, j) => {
        const x = left + j * (cell.width + gap);
        return [
          columns === undefined ? text(x, y - 3, panel.title ?? '', { size: 9 }) : '',
          html`<image x="${x}" y="${y}" width="${cell.width}" height="${cell.height}" preserveAspectRatio="none" style="image-rendering:pixelated" href="${dataUri(panel, color)}"/>`,
          html`<rect x="${x}" y="${y}" width="${cell.width}" height="${cell.height}" fill="none" stroke="${palette.grid}"/>`,
        ];
      }),
    ];
  });
  const heads = (columns ?? []).map((word, j) =>
    text(left + j * (cell.width + gap) + cell.width / 2, top - 6, word, { anchor: 'middle' }),
  );
  return html`<?xml version="1.0" encoding="UTF-8"?>
<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img">
<title>${title}</title>
<rect width="100%" height="100%" fill="${palette.background}"/>
${text(8, 16, caption)}
${heads}
${drawn}
</svg>
`.text;
}

/** A map as a PNG of a pixel for each number. */
function dataUri({ width, height, values, range }: Panel, color: Colors): string {
  let [low, high] = range ?? [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  if (range === undefined)
    for (let i = 0; i < values.length; i++) {
      low = Math.min(low, values[i]!);
      high = Math.max(high, values[i]!);
    }
  const data = new Uint8Array(width * height * 3);
  for (let i = 0; i < width * height; i++) {
    const share = high > low ? Math.min(1, Math.max(0, (values[i]! - low) / (high - low))) : 0.5;
    data.set(color(share), 3 * i);
  }
  const png = encode({ width, height, channels: 3, depth: 8, data });
  return `data:image/png;base64,${Buffer.from(png).toString('base64')}`;
}
