import { type CurvePoint, cheapestWithin } from '../pareto/curve.js';
import { costText, diceText, phiText } from '../text/numbers.js';
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
    return html`<p>Dice is defined at none of these factors: the images hold no foreground.</p>`;
  }
  const saved = 1 - thrifty.gflops / best.gflops;
  return html`<dl class="tiles">
${tile('Highest Dice', best, `${costText(best.gflops)} GFLOPs, ${costText(best.milliseconds)} ms`)}
${tile(`Cheapest within ${margin} of it`, thrifty, `${costText(thrifty.gflops)} GFLOPs, ${percent(saved)} fewer`)}
${tile('Cheapest of all', cheapest, `${costText(cheapest.gflops)} GFLOPs, ${costText(cheapest.milliseconds)} ms`)}
</dl>`;
}

function tile(name: string, { factor, dice }: CurvePoint, text: string): Html {
  return html`<div class="tile"><dt>${name}</dt><dd><span class="figure">${diceText(dice)}</span><br>at ${phiText(factor)}: ${text}</dd></div>`;
}

function percent(share: number): string {
  return `${Math.round(100 * share)} %`;
}
