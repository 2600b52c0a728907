import type { Image, LabelMap } from '@sshn/data';
import { labelColor } from '../plots/palette.js';
import { diceText, phiText } from '../text/numbers.js';
import { type Html, html } from './html.js';
import { picture } from './picture.js';

/** What a network makes of one image at several factors. */
export interface OverlayRow {
  readonly id: string;
  readonly image: Image;
  readonly truth: LabelMap;
  readonly predictions: ReadonlyArray<{
    readonly factor: number;
    readonly labels: LabelMap;
    /** Mean over the foreground labels of this image. */
    readonly dice: number;
  }>;
}

/** Images, truth and predictions side by side, with a legend of the label colors. */
export function overlaysSection(
  rows: readonly OverlayRow[],
  labelNames: readonly string[],
  split: string,
): Html {
  const factors = rows[0]?.predictions.map(({ factor }) => factor) ?? [];
  const head = ['image', 'truth', ...factors.map((factor) => phiText(factor))];
  const isFlat = rows.every(({ image }) => image.size.length === 2);
  return html`<section aria-labelledby="predictions">
<h2 id="predictions">Predictions on ${split} images</h2>
<p class="muted">Predictions in color; the line is the border of the truth${isFlat ? '' : '; the middle slice of each volume'}. Below each: Dice of that image.</p>
<ul class="legend">${labelNames.slice(1).map((name, i) => html`<li>${swatch(labelColor(i + 1))}${name}</li>`)}</ul>
<div class="scroll" tabindex="0" role="region" aria-labelledby="predictions">
<table class="overlays">
<thead><tr>${head.map((word) => html`<th scope="col">${word}</th>`)}</tr></thead>
<tbody>${rows.map(overlayRow)}</tbody>
</table>
</div>
</section>`;
}

function overlayRow({ id, image, truth, predictions }: OverlayRow): Html {
  return html`<tr>
<td>${picture(image, undefined, undefined, `Image ${id}`)}${id}</td>
<td>${picture(image, truth, undefined, `True labels of image ${id}`)}</td>
${predictions.map(({ factor, labels, dice }) => {
  const text = `Prediction for image ${id} at ${phiText(factor)}, Dice ${diceText(dice)}`;
  return html`<td>${picture(image, labels, truth, text)}${diceText(dice)}</td>`;
})}
</tr>
`;
}

function swatch([red, green, blue]: readonly [number, number, number]): Html {
  return html`<span class="swatch" style="background: rgb(${red} ${green} ${blue})"></span>`;
}
