import { writeFileAtomic } from '@sshn/model/node';
import type { Registered } from '@sshn/predict';
import type { RegistrationObjective } from '@sshn/registration';
import { alignmentNames, alignmentPictures } from '../report/alignment.js';
import { html, raw } from '../report/html.js';
import { style } from '../report/style.js';

/** What the page of a registration tells. */
export interface RegistrationReport extends Omit<Registered, 'field'> {
  readonly movingPath: string;
  readonly fixedPath: string;
  readonly objective: RegistrationObjective;
}

/** Writes a page that needs nothing else about the registration of two images. @throws {FileError} if that fails. */
export async function writeRegistrationReport(path: string, report: RegistrationReport): Promise<void> {
  await writeFileAtomic(path, registrationPage(report));
}

/** The page of a registration. */
export function registrationPage({
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
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<style>${raw(style)}</style>
</head>
<body>
<header><h1>${title}</h1></header>
<main>
<section aria-labelledby="pictures">
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
</section>
</main>
</body>
</html>
`.text;
}
