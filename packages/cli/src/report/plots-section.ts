import type { Prior } from '@sshn/training';
import { type Curve, type CurvePoint, cheapestWithin, movesKnobs } from '../pareto/curve.js';
import { type CostAxis, curvePlot } from '../plots/curve-plot.js';
import { type Drawing, pagePalette } from '../plots/draw.js';
import { costText, diceText } from '../terminal/text.js';
import { type Html, html, jsonScript, raw } from './html.js';
import { millisecondsText, pointText } from './numbers-sections.js';

const widths = { wide: { width: 540, height: 370 }, narrow: { width: 350, height: 290 } } as const;

const captions: Record<CostAxis, string> = {
  factor: 'Dice against the rescaling factor φ.',
  gflops: 'Dice against the FLOPs of one forward pass.',
};

interface PagePlot {
  /** 'factor-wide', the value of `data-plot`. */
  readonly key: string;
  readonly x: CostAxis;
  readonly drawing: Drawing;
}

/** Both plots with the slider that picks one of the points. @param points By default those of the first curve. */
export function plotsSection(
  curves: readonly Curve[],
  trained: Prior,
  points: readonly CurvePoint[] = curves[0]?.points ?? [],
): Html {
  const axes = ['factor', 'gflops'] as const;
  const plots = axes.map((x) => ({ x, sizes: pagePlots(curves, x, trained) }));
  const all = plots.flatMap(({ sizes }) => sizes);
  const chosen = cheapestWithin(points, 0.01);
  return html`<section aria-labelledby="curve">
<h2 id="curve">The curve</h2>
${chooser(points)}
<div class="plots">${plots.map(
    ({ x, sizes }) =>
      html`<figure>${sizes.map(pagePlot)}<figcaption>${captions[x]} ${x === 'factor' && curves.length === 1 ? 'Dashed: each label by itself. ' : ''}Filled: on the front, better than every cheaper one.</figcaption></figure>`,
  )}</div>
${jsonScript('points', {
  start: chosen === undefined ? points.length - 1 : points.indexOf(chosen),
  points: points.map((point) => ({ texts: readings(point, points), places: places(point, all) })),
})}
</section>`;
}

function pagePlots(curves: readonly Curve[], x: CostAxis, trained: Prior): PagePlot[] {
  return Object.entries(widths).map(([name, size]) => ({
    key: `${x}-${name}`,
    x,
    drawing: curvePlot(curves, { x, ...size, palette: pagePalette, trained }),
  }));
}

function pagePlot({ key, x, drawing }: PagePlot): Html {
  const marker = `<circle class="marker" data-plot="${key}" r="7" visibility="hidden"/></svg>`;
  const svg = drawing.svg.replace(/<\/svg>$/, marker);
  return html`<div class="${key.endsWith('wide') ? 'wide' : 'narrow'}" role="img" aria-label="${captions[x]} The table below holds the numbers.">${raw(svg)}</div>`;
}

function chooser(points: readonly CurvePoint[]): Html {
  const names: Array<[string, string]> = [
    ['dice', 'Dice'],
    ...Object.keys(points[0]?.diceByLabel ?? {}).map((label): [string, string] => [`label:${label}`, label]),
    ['gflops', 'GFLOPs'],
    ['milliseconds', 'ms per image'],
    ['cost', 'of the largest cost'],
    ['front', 'front'],
  ];
  return html`<div class="chooser">
<label for="factor"><span>${movesKnobs(points) ? 'Move along the front' : 'Choose a rescaling factor'}: <output for="factor" data-reading="factor"></output></span></label>
<input id="factor" type="range" min="0" max="${Math.max(0, points.length - 1)}" step="1">
<dl class="readings">${names.map(
    ([key, name]) => html`<div><dt>${name}</dt><dd data-reading="${key}"></dd></div>`,
  )}</dl>
</div>`;
}

function readings(point: CurvePoint, points: readonly CurvePoint[]): Record<string, string> {
  const largest = Math.max(...points.map(({ gflops }) => gflops));
  return {
    factor: pointText(point),
    dice: diceText(point.dice),
    ...Object.fromEntries(
      Object.entries(point.diceByLabel).map(([label, dice]) => [`label:${label}`, diceText(dice)]),
    ),
    gflops: costText(point.gflops),
    milliseconds: millisecondsText(point),
    cost: `${Math.round((100 * point.gflops) / largest)} %`,
    front: point.isOnFront ? 'on it' : 'off it',
  };
}

function places(
  point: CurvePoint,
  plots: readonly PagePlot[],
): Record<string, readonly [number, number] | null> {
  const place = ({ x, drawing }: PagePlot) =>
    Number.isNaN(point.dice) || (x === 'factor' && movesKnobs([point]))
      ? null
      : drawing.place(point[x], point.dice);
  return Object.fromEntries(
    plots.map((plot) => {
      const at = place(plot);
      return [plot.key, at === null ? null : ([round(at[0]), round(at[1])] as const)];
    }),
  );
}

function round(pixels: number): number {
  return Math.round(pixels * 10) / 10;
}

/**
 * The script of the report page: the slider moves a ring over the plots and fills in what its factor reaches.
 *
 * Its data are the JSON of `#points`: texts of every point, and its place in every plot by the plot's `data-plot`.
 */
export const chooserScript = `
const { points, start } = JSON.parse(document.getElementById('points').textContent);
const slider = document.getElementById('factor');
const rows = document.querySelectorAll('[data-row]');
function choose(index) {
  const point = points[index];
  slider.value = index;
  slider.setAttribute('aria-valuetext', point.texts.factor);
  for (const [name, text] of Object.entries(point.texts)) {
    for (const element of document.querySelectorAll('[data-reading="' + name + '"]')) element.textContent = text;
  }
  for (const marker of document.querySelectorAll('.marker')) {
    const place = point.places[marker.dataset.plot];
    marker.setAttribute('visibility', place ? 'visible' : 'hidden');
    if (place) { marker.setAttribute('cx', place[0]); marker.setAttribute('cy', place[1]); }
  }
  rows.forEach((row, i) => row.classList.toggle('chosen', i === index));
}
slider.addEventListener('input', () => choose(Number(slider.value)));
rows.forEach((row, i) => row.addEventListener('click', () => choose(i)));
document.documentElement.classList.add('scripted');
choose(start);
`;
