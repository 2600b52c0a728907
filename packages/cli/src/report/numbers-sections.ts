import { settingText } from '@sshn/model';
import type { Prior } from '@sshn/training';
import { describeConfig } from '../config/file.js';
import { type CurvePoint, cheapestWithin, imagesOf, movesKnobs } from '../pareto/curve.js';
import { methodNames, type ParetoReport } from '../pareto/report-data.js';
import { bytesText, costText, countText, diceText, factorText, phiText } from '../terminal/text.js';
import { type Html, html } from './html.js';

/** How far below the best Dice a network may be and still count as good as it. */
const margin = 0.01;

/** The figures that a reader looks for first. */
export function tiles(points: readonly CurvePoint[]): Html {
  const defined = points.filter(({ dice }) => !Number.isNaN(dice));
  const best = [...defined].sort((a, b) => b.dice - a.dice)[0];
  const thrifty = cheapestWithin(defined, margin);
  const cheapest = [...defined].sort((a, b) => a.gflops - b.gflops)[0];
  if (best === undefined || thrifty === undefined || cheapest === undefined) {
    return html`<p>Dice is defined at none of these ${nameOf(points)}: the images hold no foreground.</p>`;
  }
  const cost = ({ gflops }: CurvePoint) => `${costText(gflops)} GFLOPs`;
  const saved = 1 - thrifty.gflops / best.gflops;
  return html`<dl class="tiles">
${tile('Highest Dice', best, `${cost(best)}, ${millisecondsText(best)} ms`)}
${tile(`Cheapest within ${margin} of it`, thrifty, `${cost(thrifty)}, ${percent(saved)} fewer`)}
${tile('Cheapest of all', cheapest, `${cost(cheapest)}, ${millisecondsText(cheapest)} ms`)}
</dl>`;
}

/** A setting as the page names it: `φ = 0.25, width 0.5`. */
export function pointText({ factor, width = 1, resolution = 1 }: CurvePoint): string {
  return `${phiText(factor)}${settingText({ factor: [], width, resolution })}`;
}

function tile(name: string, point: CurvePoint, text: string): Html {
  return html`<div class="tile"><dt>${name}</dt><dd><span class="figure">${diceText(point.dice)}</span><br>at ${pointText(point)}: ${text}</dd></div>`;
}

function percent(share: number): string {
  return `${Math.round(100 * share)} %`;
}

/** The median time of a forward pass, with the quartiles where they are known. */
export function millisecondsText({ milliseconds, millisecondsQuartiles: quartiles }: CurvePoint): string {
  const median = costText(milliseconds);
  return quartiles === undefined ? median : `${median} (${quartiles.map(costText).join('–')})`;
}

/** Every setting with its numbers, the front marked in words. @param ofFactor Where others are shown, those of the factor alone. @default none */
export function tableSection(points: readonly CurvePoint[], ofFactor: readonly CurvePoint[] = []): Html {
  const labels = Object.keys(points[0]?.diceByLabel ?? {});
  const images = imagesOf(points);
  const front = points.filter(({ isOnFront }) => isOnFront).length;
  const withKnobs = movesKnobs(points);
  const head = [
    'φ',
    ...(withKnobs ? ['width', 'resolution'] : []),
    'Dice',
    ...labels.map((label) => `Dice ${label}`),
    'GFLOPs',
    points.some(({ millisecondsQuartiles }) => millisecondsQuartiles !== undefined) ? 'ms (quartiles)' : 'ms',
    'undefined cases',
    'front',
  ];
  return html`<section aria-labelledby="numbers">
<h2 id="numbers">The numbers</h2>
<p class="muted">${front} of ${points.length} ${nameOf(points)} are on the front: each reaches more Dice than every cheaper one${images === undefined || images < 2 ? '' : `, by more than the choice of the ${images} images explains (bootstrap, 95 %)`}. Undefined cases are pairs of an image and a label without a Dice, absent from both prediction and truth; they are left out of the means.${ofFactor.length === 0 ? '' : ' Below the front: the factor alone, at full width and resolution.'}</p>
<div class="scroll results" tabindex="0" role="region" aria-labelledby="numbers">
<table>
<thead><tr>${head.map((word) => html`<th scope="col"${word === 'width' || word === 'resolution' ? html` class="knob"` : ''}>${word}</th>`)}</tr></thead>
<tbody>
${points.map((point) => row(point, labels, withKnobs, html` data-row`))}${ofFactor.map((point) => row(point, labels, withKnobs, html``))}</tbody>
</table>
</div>
</section>`;
}

function nameOf(points: readonly CurvePoint[]): string {
  return movesKnobs(points) ? 'settings' : 'factors';
}

function row(point: CurvePoint, labels: readonly string[], withKnobs: boolean, mark: Html): Html {
  const { width = 1, resolution = 1 } = point;
  const cells = [
    ...(withKnobs ? [width, resolution] : []),
    diceText(point.dice),
    ...labels.map((label) => diceText(point.diceByLabel[label])),
    costText(point.gflops),
    millisecondsText(point),
    point.undefinedCases,
    point.isOnFront ? 'on it' : '',
  ];
  return html`<tr${mark}><th scope="row">${factorText(point.factor)}</th>${cells.map((cell) => html`<td>${cell}</td>`)}</tr>
`;
}

/** What was trained and measured, on what, with what: enough to do it again. */
export function runSection(report: ParetoReport): Html {
  const { run, data, checkpoint, parameters, environment, activations, arithmetic, points } = report;
  const { prior } = run;
  const { patches } = report.config;
  const input = patches === undefined ? 'image' : `patch of ${patches.size.join(' × ')}`;
  const windows = patches === undefined ? '' : ', predicted in overlapping windows of a patch';
  const times = points.map(({ milliseconds }) => milliseconds);
  const peaks = activations.map(({ factor, bytes }) => `${bytesText(bytes)} at ${phiText(factor)}`);
  const facts: Array<[string, string]> = [
    ['method', methodNames[run.method]],
    ['φ while training', trainedAt(prior)],
    ['network', `${run.architecture}, ${countText(parameters.network)} parameters at any one φ`],
    ['trained parameters', countText(parameters.trained)],
    ['seed', String(run.seed)],
    ['data', `${data.path}: ${data.images} ${data.split} images, ${data.size.join(' × ')} pixels${windows}`],
    ['checkpoint', `${checkpoint.file}, ${bytesText(checkpoint.bytes)}, SHA-256 ${checkpoint.sha256}`],
    ['activations', `${peaks.join(', ')} (the most at a time, for one ${input})`],
    ['FLOPs', arithmeticText(arithmetic)],
    ['memory', `${bytesText(environment.rssBytes)} for the whole process while measuring`],
    [
      'time',
      `median of a forward pass on one ${input}: ${costText(Math.min(...times))} to ${costText(Math.max(...times))} ms on ${environment.machine}, ${environment.backend}`,
    ],
    ['software', `sshn ${environment.sshn}, tfjs ${environment.tfjs}, Node ${environment.node}`],
    ['measured', environment.measuredAt],
  ];
  return html`<section aria-labelledby="run">
<h2 id="run">The run</h2>
<dl class="facts">${facts.map(([name, text]) => html`<dt>${name}</dt><dd>${text}</dd>`)}</dl>
<h3>Configuration</h3>
<pre tabindex="0">${describeConfig(report.config)}</pre>
</section>`;
}

/** FLOPs are those of the paper's convention; where a backend needs fewer, both stand here, and why. */
function arithmeticText(arithmetic: ParetoReport['arithmetic']): string {
  const defined = 'of the network as it is defined, as the paper counts them';
  const fewer = arithmetic.filter(({ gflops, joinedGflops }) => joinedGflops < gflops);
  if (fewer.length === 0) return defined;
  const pairs = fewer.map(
    ({ factor, gflops, joinedGflops }) =>
      `${costText(joinedGflops)} of ${costText(gflops)} GFLOPs at ${phiText(factor)}`,
  );
  return `${defined}; with maps of decoders convolved before they are upsampled, as the wasm backend does where it is faster, ${pairs.join(', ')}`;
}

function trainedAt(prior: Prior): string {
  if (prior.kind === 'constant') return [prior.factor].flat().join(', ');
  const range = `uniform in [${prior.low}, ${prior.high}]`;
  return prior.factors === undefined
    ? range
    : `${range}, ${prior.factors} independent of each other, one per downsampling step`;
}
