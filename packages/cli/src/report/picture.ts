import type { Image, LabelMap } from '@sshn/data';
import { type Html, html } from './html.js';
import { paint } from './overlay.js';
import { pngDataUri } from './png.js';

/** An image element with labels painted over it, and borders drawn as lines. */
export function picture(
  image: Image,
  labels: LabelMap | undefined,
  lines: LabelMap | undefined,
  alt: string,
  range?: readonly [low: number, high: number],
): Html {
  const { width, height, ...pixels } = paint(image, labels, lines, range);
  const source = pngDataUri({ width, height, ...pixels });
  return html`<img src="${source}" width="${width}" height="${height}" alt="${alt}">`;
}
