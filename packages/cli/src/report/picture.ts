import type { Image, LabelMap } from '@sshn/data';
import { drawDeformedGrid } from './deformed-grid.js';
import { type Html, html } from './html.js';
import { type Picture, paint } from './overlay.js';
import { pngDataUri } from './png.js';

/** An image element with labels painted over it, and borders drawn as lines. */
export function picture(
  image: Image,
  labels: LabelMap | undefined,
  lines: LabelMap | undefined,
  alt: string,
  range?: readonly [low: number, high: number],
): Html {
  return imageElement(paint(image, labels, lines, range), alt);
}

/** An image element of a moved image under the grid that a field deforms. @param field In voxels, `[...size, rank]`. */
export function gridPicture(moved: Image, field: Float32Array, alt: string): Html {
  return imageElement(drawDeformedGrid(paint(moved), field, moved.size), alt);
}

function imageElement(painted: Picture, alt: string): Html {
  const { width, height } = painted;
  const source = pngDataUri(painted);
  return html`<img src="${source}" width="${width}" height="${height}" alt="${alt}">`;
}
