import * as Plot from '@observablehq/plot';
import { parseHTML } from 'linkedom';

/** A drawn plot. */
export interface Drawing {
  /** An `<svg>` element as text, without an XML namespace: for a page. */
  readonly svg: string;
  /** Where a point of the data lies, in the coordinates of the SVG's view box. */
  place(x: number, y: number): readonly [x: number, y: number];
}

/** A figure of a report. */
export interface Figure {
  /** Of its file, without extension. */
  readonly name: string;
  readonly title: string;
  readonly caption: string;
  readonly drawing: Drawing;
}

/** Attributes that hold coordinates; numbers elsewhere are the data's. */
const geometry = / (?:d|x|y|x1|x2|y1|y2|cx|cy|width|height|transform)="[^"]*"/g;

/** Draws with Observable Plot on a document that lives in memory only. */
export function draw(options: Plot.PlotOptions): Drawing {
  const { document } = parseHTML('<!doctype html><html><body></body></html>');
  const plot = Plot.plot({ ...options, document: document as unknown as Document });
  const [x, y] = (['x', 'y'] as const).map((axis) => plot.scale(axis)!);
  // The style sheet of Plot is for pages with several plots; viewers of single files trip over its selectors.
  for (const sheet of plot.querySelectorAll('style')) sheet.remove();
  plot.removeAttribute('class');
  return {
    svg: plot.outerHTML.replace(geometry, (attribute) => attribute.replace(/-?\d+\.\d{3,}/g, rounded)),
    place: (dataX, dataY) => [x!.apply(dataX) as number, y!.apply(dataY) as number],
  };
}

/** To hundredths of a pixel. */
function rounded(number: string): string {
  return String(Number(Number(number).toFixed(2)));
}

/** A drawing as the text of an SVG file, with a background of its own. */
export function svgFile(
  drawing: Drawing,
  { title, background }: { title: string; background: string },
): string {
  return drawing.svg.replace(/^<svg([^>]*)>/, (_, attributes: string) =>
    [
      `<?xml version="1.0" encoding="UTF-8"?>\n<svg xmlns="http://www.w3.org/2000/svg" role="img"${attributes}>`,
      `<title>${escapeXml(title)}</title>`,
      `<rect width="100%" height="100%" fill="${background}" stroke="none"/>`,
    ].join('\n'),
  );
}

function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}

/** The colors of a plot, as CSS. */
export interface Palette {
  readonly ink: string;
  readonly muted: string;
  readonly grid: string;
  readonly background: string;
  /** One per curve; distinct for all common kinds of color blindness. */
  readonly curves: readonly string[];
}

/** For print and for files: black on white, the colors of Okabe and Ito. */
export const paperPalette: Palette = {
  ink: '#1a1a1a',
  muted: '#6b6b6b',
  grid: '#e4e4e4',
  background: '#ffffff',
  curves: ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00', '#56b4e9'],
};

/** For a page that defines these variables for light and dark. */
export const pagePalette: Palette = {
  ink: 'var(--ink)',
  muted: 'var(--muted)',
  grid: 'var(--grid)',
  background: 'var(--panel)',
  curves: [1, 2, 3, 4, 5, 6].map((which) => `var(--curve-${which})`),
};

/**
 * Colors of labels in overlays, by label value from 1, as `[red, green, blue]`: Okabe and Ito's, the ones that stand
 * out on stained and on grey images first.
 */
const labelColors: ReadonlyArray<readonly [number, number, number]> = [
  [86, 180, 233],
  [230, 159, 0],
  [0, 158, 115],
  [204, 121, 167],
  [240, 228, 66],
  [213, 94, 0],
  [0, 114, 178],
];

/** The color of a label value ≥ 1; they repeat when there are more labels than colors. */
export function labelColor(label: number): readonly [number, number, number] {
  return labelColors[(label - 1) % labelColors.length]!;
}
