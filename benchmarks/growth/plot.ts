import { dot, line } from '@observablehq/plot';
import { type Drawing, draw, paperPalette, svgFile } from '@sshn/cli';
import { type Along, curves } from './curves.js';
import type { Point } from './points.js';

const axes: Readonly<Record<Along, string>> = {
  pixels: 'edge of a square, pixels',
  voxels: 'edge of a cube, voxels',
  features: 'features',
  batch: 'images in a batch',
};

const [panelWidth, panelHeight] = [300, 200];

/** Time above memory, for each of what costs grow along; dashed, the growth of the work. */
export function growthPlot(points: readonly Point[]): string {
  const { curves: colors, ink, background } = paperPalette;
  const alongs = Object.keys(axes) as Along[];
  const panels = alongs.flatMap((along, column) =>
    (['ms', 'bytes'] as const).map((cost, row) => {
      const { svg } = panel(along, cost);
      return svg
        .replace(/^<svg([^>]*)>/, (_, attributes: string) => {
          const kept = attributes.replace(/ (width|height|viewBox)="[^"]*"/g, '');
          return `<g transform="translate(${column * panelWidth},${row * panelHeight + 20})"${kept}>`;
        })
        .replace(/<\/svg>$/, '</g>');
    }),
  );
  const legend = ['inference', 'training step'].map(
    (text, i) =>
      `<text x="${64 + 110 * i}" y="15" fill="${colors[i]}" font-family="Helvetica, Arial, sans-serif" font-size="12">● ${text}</text>`,
  );
  const [width, height] = [alongs.length * panelWidth, 2 * panelHeight + 20];
  const all: Drawing = {
    svg: `<svg width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" fill="${ink}">${panels.join('')}${legend.join('')}</svg>`,
    place: (x, y) => [x, y],
  };
  return svgFile(all, { title: 'How time and memory grow', background });

  function panel(along: Along, cost: 'ms' | 'bytes'): Drawing {
    const shown = curves.filter((curve) => curve.along === along);
    const unit = cost === 'ms' ? 1 : 2 ** 20;
    const marks = shown.flatMap(({ name, pass, powers }) => {
      const rows = points
        .filter(({ curve }) => curve === name)
        .map((point) => ({ value: point.value, cost: point[cost] / unit }));
      const last = rows.at(-1);
      if (last === undefined) return [];
      const asWork = rows.map(({ value }) => ({
        value,
        cost: last.cost * (value / last.value) ** powers[cost],
      }));
      const channels = { x: 'value', y: 'cost', stroke: colors[pass === 'inference' ? 0 : 1]! };
      return [
        line(asWork, { ...channels, strokeDasharray: '3 3', strokeOpacity: 0.5 }),
        line(rows, channels),
        dot(rows, { ...channels, fill: channels.stroke, r: 3 }),
      ];
    });
    return draw({
      width: panelWidth,
      height: panelHeight,
      marginLeft: 60,
      marginTop: 24,
      marginBottom: 40,
      style: { fontFamily: 'Helvetica, Arial, sans-serif', fontSize: '12px', color: ink },
      x: {
        type: 'log',
        base: 2,
        ticks: [...new Set(shown.flatMap(({ values }) => values))],
        tickFormat: (value: number) => String(value),
        label: cost === 'bytes' ? axes[along] : null,
        labelAnchor: 'center',
        labelArrow: 'none',
      },
      y: {
        type: 'log',
        grid: true,
        ticks: 4,
        tickFormat: '~s',
        label: cost === 'ms' ? 'time, ms' : 'memory, MiB',
        labelAnchor: 'center',
        labelArrow: 'none',
      },
      marks,
    });
  }
}
