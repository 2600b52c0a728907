import * as Plot from '@observablehq/plot';
import { settingText } from '@sshn/model';
import type { Prior } from '@sshn/training';
import { type Curve, type CurvePoint, movesKnobs } from '../pareto/curve.js';
import { legend, legendRow, legendRows, letter, symbols } from './curve-legend.js';
import { factorTexts, labelMarks, longestLabel } from './curve-texts.js';
import { type Drawing, draw, type Palette, paperPalette } from './draw.js';

/** Room for the ticks and the name of the vertical axis, in pixels. */
const marginLeft = 64;

/** What is on the horizontal axis. */
export type CostAxis = 'factor' | 'gflops';

/** How to draw curves. */
export interface CurvePlotOptions {
  readonly x: CostAxis;
  /** In pixels. @default 640 */
  readonly width?: number;
  /** In pixels. @default 400 */
  readonly height?: number;
  /** @default paperPalette */
  readonly palette?: Palette;
  /** The factors of training: shown over `factor` where they are not all the factors drawn. */
  readonly trained?: Prior;
}

/**
 * Draws Dice against the rescaling factor or against the cost in GFLOPs, the front filled and the rest hollow.
 *
 * Curves that move more knobs than the factor are drawn over `gflops` alone.
 *
 * With one curve, the Dice of every label is drawn beside the mean over `factor`; over `gflops`, factors are written at
 * some points.
 *
 * @example
 * const { svg } = curvePlot(curvesOf([{ name: 'SSHN', results }]), { x: 'gflops' });
 */
export function curvePlot(all: readonly Curve[], options: CurvePlotOptions): Drawing {
  const { x, width = 640, height = 400, palette = paperPalette, trained } = options;
  // Points that differ in other knobs too have no place over the factor; they come last, so that the others keep their colors.
  const curves = x === 'factor' ? all.filter(({ points }) => !movesKnobs(points)) : all;
  const points = curves.flatMap((curve) => curve.points);
  // Knobs span costs of several powers of two.
  const isWide = x === 'gflops' && movesKnobs(points);
  const withLabels = x === 'factor' && curves.length === 1;
  const rows = legendRows(curves, width - marginLeft - 8);
  const right = rightMargin(curves, x);
  const ticks = isWide
    ? logTicks(points.map(({ gflops }) => gflops))
    : tickCount(
        points.map((point) => point[x]),
        width - marginLeft - right,
      );
  return draw({
    width,
    height,
    marginLeft,
    marginBottom: 44,
    marginTop: 12 + legendRow * rows.length,
    marginRight: right,
    style: { fontFamily: 'Helvetica, Arial, sans-serif', fontSize: '12px', color: palette.ink },
    x: {
      ...(isWide ? ({ type: 'log', tickFormat: (cost: number) => `${cost}` } as const) : {}),
      label: x === 'factor' ? 'rescaling factor φ' : 'GFLOPs per image',
      labelAnchor: 'center',
      labelArrow: 'none',
      insetLeft: 8,
      insetRight: 8,
      ticks,
      ...roomAround(points.map((point) => point[x])),
    },
    y: {
      label: 'Dice',
      labelAnchor: 'center',
      labelArrow: 'none',
      insetTop: 8,
      // Room for the name of a point on the lowest line.
      insetBottom: x === 'gflops' ? 22 : 12,
      ticks: 6,
      ...roomAround(
        points.flatMap(({ dice, diceByLabel }) =>
          withLabels ? [dice, ...Object.values(diceByLabel)] : dice,
        ),
      ),
    },
    marks: [
      Plot.gridX({ stroke: palette.grid, strokeOpacity: 1, ticks }),
      Plot.gridY({ stroke: palette.grid, strokeOpacity: 1, ticks: 6 }),
      ...(x === 'factor' && trained !== undefined ? trainedMarks(trained, curves, palette) : []),
      ...(withLabels ? labelMarks(curves[0]!, { palette, pixels: height - 93 }) : []),
      ...(curves.length === 1 && x === 'gflops'
        ? [factorTexts(curves[0]!, { palette, width: width - 128, height: height - 93 })]
        : []),
      ...curves.flatMap((curve, which) => curveMarks(curve, which, options, palette)),
      ...legend(rows, palette),
    ],
  });
}

function curveMarks(
  curve: Curve,
  which: number,
  { x, width = 640 }: CurvePlotOptions,
  palette: Palette,
): Plot.Markish[] {
  const color = palette.curves[which % palette.curves.length]!;
  const symbol = symbols[which % symbols.length]!;
  const drawn = curve.points.filter(({ dice }) => !Number.isNaN(dice));
  const dots = (points: readonly CurvePoint[], style: Plot.DotOptions): Plot.Markish =>
    Plot.dot(points, {
      x,
      y: 'dice',
      r: width < 480 ? 2.4 : 3.2,
      symbol,
      title: (point: CurvePoint) => describePoint(curve.name, point),
      ...style,
    });
  return [
    ...band(curve, x, color),
    ...(curve.isJoined ? [Plot.line(drawn, { x, y: 'dice', stroke: color, strokeWidth: 1.5 })] : []),
    dots(
      drawn.filter(({ isOnFront }) => !isOnFront),
      { stroke: color, fill: palette.background, strokeWidth: 1.1 },
    ),
    dots(
      drawn.filter(({ isOnFront }) => isOnFront),
      { fill: color, stroke: palette.background, strokeWidth: 0.6 },
    ),
  ];
}

/** Where the mean Dice lies for 95 % of the choices of test images: a band around a line, a bar through a point. */
function band({ points, isJoined }: Curve, x: CostAxis, color: string): Plot.Markish[] {
  const known = points
    .filter(({ interval: [low] }) => !Number.isNaN(low))
    .map((point) => ({ at: point[x], low: point.interval[0], high: point.interval[1] }))
    .sort((a, b) => a.at - b.at);
  const between = { y1: 'low', y2: 'high' } as const;
  return isJoined && known.length > 1
    ? [Plot.areaY(known, { x: 'at', ...between, fill: color, fillOpacity: 0.16 })]
    : [Plot.ruleX(known, { x: 'at', ...between, stroke: color, strokeOpacity: 0.5, strokeWidth: 1.5 })];
}

function trainedMarks(trained: Prior, curves: readonly Curve[], palette: Palette): Plot.Markish[] {
  const text = { fill: palette.muted, frameAnchor: 'bottom', dy: -4, lineAnchor: 'bottom' } as const;
  const factors = curves.flatMap(({ points }) => points.map(({ factor }) => factor));
  if (trained.kind === 'constant') {
    const { factor } = trained;
    if (typeof factor !== 'number') return []; // Separate factors have no place on the axis.
    const isOnRight = factor > (Math.min(...factors) + Math.max(...factors)) / 2;
    return [
      Plot.ruleX([factor], { stroke: palette.muted, strokeDasharray: '2 3' }),
      Plot.text([factor], {
        ...text,
        x: () => factor,
        text: () => 'trained here',
        textAnchor: isOnRight ? 'end' : 'start',
        dx: isOnRight ? -5 : 5,
      }),
    ];
  }
  const { low, high } = trained;
  if (factors.every((factor) => factor >= low && factor <= high)) return [];
  return [
    Plot.rectY([trained], { x1: 'low', x2: 'high', fill: palette.muted, fillOpacity: 0.1 }),
    Plot.text([trained], { ...text, x: () => (low + high) / 2, text: () => 'trained range' }),
  ];
}

/** Round costs within the range: 1, 2, 5 times powers of ten, or the powers alone where there are many. */
function logTicks(costs: readonly number[]): number[] {
  const [low, high] = [Math.min(...costs), Math.max(...costs)];
  const powers = Array.from(
    { length: Math.ceil(Math.log10(high)) - Math.floor(Math.log10(low)) + 1 },
    (_, i) => Math.floor(Math.log10(low)) + i,
  );
  const within = (steps: readonly number[]) =>
    powers
      .flatMap((power) => steps.map((step) => Number(`${step}e${power}`)))
      .filter((tick) => tick >= low && tick <= high);
  const fine = within([1, 2, 5]);
  return fine.length <= 6 ? fine : within([1]);
}

/** As many ticks as their texts have room for. */
function tickCount(values: readonly number[], pixels: number): number {
  const known = values.filter((value) => !Number.isNaN(value));
  const range = Math.max(...known) - Math.min(...known) || 0.1;
  // Digits that tell ticks apart which are an eighth of the range from each other, before and behind the point.
  const behind = Math.max(0, Math.ceil(-Math.log10(range / 8)));
  const before = String(Math.trunc(Math.max(...known, 1))).length;
  return Math.max(2, Math.min(8, Math.floor(pixels / ((before + behind + 3) * letter))));
}

/** A scale's domain where all values are one, which by itself is a domain without ticks. */
function roomAround(values: readonly number[]): { domain?: [number, number] } {
  const [first, ...others] = new Set(values.filter((value) => !Number.isNaN(value)));
  return first === undefined || others.length > 0 ? {} : { domain: [first - 0.05, first + 0.05] };
}

/** Room for what is written to the right of the last point. */
function rightMargin(curves: readonly Curve[], x: CostAxis): number {
  if (curves.length > 1) return 20;
  if (x === 'gflops') return 56;
  const names = Object.keys(curves[0]?.points[0]?.diceByLabel ?? {});
  return 16 + 7 * Math.max(4, ...names.map((name) => Math.min(longestLabel, name.length)));
}

function describePoint(name: string, { dice, gflops, milliseconds, ...place }: CurvePoint): string {
  return `${name}, φ = ${settingText(place)}: Dice ${dice.toFixed(4)}, ${gflops.toFixed(3)} GFLOPs, ${milliseconds.toFixed(1)} ms`;
}
