import { type Setting, setting } from '@sshn/core';
import type { Dataset, Image, PairDataset } from '@sshn/data';
import { diceScore } from '@sshn/losses';
import { fieldOf, jacobianStatistics, warp, warpLabels } from '@sshn/registration';
import { examplesOf, factorIn, lambdaSpread, middleOf } from '@sshn/training';
import type { Run } from '@sshn/training/node';
import { dispose, split as splitTensor, type Tensor, tensor, tidy } from '@tensorflow/tfjs-core';
import type { AlignmentRow, OverlayRow } from '../report/examples-sections.js';

/** Predictions for some images at some factors. */
export async function predictOverlays(
  run: Run,
  dataset: Dataset,
  ids: readonly string[],
  factors: readonly number[],
): Promise<OverlayRow[]> {
  const rows: OverlayRow[] = [];
  for (const id of ids) {
    const { image, labels: truth } = await dataset.load(id);
    const predictions = [];
    for (const factor of factors) {
      const labels = await run.predict(image, factor);
      const { mean: dice } = diceScore(labels.values, truth.values, { labels: run.labelNames.length });
      predictions.push({ factor, labels, dice });
    }
    rows.push({ id, image, truth, predictions });
  }
  return rows;
}

/** Some of a list, from all over it. */
export function spread<T>(all: readonly T[], count: number): T[] {
  const taken = Math.min(count, all.length);
  return Array.from({ length: taken }, (_, i) => all[Math.floor((i * all.length) / taken)]!);
}

/** Factors whose predictions tell the most: 0, 0.1, 0.25 and 0.5 where they are within the range, else its ends. */
export function overlayFactors(factors: readonly number[]): number[] {
  const [low, high] = [Math.min(...factors), Math.max(...factors)];
  const usual = [0, 0.1, 0.25, 0.5].filter((factor) => factor >= low && factor <= high);
  return usual.length >= 2 ? usual : [...new Set([low, high])];
}

/** Some pairs of a run's data, registered at some factors. */
export async function alignExamples(
  run: Run,
  images: Dataset,
  { split, count }: { readonly split: 'train' | 'validation' | 'test'; readonly count: number },
  factors: readonly number[],
): Promise<AlignmentRow[]> {
  const examples = examplesOf(await run.prepare(images), run.config, run.split(images));
  const dataset = examples.dataset as PairDataset;
  const rows: AlignmentRow[] = [];
  for (const id of spread(examples.split[split], count)) {
    const { image, labels, movingLabels } = await dataset.load(id);
    const [moving, fixed] = parted(image);
    const labelCount = { labels: run.labelNames.length };
    const results = [];
    for (const factor of factors) {
      const { moved, field, movedLabels } = register(run, image, movingLabels.values, atFactor(run, factor));
      try {
        const [statistics] = await jacobianStatistics(field);
        results.push({
          factor,
          dice: diceScore(await movedLabels.data(), labels.values, labelCount).mean,
          foldedPercent: statistics!.foldedPercent,
          moved: { ...moving, values: (await moved.data<'float32'>()).slice() },
          field: (await field.data<'float32'>()).slice(),
        });
      } finally {
        dispose([moved, field, movedLabels]);
      }
    }
    const before = diceScore(movingLabels.values, labels.values, labelCount).mean;
    rows.push({ id, moving, fixed, before, results });
  }
  return rows;
}

/** The setting with which a run is used: λ in the middle of its range, where it takes one. */
function atFactor({ config }: Run, factor: number): Setting {
  const lambda = lambdaSpread(config.registration);
  const conditions = lambda === undefined ? [] : [middleOf(lambda)];
  return setting({ factor: factorIn(config, factor), conditions });
}

function register({ model, params, config }: Run, pair: Image, labels: Uint8Array, at: Setting) {
  return tidy(() => {
    const { size, channels, values } = pair;
    const input = tensor(values, [1, ...size, channels], 'float32');
    const flow = model.network.apply(model.specialize(params, at), input, at);
    const field = fieldOf(flow, size, config.registration);
    const [moving] = splitTensor(input, 2, -1) as [Tensor, Tensor];
    const movedLabels = warpLabels(tensor(Int32Array.from(labels), [1, ...size], 'int32'), field);
    return { field, moved: warp(moving, field), movedLabels };
  });
}

/** The two images of a pair. */
function parted({ values, size, channels }: Image): [moving: Image, fixed: Image] {
  const each = channels / 2;
  const part = (first: number): Image => ({
    size,
    channels: each,
    values: Float32Array.from(
      { length: values.length / 2 },
      (_, i) => values[Math.floor(i / each) * channels + first + (i % each)]!,
    ),
  });
  return [part(0), part(each)];
}
