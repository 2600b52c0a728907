import * as Plot from '@observablehq/plot';
import { settingText } from '@sshn/model';
import type { CascadePoint, FactorResult } from '@sshn/training';
import type { SurenessReport } from '../pareto/sureness.js';
import { type Drawing, draw, type Palette, pagePalette } from '../plots/draw.js';
import { costText, diceText } from '../terminal/text.js';
import { type Html, html, raw } from './html.js';

const names = {
  disagreement: 'disagreement of settings',
  softmax: 'softmax of one setting',
  entropy: 'its entropy',
  flips: 'flips of the image',
} as const;

const flipText = (axes: readonly number[]) =>
  `flipped along ${axes.length === 1 ? 'axis' : 'axes'} ${axes.map((axis) => axis + 1).join(' and ')}`;

/** How sure the network is of its answers, and what a cascade saves. @param measured Single settings on the same images. */
export function surenessSection(report: SurenessReport, measured: readonly FactorResult[]): Html {
  const { images, split, methods, cascadeOf } = report;
  const rungs = cascadeOf.rungs
    .map((rung) => `${settingText(rung)}${rung.flipped === undefined ? '' : ` (${flipText(rung.flipped)})`}`)
    .join('; ');
  const ofMean = cascadeOf.answer === 'mean' ? ', whose mean is also the answer' : '';
  const isCascade = cascadeOf.rungs.length > 1;
  return html`<section aria-labelledby="sure">
<h2 id="sure">How sure it is</h2>
<p class="muted">The Dice of an image is predicted without its truth, from how far the labels agree with the mean probabilities of ${isCascade ? `these settings (φ): ${rungs}${ofMean}` : 'the network’s one setting'}. The lines behind it were fitted to ${cascadeOf.images} validation images; the figures are of ${images} ${split} images.</p>
<div class="scroll" tabindex="0" role="region" aria-labelledby="sure">
<table>
<thead><tr>${['told by', 'answer at φ', 'GFLOPs', 'Dice', 'wrong pixels', 'retention area', 'r', 'mean error'].map((word) => html`<th scope="col">${word}</th>`)}</tr></thead>
<tbody>
${methods.map(
  (one) =>
    html`<tr><th scope="row">${names[one.name]}</th>${[
      settingText(one.place),
      costText(one.gflops),
      diceText(one.dice),
      percent(one.errorRate),
      number(one.area, 3),
      number(one.r, 3),
      number(one.meanAbsoluteError, 4),
    ].map((cell) => html`<td>${cell}</td>`)}</tr>
`,
)}</tbody>
</table>
</div>
<p class="muted below">Each way is the most accurate that costs no more than all settings of the first row together (or the cheapest there is). Retention area: errors left as the least sure pixels are corrected, over those in a random order; smaller is better, and the share of wrong pixels is the least there can be. r and mean error are between predicted and true Dice of the images.</p>
<div class="plots">
${figure(predictionPlot(report.predictions, pagePalette), `Predicted against true Dice of each image, at φ = ${settingText(cascadeOf.rungs.at(-1)!)}.`)}
${
  isCascade
    ? figure(
        cascadePlot(report, measured, pagePalette),
        'Mean Dice against mean cost of a cascade, which goes on to the next setting until it predicts the Dice that is asked for, beside single settings. Dashed: if it knew the true Dice of each image.',
      )
    : ''
}
</div>
${isCascade ? cascadeText(report) : ''}
</section>`;
}

/** What the cascade saves, asked for what saves most on validation images. */
function cascadeText({ chosen, single }: SurenessReport): Html {
  if (chosen.answered[0] === 1)
    return html`<p>On the validation images no Dice could be asked for at which the cascade costs less than a single setting that is as accurate.</p>`;
  const saved = single === null ? undefined : 1 - chosen.gflops / single;
  const beside =
    saved === undefined
      ? 'No single setting reaches that.'
      : `A single setting of that Dice costs ${costText(single!)}: the cascade takes ${percent(Math.abs(saved))} ${saved >= 0 ? 'less' : 'more'}.`;
  return html`<p>Asked for a Dice of ${number(chosen.asked, 2)}, with which it saves most on validation images, the cascade reaches ${diceText(chosen.dice)} with ${costText(chosen.gflops)} GFLOPs on average. ${beside} Its settings answer ${chosen.answered.map(percent).join(', ')} of the images.</p>`;
}

function figure({ svg }: Drawing, caption: string): Html {
  return html`<figure><div role="img" aria-label="${caption}">${raw(svg)}</div><figcaption>${caption}</figcaption></figure>`;
}

const size = { width: 540, height: 370, marginLeft: 64, marginBottom: 44, marginRight: 20 } as const;

const axis = (label: string) => ({ label, labelAnchor: 'center', labelArrow: 'none', ticks: 6 }) as const;

const styleOf = (palette: Palette) => ({
  fontFamily: 'Helvetica, Arial, sans-serif',
  fontSize: '12px',
  color: palette.ink,
});

/** A point for each image, and the line of those that are predicted as they are. */
function predictionPlot(
  predictions: ReadonlyArray<readonly [predicted: number, dice: number]>,
  palette: Palette,
): Drawing {
  const points = predictions.filter((pair) => !pair.some(Number.isNaN));
  const low = Math.floor(10 * Math.min(0.9, ...points.flat())) / 10;
  const domain = [low, 1];
  return draw({
    ...size,
    style: styleOf(palette),
    x: { ...axis('predicted Dice'), domain },
    y: { ...axis('Dice'), domain },
    marks: [
      Plot.gridX({ stroke: palette.grid, strokeOpacity: 1, ticks: 6 }),
      Plot.gridY({ stroke: palette.grid, strokeOpacity: 1, ticks: 6 }),
      Plot.line(
        [
          [low, low],
          [1, 1],
        ],
        { stroke: palette.muted, strokeDasharray: '2 3' },
      ),
      Plot.dot(points, { fill: palette.curves[0]!, fillOpacity: 0.6, r: 3.2 }),
    ],
  });
}

/** Mean Dice against mean cost: of a cascade, dashed if it knew the truth, and of single settings. */
export function cascadePlot(
  { cascade, ideal, chosen }: SurenessReport,
  measured: readonly FactorResult[],
  palette: Palette,
): Drawing {
  const [points, best] = [cascade, ideal].map((all) =>
    all.filter(({ dice }) => !Number.isNaN(dice)).toSorted((a, b) => a.gflops - b.gflops),
  ) as [CascadePoint[], CascadePoint[]];
  const singles = measured
    .filter(({ dice }) => !Number.isNaN(dice))
    .sort((a, b) => a.gflops - b.gflops)
    .map(({ gflops, dice }) => ({ gflops, dice }));
  const [blue, orange] = palette.curves as [string, string];
  const at = { x: 'gflops', y: 'dice' } as const;
  const dices = singles.map(({ dice }) => dice);
  return draw({
    ...size,
    style: styleOf(palette),
    x: { ...axis('mean GFLOPs per image'), type: 'log', tickFormat: (cost: number) => `${cost}` },
    y: {
      ...axis('mean Dice'),
      domain: [
        Math.min(...dices, ...points.map(({ dice }) => dice)),
        Math.max(...dices, ...points.map(({ dice }) => dice)) + 0.005,
      ],
    },
    marks: [
      Plot.gridX({ stroke: palette.grid, strokeOpacity: 1, ticks: 6 }),
      Plot.gridY({ stroke: palette.grid, strokeOpacity: 1, ticks: 6 }),
      Plot.line(singles, { ...at, stroke: blue, strokeWidth: 1.2 }),
      Plot.dot(singles, { ...at, fill: blue, r: 2.6 }),
      Plot.line(best, { ...at, stroke: orange, strokeWidth: 1.2, strokeDasharray: '3 3' }),
      Plot.line(points, { ...at, stroke: orange, strokeWidth: 2 }),
      Plot.dot([chosen], { ...at, fill: orange, stroke: palette.background, r: 5, symbol: 'diamond' }),
      Plot.text(singles.slice(0, 1), {
        ...at,
        text: () => 'single settings',
        fill: blue,
        dx: 10,
        textAnchor: 'start',
      }),
      Plot.text([chosen], { ...at, text: () => 'cascade', fill: orange, dx: -8, dy: -8, textAnchor: 'end' }),
    ],
  });
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}

function number(value: number, digits: number): string {
  return Number.isNaN(value) ? '–' : value.toFixed(digits);
}
