import { encode } from 'fast-png';
import type { Picture } from './overlay.js';

/** A picture as the `src` of an image element, a PNG within the page. */
export function pngDataUri({ width, height, data }: Picture): string {
  const bytes = encode({ width, height, data, channels: 3, depth: 8 });
  return `data:image/png;base64,${Buffer.from(bytes).toString('base64')}`;
}
