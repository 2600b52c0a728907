import { stat } from 'node:fs/promises';
import type { Manifest } from '@sshn/model';
import { readModelFile } from '@sshn/model/node';
import { type ModelName, modelNames } from '../src/models.js';
import { modelPath } from '../src/node/index.js';

/** What each model is for, and what its images are. */
const purposes: Readonly<Record<ModelName, string>> = {
  cells: 'Finds white blood cells in stained smears, in color. Trained on generated smears.',
  ultrasound:
    'Finds the lumen and the wall of vessels cut across in B-mode ultrasound. Trained on generated frames with speckle, shadow and layers.',
  volumes:
    'Finds solid and hollow blobs in volumes. Trained on generated volumes: a model to try 3D with, not to use.',
  registration:
    'Aligns two grey images of one anatomy. Trained on generated subjects, each deformed by a smooth map; Dice is that of their labels.',
};

/** φ that cards tell of. */
const shown = [0, 0.1, 0.2, 0.3, 0.4, 0.5];

/** The model cards, made from the files: Markdown. */
export async function modelCards(): Promise<string> {
  const cards = await Promise.all(
    modelNames.map(async (name) => {
      const path = modelPath(name);
      const { manifest, params } = await readModelFile(path);
      for (const tensor of params.values()) tensor.dispose();
      return cardOf(name, manifest, (await stat(path)).size);
    }),
  );
  return cards.join('\n\n');
}

function cardOf(name: ModelName, manifest: Manifest, bytes: number): string {
  const { task, network, method, prior, preprocessing, labels, provenance, accuracyCost } = manifest;
  const { size, channels } = preprocessing;
  const { features, stages } = network.options;
  const rows = accuracyCost.filter(({ factor }) => typeof factor === 'number' && shown.includes(factor));
  const range = prior.kind === 'uniform' ? `φ from ${prior.low} to ${prior.high}` : '';
  const hidden = 'hypernetwork' in method ? method.hypernetwork.hidden.join(', ') : '';
  const facts: ReadonlyArray<readonly [string, string]> = [
    ['task', task],
    [
      'images',
      `${[...size].reverse().join(' × ')}, ${channels === 1 ? 'grey' : 'RGB'}, intensities in [0, 1]`,
    ],
    ['labels', labels.map((label) => label.name).join(', ')],
    [
      'network',
      `${network.architecture}, ${Array.isArray(features) ? `features ${features.join(', ')}` : `${String(features)} features, ${String(stages)} stages`}; hypernetwork of ${hidden} units; ${range}`,
    ],
    ['trained on', `${provenance.dataset}, seed ${provenance.seed}; \`scripts/models.ts\``],
    ['file', `${(bytes / 1e6).toFixed(2)} MB`],
    ['license', 'Apache-2.0, as the package: no image of anybody was used'],
  ];
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [
    `### ${name}`,
    '',
    purposes[name],
    '',
    line(['', '']),
    line(['---', '---']),
    ...facts.map(line),
    '',
    line(['φ', ...rows.map(({ factor }) => String(factor))]),
    line(['---', ...rows.map(() => '---')]),
    line(['Dice', ...rows.map(({ dice }) => dice!.toFixed(3))]),
    line(['MFLOPs', ...rows.map(({ gflops }) => (1000 * gflops!).toFixed(1))]),
  ].join('\n');
}
