import * as Plot from '@observablehq/plot';
import { percentileOf } from '@sshn/core';
import { coefficientsOfVariation, type WeightCurve } from '@sshn/predict';
import { draw, type Palette, svgFile } from '../plots/draw.js';
import { diverging, type Panel, panelsFigure } from './panels.js';

/** How the coefficients of variation of one parameter are spread. */
export interface Variation {
  readonly path: string;
  readonly layer: string;
  /** Numbers in it. */
  readonly count: number;
  readonly mean: number;
  readonly low: number;
  readonly quarter: number;
  readonly median: number;
  readonly threeQuarters: number;
  readonly high: number;
}

/** Coefficients of variation of each parameter: mean, and the 5th, 25th, 50th, 75th and 95th percentile. */
export function variationsOf(curves: readonly WeightCurve[]): Variation[] {
  return curves.map(({ path, layer, values }) => {
    const all = coefficientsOfVariation({ values });
    const at = (percent: number): number => percentileOf(all, percent);
    const finite = all.filter(Number.isFinite);
    const mean = finite.reduce((sum, value) => sum + value, 0) / finite.length;
    const [low, quarter, median, threeQuarters, high] = [at(5), at(25), at(50), at(75), at(95)];
    return { path, layer, count: all.length, mean, low, quarter, median, threeQuarters, high };
  });
}

/** The variations as a table. */
export function variationCsv(variations: readonly Variation[]): string {
  const rows = variations.map((one) =>
    [
      one.path,
      one.count,
      ...[one.mean, one.low, one.quarter, one.median, one.threeQuarters, one.high].map((value) =>
        Number.isFinite(value) ? value.toPrecision(6) : '',
      ),
    ].join(','),
  );
  return ['parameter,numbers,mean,p5,p25,p50,p75,p95', ...rows, ''].join('\n');
}

/**
 * The coefficients of variation of all kernels as boxes over a logarithmic scale, in the order in which layers run.
 *
 * *Source*: the paper, figure 14.
 */
export function variationPlot(variations: readonly Variation[], palette: Palette): string {
  const kernels = variations.filter(({ path }) => path.endsWith('.kernel'));
  const positive = kernels.flatMap((one) =>
    [one.low, one.quarter, one.median, one.threeQuarters, one.high].filter(
      (value) => value > 0 && value < 1e6,
    ),
  );
  // What does not vary lies on the axis.
  const least = positive.length === 0 ? 1e-4 : Math.min(...positive) / 1.5;
  const most = positive.length === 0 ? 1 : Math.max(...positive) * 1.5;
  const at = (value: number): number => Math.min(most, Math.max(least, value));
  const boxes = kernels.map((one) => ({
    layer: one.layer,
    low: at(one.low),
    quarter: at(one.quarter),
    median: at(one.median),
    threeQuarters: at(one.threeQuarters),
    high: at(one.high),
  }));
  const [color] = palette.curves as [string];
  const drawing = draw({
    width: Math.max(420, 90 + 30 * kernels.length),
    height: 380,
    marginLeft: 62,
    marginBottom: 96,
    marginTop: 16,
    style: { fontFamily: 'Helvetica, Arial, sans-serif', fontSize: '12px', color: palette.ink },
    x: {
      type: 'band',
      domain: kernels.map(({ layer }) => layer),
      label: null,
      tickRotate: -45,
      tickSize: 3,
      padding: 0.3,
    },
    y: {
      type: 'log',
      domain: [least, most],
      label: 'coefficient of variation σ / |μ| over φ',
      labelAnchor: 'center',
      labelArrow: 'none',
      ticks: 6,
      tickFormat: (value: number) => String(Number(value.toPrecision(2))),
    },
    marks: [
      Plot.gridY({ stroke: palette.grid, strokeOpacity: 1, ticks: 6 }),
      Plot.ruleX(boxes, { x: 'layer', y1: 'low', y2: 'high', stroke: palette.ink, strokeWidth: 1 }),
      Plot.rect(boxes, { x: 'layer', y1: 'quarter', y2: 'threeQuarters', fill: color, fillOpacity: 0.75 }),
      Plot.tickY(boxes, { x: 'layer', y: 'median', stroke: palette.background, strokeWidth: 2 }),
    ],
  });
  return svgFile(drawing, {
    title: 'Coefficient of variation of the predicted kernels',
    background: palette.background,
  });
}

/** Channels of a layer that are shown: so many, evenly spread. */
export function spreadChannels(count: number, wanted: number): number[] {
  const some = Math.min(count, wanted);
  return Array.from({ length: some }, (_, i) => Math.round((i * (count - 1)) / Math.max(1, some - 1)));
}

/** At most so many numbers of a channel are rows of a map. */
const mostRows = 64;

/**
 * The kernels of some output channels over φ: a row of panels for each layer, in each the numbers of the kernel as rows, φ to the
 * right, and the value as color.
 *
 * *Source*: the paper, figure 15.
 */
export function weightMaps(
  curves: readonly WeightCurve[],
  factors: readonly number[],
  palette: Palette,
): string {
  const kernels = curves.filter(({ path }) => path.endsWith('.kernel'));
  const rows = kernels.map(({ layer, shape, values }) => {
    const out = shape.at(-1)!;
    const panels = spreadChannels(out, 8).map((channel): Panel => {
      const inputs = values[0]!.length / out;
      const shown = spreadChannels(inputs, mostRows);
      const map = new Float64Array(shown.length * factors.length);
      for (const [row, input] of shown.entries())
        for (const column of factors.keys())
          map[row * factors.length + column] = values[column]![input * out + channel]!;
      return { title: `channel ${channel}`, width: factors.length, height: shown.length, values: map };
    });
    const most = Math.max(...panels.flatMap((panel) => Array.from(panel.values, Math.abs)), 1e-12);
    return { label: layer, panels: panels.map((panel) => ({ ...panel, range: [-most, most] as const })) };
  });
  return panelsFigure(rows, {
    title: 'Predicted kernels over the rescaling factor',
    caption: `Rows of a panel: numbers of the kernel. Columns: φ from ${factors[0]} to ${factors.at(-1)}. Blue is below 0, red above, by the largest of a layer.`,
    palette,
    color: diverging,
    cell: { width: 92, height: 76 },
  });
}

/** The kernels of the channels that are drawn, as a table: a row for each number, a column for each factor. */
export function weightsCsv(curves: readonly WeightCurve[], factors: readonly number[]): string {
  const head = ['parameter', 'channel', 'place', ...factors.map((factor) => `φ=${factor}`)].join(',');
  const rows = curves.flatMap(({ path, shape, values }) => {
    const out = shape.at(-1)!;
    return spreadChannels(out, 8).flatMap((channel) =>
      spreadChannels(values[0]!.length / out, mostRows).map((place) =>
        [path, channel, place, ...values.map((at) => at[place * out + channel]!.toPrecision(6))].join(','),
      ),
    );
  });
  return [head, ...rows, ''].join('\n');
}
