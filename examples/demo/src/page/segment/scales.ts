import { rescaledSize } from '@sshn/core';
import type { ModelSummary } from '../../worker/protocol.js';
import { shape, text } from '../svg.js';

const largest = 44;
const pitch = 92;

/** Draws the resolutions inside the network as squares, so that one sees what φ does. */
export function drawScales(
  svg: SVGSVGElement,
  { size, stages }: Pick<ModelSummary, 'size' | 'stages'>,
  factor: number,
): void {
  const edges = scalesOf(size[0]!, stages, factor);
  svg.setAttribute('viewBox', `0 0 ${pitch * stages} 74`);
  svg.setAttribute('aria-label', `Resolutions inside the network: ${edges.join(', ')} pixels`);
  svg.replaceChildren(
    ...edges.flatMap((edge, i) => {
      const side = Math.max(2, (largest * edge) / edges[0]!);
      const middle = pitch * (i + 0.5);
      return [
        shape('rect', {
          x: middle - side / 2,
          y: 4 + (largest - side) / 2,
          width: side,
          height: side,
          rx: 2,
          class: 'scale',
        }),
        text(middle, 68, i === 0 ? `${edge} px` : `${edge}`, 'middle'),
        ...(i === 0 ? [] : [text(middle - pitch / 2, 30, `× φ`, 'middle')]),
      ];
    }),
  );
}

/** Edge of every resolution: each is that of the last, rescaled by φ. */
export function scalesOf(edge: number, stages: number, factor: number): number[] {
  const edges = [edge];
  while (edges.length < stages) edges.push(...rescaledSize([edges.at(-1)!], factor));
  return edges;
}
