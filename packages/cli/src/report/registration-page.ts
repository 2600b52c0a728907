import { rangeOf } from '@sshn/core';
import type { Image } from '@sshn/data';
import { writeFileAtomic } from '@sshn/model/node';
import type { Registered } from '@sshn/predict';
import type { RegistrationObjective } from '@sshn/registration';
import { framed } from './frame.js';
import { type Html, html } from './html.js';
import { checkerboard, difference, gridPicture, picture } from './images.js';

/** What the page of a registration shows. */
interface RegistrationReport extends Pick<Registered, 'figures' | 'seen' | 'seenField'> {
  readonly movingPath: string;
  readonly fixedPath: string;
  readonly objective: RegistrationObjective;
}

/** Writes a page that needs nothing else about the registration of two images. @throws {FileError} if that fails. */
export async function writeRegistrationReport(path: string, report: RegistrationReport): Promise<void> {
  await writeFileAtomic(path, registrationPage(report));
}

/** The page of a registration. */
function registrationPage({
  movingPath,
  fixedPath,
  objective,
  figures,
  seen,
  seenField,
}: RegistrationReport): string {
  const title = `${movingPath} onto ${fixedPath}`;
  const { similarity, regularizer, weight, lambda, integrationSteps } = objective;
  const facts: Array<[string, string]> = [
    [
      `${similarity} loss`,
      `${figures.unlikeBefore.toPrecision(4)} before, ${figures.unlikeAfter.toPrecision(4)} after`,
    ],
    ['folded', `${figures.foldedPercent.toFixed(3)} % of the voxels`],
    ['longest displacement', `${figures.longestMm.toFixed(2)} mm (of images without millimeters: pixels)`],
    ['objective', `${similarity} + ${lambda === undefined ? weight : `λ = ${lambda}`} × ${regularizer}`],
    [
      'flow',
      integrationSteps === 0 ? 'a displacement' : `a velocity, integrated in ${integrationSteps} steps`,
    ],
    ['seen at', `${seen.fixed.size.join(' × ')} voxels`],
  ];
  const pictures = alignmentPictures({ ...seen, field: seenField }, 'the pair');
  const main = html`<section aria-labelledby="pictures">
<h2 id="pictures">The images${seen.fixed.size.length === 3 ? ', at their middle slice' : ''}</h2>
<div class="scroll" tabindex="0" role="region" aria-labelledby="pictures">
<table class="overlays">
<thead><tr>${alignmentNames.map((name) => html`<th scope="col">${name}</th>`)}</tr></thead>
<tbody><tr>${pictures.map((one) => html`<td>${one}</td>`)}</tr></tbody>
</table>
</div>
</section>
<section aria-labelledby="figures">
<h2 id="figures">Figures</h2>
<dl class="facts">${facts.map(([name, text]) => html`<dt>${name}</dt><dd>${text}</dd>`)}</dl>
</section>`;
  return framed({ title, main });
}

/** Two images and what a field made of the first: all of one size, the field in its voxels. */
interface Aligned {
  readonly moving: Image;
  readonly fixed: Image;
  readonly moved: Image;
  readonly field: Float32Array;
}

/** Words below the pictures that say which is which. */
const alignmentNames = [
  'moving',
  'fixed',
  'moved, with the deformed grid',
  'difference before',
  'difference after',
  'moved and fixed in turn',
] as const;

/** What a registration did, in pictures, in the order of `alignmentNames`; both differences have one scale. */
function alignmentPictures({ moving, fixed, moved, field }: Aligned, name: string): Html[] {
  const [before, after] = [difference(moving, fixed), difference(moved, fixed)];
  const scale = rangeOf(before.values);
  return [
    picture(moving, undefined, undefined, `Moving image of ${name}`),
    picture(fixed, undefined, undefined, `Fixed image of ${name}`),
    gridPicture(moved, field, `Moved image of ${name}, the deformed grid over it`),
    picture(before, undefined, undefined, `Difference of ${name} before`, scale),
    picture(after, undefined, undefined, `Difference of ${name} after`, scale),
    picture(checkerboard(moved, fixed), undefined, undefined, `Moved and fixed image of ${name} in squares`),
  ];
}
