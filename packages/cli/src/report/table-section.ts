import type { CurvePoint } from '../pareto/curve.js';
import { costText, diceText, factorText } from '../text/numbers.js';
import { type Html, html } from './html.js';

/** Every factor with its numbers; the Pareto front is marked in words. */
export function tableSection(points: readonly CurvePoint[]): Html {
  const labels = Object.keys(points[0]?.diceByLabel ?? {});
  const front = points.filter(({ isOnFront }) => isOnFront).length;
  const head = [
    'φ',
    'Dice',
    ...labels.map((label) => `Dice ${label}`),
    'GFLOPs',
    'ms',
    'undefined cases',
    'Pareto front',
  ];
  return html`<section aria-labelledby="numbers">
<h2 id="numbers">The numbers</h2>
<p class="muted">${front} of ${points.length} factors are on the Pareto front: no other reaches as much Dice with as few FLOPs. Undefined cases are pairs of an image and a label without a Dice, absent from both prediction and truth; they are left out of the means.</p>
<div class="scroll results" tabindex="0" role="region" aria-labelledby="numbers">
<table>
<thead><tr>${head.map((word) => html`<th scope="col">${word}</th>`)}</tr></thead>
<tbody>
${points.map((point) => row(point, labels))}</tbody>
</table>
</div>
</section>`;
}

function row(point: CurvePoint, labels: readonly string[]): Html {
  const cells = [
    diceText(point.dice),
    ...labels.map((label) => diceText(point.diceByLabel[label])),
    costText(point.gflops),
    costText(point.milliseconds),
    point.undefinedCases,
    point.isOnFront ? 'on it' : '',
  ];
  return html`<tr data-row><th scope="row">${factorText(point.factor)}</th>${cells.map((cell) => html`<td>${cell}</td>`)}</tr>
`;
}
