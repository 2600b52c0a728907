import * as Plot from '@observablehq/plot';
import { type Drawing, draw, type Palette } from '../../plots/draw.js';
import type { SplitName } from '../plan.js';
import { type DoneCell, deviationOf, groupName, meanOf, selected } from '../statistics.js';
import { legend, legendHeight } from './legend.js';

/** A structure: one label, or a left and a right one. */
interface Structure {
  readonly name: string;
  readonly labels: readonly string[];
  /** Mean pixels in an image, of all its labels. */
  readonly size: number;
}

/** Pixels that a letter of a slanted name takes, to the left and down. */
const [across, down] = [4.9, 4.1];

/** At most so many bars for a structure. */
const mostBars = 6;

/**
 * Dice of every structure as bars, the smallest structure first: a bar for each training and factor.
 *
 * @returns Undefined where nothing says how large structures are, or how well they are found.
 *
 * *Source*: the paper, figure 4.
 */
export function structuresPlot(
  done: readonly DoneCell[],
  split: SplitName,
  palette: Palette,
): Drawing | undefined {
  const structures = structuresOf(done);
  if (structures.length === 0) return undefined;
  const bars = barsOf(done, split);
  const points = structures.flatMap(({ name, labels, size }) =>
    bars.flatMap(({ name: bar, rows }) => {
      const dice = rows.map((row) => meanOf(labels.flatMap((label) => defined(row.diceByLabel[label]))));
      const known = dice.filter((value) => !Number.isNaN(value));
      if (known.length === 0) return [];
      const [mean, deviation] = [meanOf(known), deviationOf(known)];
      const spread = Number.isNaN(deviation) ? 0 : deviation;
      const structure = `${name} (${sizeText(size)})`;
      return [{ structure, bar, mean, low: Math.max(0, mean - spread), high: Math.min(1, mean + spread) }];
    }),
  );
  if (points.length === 0) return undefined;
  const names = bars.map(({ name }) => name);
  const order = structures
    .map(({ name, size }) => `${name} (${sizeText(size)})`)
    .filter((structure) => points.some((point) => point.structure === structure));
  const color = (name: string) => palette.curves[names.indexOf(name) % palette.curves.length]!;
  const entries = names.map((name) => ({ name, color: color(name) }));
  const band = 14 + 9 * names.length;
  const width = Math.max(640, 90 + order.length * band);
  return draw({
    width,
    height: 420,
    marginLeft: Math.max(58, ...order.map((text, i) => across * text.length - i * band)),
    marginBottom: 24 + down * Math.max(...order.map((text) => text.length)),
    marginTop: 12 + legendHeight(entries, width - 70),
    style: { fontFamily: 'Helvetica, Arial, sans-serif', fontSize: '12px', color: palette.ink },
    x: { axis: null, domain: names, padding: 0.05 },
    y: { label: 'Dice', labelAnchor: 'center', labelArrow: 'none', domain: [0, 1], ticks: 6 },
    fx: { label: null, domain: order, padding: 0.18 },
    marks: [
      Plot.gridY({ stroke: palette.grid, strokeOpacity: 1, ticks: 6 }),
      Plot.barY(points, {
        fx: 'structure',
        x: 'bar',
        y: 'mean',
        fill: (point) => color(point.bar),
        title: (point) => `${point.structure}, ${point.bar}: Dice ${point.mean.toFixed(4)}`,
      }),
      Plot.ruleX(points, {
        fx: 'structure',
        x: 'bar',
        y1: 'low',
        y2: 'high',
        stroke: palette.ink,
        strokeWidth: 1,
      }),
      Plot.ruleY([0], { stroke: palette.ink }),
      Plot.axisFx({ anchor: 'bottom', label: null, tickRotate: -40, textAnchor: 'end', dy: 4, tickSize: 0 }),
      ...legend(entries, { width: width - 70, palette }),
    ],
  });
}

function defined(value: number | undefined): number[] {
  return value === undefined || Number.isNaN(value) ? [] : [value];
}

function sizeText(size: number): string {
  return size >= 100 ? size.toFixed(0) : size.toPrecision(2);
}

/** What is before or behind the name of a structure that has a left and a right side. */
const side = /^(left|right|l|r|lh|rh|ctx-lh|ctx-rh)[-_. ]+|[-_. ]+(left|right|l|r|lh|rh)$/i;

/** The structures of the labels, the smallest first. */
export function structuresOf(done: readonly DoneCell[]): Structure[] {
  const sizes = done.find(({ found }) => found.labelSizes !== undefined)?.found.labelSizes ?? {};
  const byName = new Map<string, { labels: string[]; size: number }>();
  for (const [label, size] of Object.entries(sizes)) {
    const bare = label.replace(side, '');
    const isSided = Object.keys(sizes).some((other) => other !== label && other.replace(side, '') === bare);
    const name = isSided ? bare : label;
    const known = byName.get(name) ?? { labels: [], size: 0 };
    byName.set(name, { labels: [...known.labels, label], size: known.size + size });
  }
  return [...byName].map(([name, one]) => ({ name, ...one })).sort((a, b) => a.size - b.size);
}

/** A bar for each training and factor; where they are too many, some factors of the range. */
function barsOf(done: readonly DoneCell[], split: SplitName) {
  const bars = new Map<string, Array<ReturnType<typeof selected>[number]>>();
  for (const one of done) {
    for (const row of selected(one, { split })) {
      const name = `${groupName(one.cell)}, φ = ${row.factor}`;
      bars.set(name, [...(bars.get(name) ?? []), row]);
    }
  }
  const all = [...bars].map(([name, rows]) => ({ name, rows }));
  if (all.length <= mostBars) return all;
  return Array.from(
    { length: mostBars },
    (_, i) => all[Math.round((i * (all.length - 1)) / (mostBars - 1))]!,
  );
}
