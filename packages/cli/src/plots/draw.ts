import * as Plot from '@observablehq/plot';
import { parseHTML } from 'linkedom';

/** A drawn plot. */
export interface Drawing {
  /** An `<svg>` element as text, without an XML namespace: for a page. */
  readonly svg: string;
  /** Where a point of the data lies, in the coordinates of the SVG's view box. */
  place(x: number, y: number): readonly [x: number, y: number];
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
