import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { writeFileAtomic } from '@sshn/model/node';
import { featuresOf, Segmenter, weightsOver } from '@sshn/predict';
import { openModel, readPicture } from '@sshn/predict/node';
import type { Command } from 'commander';
import { type FeaturesAt, featureMaps, featuresCsv } from '../analyze/feature-figures.js';
import {
  variationCsv,
  variationPlot,
  variationsOf,
  weightMaps,
  weightsCsv,
} from '../analyze/weight-figures.js';
import { factorRange } from '../pareto/factors.js';
import { paperPalette } from '../plots/draw.js';
import { type ComputingFlags, startBackend } from '../process/backend.js';
import { exitCodes } from '../program-help.js';
import { modelHelp, modelSource } from '../run/model-source.js';
import { openRun } from '../run/open-run.js';
import { addComputingOptions, factorsType, readerOf } from './options.js';

const analyzeHelp = {
  description: `Draw how the weights of a network, and what its layers see, change with the rescaling factor.

Writes into OUT: variation.svg and variation.csv, the coefficient of variation σ/|μ| over φ of every predicted number, layer by layer \
(figure 14 of the paper); weights.svg and weights.csv, kernels over φ (figure 15); and of an image features.svg and features.csv, what \
comes out of every layer at every φ (figure 16). IMAGE is a file as sshn predict takes it; without it, of a run whose data are \
there, its first test image.`,
  examples: `
Examples:
  $ sshn analyze runs/cells
  $ sshn analyze cells photo.png -o analysis
  $ sshn analyze runs/brains --factors 0,0.1,0.2,0.3,0.4,0.5,0.6,0.7,0.8,0.9,1`,
};

interface Flags extends ComputingFlags {
  readonly out?: string;
  readonly factors?: number[];
  readonly data?: string;
}

/** `sshn analyze`: weights and features over the factor. */
export function addAnalyzeCommand(program: Command, finish: (exitCode: number) => void): void {
  const command = program
    .command('analyze')
    .summary('draw how weights and features change with the rescaling factor')
    .description(analyzeHelp.description)
    .argument('<model>', modelHelp)
    .argument('[image]', 'whose features are drawn')
    .option('-o, --out <folder>', 'where to write (default: analysis/ in the run folder, or here)')
    .option(
      '-f, --factors <numbers>',
      'rescaling factors in [0, 1], separated by commas (default: eleven over the range of training)',
      readerOf(factorsType),
    )
    .option('--data <folder>', 'of a run: where its images are now, if they have moved since training')
    .addHelpText('after', analyzeHelp.examples);
  addComputingOptions(command);
  command.action(async (model: string, image: string | undefined, flags: Flags) =>
    finish(await analyze(model, image, flags)),
  );
}

async function analyze(given: string, image: string | undefined, flags: Flags): Promise<number> {
  const path = await modelSource(given);
  const isRun = existsSync(join(path, 'run.json'));
  const out = flags.out ?? (isRun ? join(path, 'analysis') : 'analysis');
  await startBackend(flags, 'inference');
  const model = await openModel(path);
  try {
    const { prior } = model.manifest;
    const [low, high] = prior.kind === 'uniform' ? [prior.low, prior.high] : [0, 0.5];
    const factors = flags.factors ?? factorRange(low, high, Math.max((high - low) / 10, 1e-6));
    const curves = await weightsOver(model, factors);
    const variations = variationsOf(curves);
    const files = {
      'variation.svg': variationPlot(variations, paperPalette),
      'variation.csv': variationCsv(variations),
      'weights.svg': weightMaps(curves, factors, paperPalette),
      'weights.csv': weightsCsv(curves, factors),
    };
    await mkdir(out, { recursive: true });
    const write = async (more: Readonly<Record<string, string>>) => {
      for (const [name, content] of Object.entries(more)) await writeFileAtomic(join(out, name), content);
    };
    // Before the image, which may not be there.
    await write(files);
    const names = Object.keys(files);
    const shown = model instanceof Segmenter ? await imageOf(path, isRun, image, flags) : undefined;
    if (model instanceof Segmenter && shown !== undefined) {
      const features: FeaturesAt[] = [];
      for (const factor of spread(factors))
        features.push({ factor, maps: await featuresOf(model, shown.image, { factor }) });
      const more = {
        'features.svg': featureMaps(features, paperPalette),
        'features.csv': featuresCsv(features),
      };
      await write(more);
      names.push(...Object.keys(more));
    } else {
      const why = model instanceof Segmenter ? 'no image was given' : 'the model registers pairs of images';
      process.stderr.write(`note: no feature maps: ${why}.\n`);
    }
    const of = shown === undefined ? '' : ` (features of ${shown.name})`;
    process.stdout.write(`${names.join(', ')} in ${out}${of}\n`);
    return exitCodes.ok;
  } finally {
    model.dispose();
  }
}

/** At most six factors, evenly spread, for the columns of a figure. */
function spread(factors: readonly number[]): number[] {
  const count = Math.min(6, factors.length);
  return Array.from(
    { length: count },
    (_, i) => factors[Math.round((i * (factors.length - 1)) / Math.max(1, count - 1))]!,
  );
}

/** The image whose features are drawn, and its name. */
async function imageOf(
  path: string,
  isRun: boolean,
  given: string | undefined,
  { data }: Flags,
): Promise<{ readonly image: Parameters<typeof featuresOf>[1]; readonly name: string } | undefined> {
  if (given !== undefined) return { image: await readPicture(given), name: basename(given) };
  if (!isRun) return undefined;
  const { run, dataset } = await openRun(path, data, 'analyze');
  try {
    const { test, validation } = run.split(dataset);
    const [id] = [...test, ...validation];
    if (id === undefined) return undefined;
    const { image } = await (await run.prepare(dataset)).load(id);
    return { image: { prepared: image }, name: id };
  } finally {
    run.dispose();
  }
}
