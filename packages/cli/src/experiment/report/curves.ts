import * as Plot from '@observablehq/plot';
import { type Drawing, draw, type Palette } from '../../plots/draw.js';
import { legend, legendHeight } from './legend.js';

/** A line of a figure, with what it varies by over seeds. */
export interface Series {
  readonly name: string;
  /** Where it is drawn, of several panels. @default the only one */
  readonly panel?: string;
  readonly points: ReadonlyArray<{
    readonly x: number;
    readonly y: number;
    /** To either side of y; NaN for unknown. */
    readonly spread: number;
    /** Said where a pointer rests on it. @default its numbers */
    readonly title?: string;
  }>;
  /** Drawn dashed, without dots: what the others are compared with. @default false */
  readonly isReference?: boolean;
}

/** What a figure of lines says around them. */
export interface CurvesOptions {
  readonly x: string;
  readonly y?: string;
  readonly palette: Palette;
}

const columns = 3;

/** Lines with bands of a standard deviation, in panels side by side where there are several. */
export function curvesPlot(
  series: readonly Series[],
  { x: xLabel, y: yLabel = 'Dice', palette }: CurvesOptions,
): Drawing {
  const panels = [...new Set(series.map(({ panel = '' }) => panel))];
  const [across, down] = [Math.min(columns, panels.length), Math.ceil(panels.length / columns)];
  const width = across === 1 ? 640 : 80 + across * 300;
  const names = [...new Set(series.map(({ name }) => name))];
  const color = (name: string): string => palette.curves[names.indexOf(name) % palette.curves.length]!;
  const entries = names.map((name) => ({ name, color: color(name) }));
  const above = legendHeight(entries, width - 80);
  const facetOf = (panel: string) => {
    const i = panels.indexOf(panel);
    return { fx: i % columns, fy: Math.floor(i / columns) };
  };
  const facet = across === 1 ? {} : ({ fx: 'fx', fy: 'fy' } as const);
  const drawn = series.map(({ name, panel = '', points, isReference = false }) => ({
    name,
    isReference,
    points: points
      .filter(({ y }) => !Number.isNaN(y))
      .map((point) => {
        const spread = Number.isNaN(point.spread) ? 0 : point.spread;
        return { ...point, ...facetOf(panel), spread, low: point.y - spread, high: point.y + spread };
      })
      .sort((a, b) => a.x - b.x),
  }));
  const at = { ...facet, x: 'x' } as const;
  return draw({
    width,
    height: 60 + above + down * (across === 1 ? 340 : 240),
    marginLeft: 58,
    marginBottom: 44,
    marginTop: 12 + above + (across > 1 ? 12 : 0),
    style: { fontFamily: 'Helvetica, Arial, sans-serif', fontSize: '12px', color: palette.ink },
    x: {
      label: xLabel,
      labelAnchor: 'center',
      labelArrow: 'none',
      inset: 8,
      ...(across > 1 ? { ticks: 5 } : {}),
    },
    y: { label: yLabel, labelAnchor: 'center', labelArrow: 'none', inset: 8, ticks: 6 },
    ...(across === 1 ? {} : { fx: { axis: null, padding: 0.12 }, fy: { axis: null, padding: 0.2 } }),
    marks: [
      Plot.gridX({ stroke: palette.grid, strokeOpacity: 1 }),
      Plot.gridY({ stroke: palette.grid, strokeOpacity: 1, ticks: 6 }),
      ...drawn.flatMap(({ name, points, isReference }): Plot.Markish[] => {
        const stroke = color(name);
        const dots = Plot.dot(points, {
          ...at,
          y: 'y',
          r: 3,
          fill: stroke,
          title: (point: (typeof points)[number]) =>
            point.title ?? `${name}: ${point.y.toFixed(4)} ± ${point.spread.toFixed(4)} at ${point.x}`,
        });
        return [
          ...(points.length > 1
            ? [Plot.areaY(points, { ...at, y1: 'low', y2: 'high', fill: stroke, fillOpacity: 0.16 })]
            : [
                Plot.ruleX(points, {
                  ...at,
                  y1: 'low',
                  y2: 'high',
                  stroke,
                  strokeOpacity: 0.6,
                  strokeWidth: 2,
                }),
              ]),
          Plot.line(points, {
            ...at,
            y: 'y',
            stroke,
            strokeWidth: 1.6,
            ...(isReference ? { strokeDasharray: '5 4' } : {}),
          }),
          ...(isReference ? [] : [dots]),
        ];
      }),
      ...(across === 1
        ? []
        : [
            Plot.text(
              panels.map((panel) => ({ panel, ...facetOf(panel) })),
              { ...facet, text: 'panel', frameAnchor: 'top', dy: -11, fontWeight: 'bold', fill: palette.ink },
            ),
          ]),
      ...legend(entries, { width: width - 80, palette, dy: across > 1 ? -12 : 0 }),
    ],
  });
}
