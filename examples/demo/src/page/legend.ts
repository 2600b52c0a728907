import type { ModelSummary } from '../worker/protocol.js';
import { colorOf, hexOf } from './paint.js';

/** The names of the labels, each with its color; without the background. */
export function legendOf(labels: ModelSummary['labels']): HTMLElement[] {
  return labels.slice(1).map(({ name, color }, index) => {
    const swatch = document.createElement('span');
    swatch.className = 'swatch';
    swatch.style.background = hexOf(colorOf(index + 1, color));
    const entry = document.createElement('span');
    entry.className = 'label';
    entry.append(swatch, name);
    return entry;
  });
}
