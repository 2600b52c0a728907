import { Rng, setting } from '@sshn/core';
import {
  cacheDataset,
  chooseIntensity,
  type Dataset,
  generatePhantoms,
  type IntensityNormalization,
  type Split,
  splitDataset,
  splitIds,
} from '@sshn/data';
import { type AccuracyCostPoint, saveModel } from '@sshn/model';
import {
  chosenIntensity,
  describeNetwork,
  diceOver,
  gflopsAt,
  parseRunConfig,
  prepareDataset,
  priorOf,
  type RunConfig,
  Trainer,
} from '@sshn/training';
import { openOwnFolder } from './own-folder.js';
import type { TrainingProgress, TrainingRequest } from './protocol.js';
import type { Context } from './serve.js';

const imageCount = 400;
const batchSize = 4;
/** Steps between two measurements of the curve. */
const curveEvery = 20;
const curveFactors = [0, 0.1, 0.2, 0.3, 0.4, 0.5];
/** Images that accuracy is measured on while training. */
const heldOut = 12;

/** Trains a small SSHN on generated or a person's own images and returns it as a file; ends early when the page says so. */
export async function trainingRun(
  request: TrainingRequest,
  { report, signal }: Context<TrainingProgress>,
): Promise<Uint8Array> {
  const { dataset, split, intensity, note } = await materialOf(request.images);
  const config = configOf(request, intensity, Math.ceil(split.train.length / batchSize));
  const ids = split.validation.slice(0, heldOut);
  using trainer = new Trainer({ config, dataset, split });

  const measure = async (): Promise<AccuracyCostPoint[]> => {
    const points = [];
    for (const factor of curveFactors) {
      const at = setting(factor);
      const { mean } = await diceOver(trainer.model, trainer.params, dataset, ids, at, heldOut);
      points.push({
        factor,
        dice: Number.isNaN(mean) ? 0 : mean,
        gflops: gflopsAt(trainer.model, dataset, at),
        milliseconds: null,
      });
    }
    return points;
  };

  let step = 0;
  let curve: readonly AccuracyCostPoint[] = [];
  for await (const event of trainer.run(signal)) {
    if (event.kind !== 'step') continue;
    step++;
    const isLast = step === request.steps || signal.aborted;
    const isMeasured = isLast || step % curveEvery === 0;
    if (isMeasured) curve = await measure();
    report({
      step,
      steps: request.steps,
      loss: event.loss,
      factor: event.factor as number,
      imagesPerSecond: event.imagesPerSecond,
      curve: isMeasured ? curve : undefined,
      note,
    });
    if (isLast) break;
  }
  // Awaited: the trainer lives until then.
  return await saveTrained(trainer, config, dataset, curve);
}

/** What is trained on. */
interface Material {
  /** With intensities as the network sees them. */
  readonly dataset: Dataset;
  readonly split: Split;
  readonly intensity: IntensityNormalization;
  readonly note: string;
}

/** @throws {FileError} saying what was expected, if a folder holds no images with labels. */
async function materialOf(images: TrainingRequest['images']): Promise<Material> {
  if ('kind' in images) {
    const dataset = cacheDataset(
      generatePhantoms({ kind: images.kind, count: imageCount, size: [48, 48], seed: 11 }),
    );
    // Generated images are trained on as they are.
    return { dataset, split: splitIds(dataset.ids, Rng.fromSeed(1)), intensity: { kind: 'none' }, note: '' };
  }
  const warnings: string[] = [];
  const opened = await openOwnFolder(images.folder, images.edge, (warning) => warnings.push(warning));
  const split = splitDataset(opened, Rng.fromSeed(1));
  const { intensity, sentence } = await chooseIntensity(opened, split.train);
  const { train, validation, test } = split;
  const parts = `${train.length} images to train on, ${validation.length} held out for the curve, ${test.length} left for a test`;
  return {
    dataset: cacheDataset(prepareDataset(opened, { intensity })),
    split,
    intensity,
    note: [`${parts}.`, sentence, ...warnings].join(' '),
  };
}

function configOf(
  { steps, features }: TrainingRequest,
  intensity: IntensityNormalization,
  stepsPerEpoch: number,
): RunConfig {
  const epochs = Math.max(1, Math.ceil(steps / stepsPerEpoch));
  return parseRunConfig(
    {
      architecture: { features, stages: 4 },
      hypernetwork: { hidden: [10, 16] },
      optimizer: { learningRate: 6e-3, warmUpSteps: Math.min(20, Math.ceil(steps / 5)) },
      // Both from the first step: the curve is to rise while somebody watches.
      loss: { name: 'softDice', crossEntropyWeight: 1 },
      crossEntropyShare: 0,
      intensity,
      batchSize,
      epochs,
      // The curve is measured here, and validation at the end of an epoch left to the last.
      validation: { every: epochs },
    },
    'training tab',
  );
}

async function saveTrained(
  trainer: Trainer,
  config: RunConfig,
  dataset: Dataset,
  accuracyCost: readonly AccuracyCostPoint[],
): Promise<Uint8Array> {
  return saveModel({
    specs: trainer.model.specs,
    params: trainer.params,
    manifest: {
      task: 'segmentation',
      ...describeNetwork(config, dataset),
      prior: priorOf(config),
      preprocessing: { size: dataset.size, channels: dataset.channels, intensity: chosenIntensity(config) },
      labels: dataset.labelNames.map((name, label) => {
        const color = dataset.labelColors?.[label];
        return color === undefined ? { name } : { name, color: [...color] };
      }),
      accuracyCost: accuracyCost.map(({ factor, dice, gflops }) => ({
        factor,
        dice: dice ?? 0,
        gflops: gflops ?? 0,
        milliseconds: null,
      })),
      provenance: {
        versions: {},
        seed: config.seed,
        dataset: dataset.name,
        date: new Date().toISOString(),
        configHash: 'trained in the page',
      },
    },
  });
}
