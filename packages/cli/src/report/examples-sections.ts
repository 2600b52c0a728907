import { rangeOf } from '@sshn/core';
import type { Image, LabelMap } from '@sshn/data';
import { labelColor } from '../plots/draw.js';
import { diceText, phiText } from '../terminal/text.js';
import { type Html, html } from './html.js';
import { difference, gridPicture, picture } from './images.js';

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

/** One pair of images, registered at several factors. */
export interface AlignmentRow {
  readonly id: string;
  readonly moving: Image;
  readonly fixed: Image;
  /** Mean Dice of the labels as they were. */
  readonly before: number;
  readonly results: ReadonlyArray<{
    readonly factor: number;
    readonly moved: Image;
    /** Displacement in voxels, `[...size, rank]`. */
    readonly field: Float32Array;
    readonly dice: number;
    readonly foldedPercent: number;
  }>;
}

/** Pairs side by side: what was moved, what it should be like, and at each factor the moved image under the deformed grid. */
export function alignmentsSection(rows: readonly AlignmentRow[], split: string): Html {
  const factors = rows[0]?.results.map(({ factor }) => factor) ?? [];
  const head = [
    'moving',
    'fixed',
    'difference before',
    ...factors.flatMap((factor) => [phiText(factor), 'difference']),
  ];
  const isFlat = rows.every(({ fixed }) => fixed.size.length === 2);
  return html`<section aria-labelledby="predictions">
<h2 id="predictions">Registrations of ${split} pairs</h2>
<p class="muted">At each φ the moved image, a regular grid of the moving one drawn over it as the field deforms it${isFlat ? '' : ' in the middle slice'}, and how far it is from the fixed image, all differences of a pair on one scale. Below: Dice of the labels, and the share of folded voxels.</p>
<div class="scroll" tabindex="0" role="region" aria-labelledby="predictions">
<table class="overlays">
<thead><tr>${head.map((word) => html`<th scope="col">${word}</th>`)}</tr></thead>
<tbody>${rows.map(alignmentRow)}</tbody>
</table>
</div>
</section>`;
}

function alignmentRow({ id, moving, fixed, before, results }: AlignmentRow): Html {
  const apart = difference(moving, fixed);
  const scale = rangeOf(apart.values);
  return html`<tr>
<td>${picture(moving, undefined, undefined, `Moving image of ${id}`)}${id}</td>
<td>${picture(fixed, undefined, undefined, `Fixed image of ${id}`)}</td>
<td>${picture(apart, undefined, undefined, `Difference of ${id} before`, scale)}${diceText(before)}</td>
${results.map(({ factor, moved, field, dice, foldedPercent }) => {
  const text = `Moved image of ${id} at ${phiText(factor)}, Dice ${diceText(dice)}, the deformed grid over it`;
  return html`<td>${gridPicture(moved, field, text)}${diceText(dice)}, ${foldedPercent.toFixed(2)} % folded</td>
<td>${picture(difference(moved, fixed), undefined, undefined, `Difference of ${id} at ${phiText(factor)}`, scale)}</td>`;
})}
</tr>
`;
}
