import { dot, line, ruleY } from '@observablehq/plot';
import { type Drawing, draw, paperPalette, svgFile } from '@sshn/cli';
import type { Step } from './load.js';

/** A series of steps under a name. */
export interface Series {
  readonly name: string;
  readonly steps: readonly Step[];
}

/** Draws latency, rescaling factor and Dice over the rate of requests, one above the other, as an SVG file. */
export function loadPlot(series: readonly Series[], targetMs: number): string {
  const { curves, ink } = paperPalette;
  const width = 640;
  const panels: readonly [string, keyof Step, number, 'log' | 'linear'][] = [
    ['p95 of answers, ms', 'p95', 220, 'log'],
    ['mean factor φ', 'factor', 150, 'linear'],
    ['mean Dice', 'dice', 170, 'linear'],
  ];
  let top = 0;
  const drawn = panels.map(([label, key, height, type], i) => {
    const { svg } = panel({ label, key, height, type, isLast: i === panels.length - 1 });
    // One document, so that it has one title.
    const placed = svg
      .replace(/^<svg([^>]*)>/, (_, attributes: string) => {
        const kept = attributes.replace(/ (width|height|viewBox)="[^"]*"/g, '');
        return `<g transform="translate(0,${top})"${kept}>`;
      })
      .replace(/<\/svg>$/, '</g>');
    top += height;
    return placed;
  });
  const legend = series
    .map(
      ({ name }, i) =>
        `<text x="${72 + 250 * i}" y="14" fill="${curves[i]}" font-family="Helvetica, Arial, sans-serif" font-size="12">● ${name}</text>`,
    )
    .join('');
  const all: Drawing = {
    svg: `<svg width="${width}" height="${top}" viewBox="0 0 ${width} ${top}" fill="${ink}">${drawn.join('')}${legend}</svg>`,
    place: (x, y) => [x, y],
  };
  return svgFile(all, { title: 'A service under rising load', background: paperPalette.background });

  function panel(of: {
    readonly label: string;
    readonly key: keyof Step;
    readonly height: number;
    readonly type: 'log' | 'linear';
    readonly isLast: boolean;
  }): Drawing {
    return draw({
      width,
      height: of.height,
      marginLeft: 64,
      marginTop: 24,
      marginBottom: of.isLast ? 44 : 22,
      style: { fontFamily: 'Helvetica, Arial, sans-serif', fontSize: '12px', color: ink },
      x: {
        type: 'log',
        base: 2,
        ticks: series[0]!.steps.map(({ rate }) => rate),
        tickFormat: (rate: number) => String(rate),
        label: of.isLast ? 'requests per second' : null,
        labelAnchor: 'center',
        labelArrow: 'none',
      },
      y: {
        type: of.type,
        grid: true,
        ticks: 5,
        ...(of.type === 'log' ? { tickFormat: '~s' } : {}),
        label: of.label,
        labelAnchor: 'center',
        labelArrow: 'none',
      },
      marks: marksOf(of.key),
    });
  }

  function marksOf(key: keyof Step) {
    const lines = series.flatMap(({ steps }, i) => {
      const rows = steps.filter((step) => Number.isFinite(step[key]));
      const channels = { x: 'rate', y: key, stroke: curves[i]! };
      return [line(rows, channels), dot(rows, { ...channels, fill: curves[i]!, r: 3 })];
    });
    return key === 'p95' ? [ruleY([targetMs], { strokeDasharray: '4 3' }), ...lines] : lines;
  }
}
