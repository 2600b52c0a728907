import { dot, shape, text } from './svg.js';

/** A point of a curve: cost to the right, accuracy upward. */
export interface PlotPoint {
  readonly x: number;
  readonly y: number;
  /** Told when the pointer rests on it. */
  readonly title?: string;
}

/** What a plot shows. */
export interface Plot {
  readonly points: readonly PlotPoint[];
  readonly xLabel: string;
  readonly yLabel: string;
  /** Drawn large: where the page stands. */
  readonly current?: PlotPoint;
  /** Least and greatest accuracy drawn. @default those of the points */
  readonly yRange?: readonly [low: number, high: number];
  /** Whether points are marked one by one. */
  readonly hasMarks: boolean;
  /** One sentence for who does not see it. */
  readonly description: string;
}

const size = { width: 360, height: 220 };
const margin = { left: 50, right: 14, top: 12, bottom: 38 };

/** Draws a curve into an `<svg>`, anew. */
export function drawPlot(svg: SVGSVGElement, plot: Plot): void {
  svg.setAttribute('viewBox', `0 0 ${size.width} ${size.height}`);
  svg.setAttribute('aria-label', plot.description);
  const all = [...plot.points, ...(plot.current === undefined ? [] : [plot.current])];
  if (all.length === 0) {
    svg.replaceChildren(text(size.width / 2, size.height / 2, 'nothing measured yet', 'middle'));
    return;
  }
  const x = scale(
    all.map((point) => point.x),
    [margin.left, size.width - margin.right],
  );
  const y = scale(plot.yRange ?? all.map((point) => point.y), [size.height - margin.bottom, margin.top]);
  const line = plot.points.map((point) => `${x.at(point.x)},${y.at(point.y)}`).join(' ');
  svg.replaceChildren(
    ...y.ticks.flatMap((value) => [
      shape('line', {
        x1: margin.left,
        x2: size.width - margin.right,
        y1: y.at(value),
        y2: y.at(value),
        class: 'grid',
      }),
      text(margin.left - 6, y.at(value) + 4, short(value), 'end'),
    ]),
    ...x.ticks.map((value) => text(x.at(value), size.height - margin.bottom + 16, short(value), 'middle')),
    text((margin.left + size.width) / 2, size.height - 6, plot.xLabel, 'middle'),
    rotated(12, (size.height - margin.bottom) / 2, plot.yLabel),
    shape('polyline', { points: line, class: 'line' }),
    ...(plot.hasMarks
      ? plot.points.map((point) => dot(x.at(point.x), y.at(point.y), 3.5, 'mark', point.title))
      : []),
    ...(plot.current === undefined
      ? []
      : [dot(x.at(plot.current.x), y.at(plot.current.y), 7, 'current', plot.current.title)]),
  );
}

interface Scale {
  readonly ticks: readonly number[];
  at(value: number): number;
}

/** From values to places, with up to six round ticks. */
function scale(values: readonly number[], [from, to]: readonly [number, number]): Scale {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const pad = (high - low || Math.abs(high) || 1) * 0.06;
  const [first, last] = [low - pad, high + pad];
  const rough = (last - first) / 5;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((times) => times * power).find((candidate) => candidate >= rough)!;
  const begin = Math.ceil(first / step);
  const count = Math.floor(last / step) - begin + 1;
  return {
    ticks: Array.from({ length: Math.max(0, count) }, (_, i) => (begin + i) * step),
    at: (value) => from + ((value - first) / (last - first)) * (to - from),
  };
}

const short = (value: number): string => `${Number(value.toPrecision(3))}`;

function rotated(x: number, y: number, words: string): SVGElement {
  const made = text(x, y, words, 'middle');
  made.setAttribute('transform', `rotate(-90 ${x} ${y})`);
  return made;
}
