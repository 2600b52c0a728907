/** Losses in float64 and with plain loops over pixels that count, written from their definitions, to test against. */
import type { CrossEntropyOptions } from '../distribution/cross-entropy.js';
import type { FocalOptions } from '../distribution/focal-loss.js';
import type { Task } from '../input/loss.js';
import type { LovaszOptions } from '../region/lovasz-loss.js';
import type { RegionOptions, ScoredLabels } from '../region/region-options.js';
import { softmaxRows } from './double-precision.js';
import type { Sample } from './task-case.js';

const total = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0);
const mean = (values: readonly number[]) => total(values) / values.length;

export function probabilities(sample: Sample, task: Task = 'multiclass', fromLogits = true): number[][] {
  if (!fromLogits) return sample.logits.map((row) => [...row]);
  if (task === 'multiclass') return softmaxRows(sample.logits);
  return sample.logits.map((row) => row.map((z) => 1 / (1 + Math.exp(-z))));
}

export function naiveCrossEntropy(samples: readonly Sample[], options: CrossEntropyOptions): number {
  const { task = 'multiclass', classWeights, positiveWeight = 1, labelSmoothing: e = 0 } = options;
  let loss = 0;
  let weights = 0;
  for (const sample of samples) {
    probabilities(sample, task).forEach((p, i) => {
      p.forEach((pl, l) => {
        const w = classWeights?.[l] ?? 1;
        const t = sample.truth[i]![l]!;
        if (task === 'multiclass') {
          loss -= w * ((1 - e) * t + e / p.length) * Math.log(pl);
          weights += w * t;
        } else {
          const s = (1 - e) * t + e / 2;
          loss -= w * (positiveWeight * s * Math.log(pl) + (1 - s) * Math.log(1 - pl));
          weights += w;
        }
      });
    });
  }
  return weights === 0 ? 0 : loss / weights;
}

export function naiveFocal(samples: readonly Sample[], options: FocalOptions): number {
  const { task = 'multiclass', gamma = 2, alpha } = options;
  const entries: number[] = [];
  for (const sample of samples) {
    probabilities(sample, task).forEach((p, i) => {
      const perChannel = p.map((pl, l) => {
        const t = sample.truth[i]![l]!;
        const foreground = typeof alpha === 'number' ? alpha : 1;
        const background = typeof alpha === 'number' ? 1 - alpha : 1;
        const positive = -t * (1 - pl) ** gamma * Math.log(pl);
        if (task !== 'multiclass') {
          return foreground * positive - background * (1 - t) * pl ** gamma * Math.log(1 - pl);
        }
        if (typeof alpha === 'object') return alpha[l]! * positive;
        return (l === 0 ? background : foreground) * positive;
      });
      entries.push(task === 'multiclass' ? total(perChannel) : mean(perChannel));
    });
  }
  return entries.length === 0 ? 0 : mean(entries);
}

/** Labels that count in a mean, with their weights. */
export function scored(options: ScoredLabels, channels: number): Array<[label: number, weight: number]> {
  const { task = 'multiclass', includeBackground = false, classWeights, ignoreLabel } = options;
  return Array.from({ length: channels }, (_, l): [number, number] => [l, classWeights?.[l] ?? 1]).filter(
    ([l]) =>
      (task !== 'multiclass' || includeBackground || l > 0) && (l !== ignoreLabel || task === 'binary'),
  );
}

/** Weighted mean over samples and labels of what `cost` makes of the probabilities and truths of one label. */
export function naiveRegion(
  samples: readonly Sample[],
  options: RegionOptions,
  channels: number,
  cost: (p: readonly number[], t: readonly number[]) => number,
): number {
  const labels = scored(options, channels);
  const groups = cases(samples, options).map(({ p, t }) =>
    total(labels.map(([l, weight]) => weight * cost(column(p, l), column(t, l)))),
  );
  return mean(groups) / total(labels.map(([, weight]) => weight));
}

/** Probabilities and truths of each sample, or of the whole batch. */
export function cases(
  samples: readonly Sample[],
  { task, fromLogits, perSample = true }: RegionOptions,
): Array<{ p: number[][]; t: number[][] }> {
  const each = samples.map((sample) => ({
    p: probabilities(sample, task, fromLogits),
    t: sample.truth.map((row) => [...row]),
  }));
  return perSample ? each : [{ p: each.flatMap(({ p }) => p), t: each.flatMap(({ t }) => t) }];
}

export function column(rows: readonly (readonly number[])[], l: number): number[] {
  return rows.map((row) => row[l]!);
}

/** Overlap and sizes of one label. */
export function sizes(p: readonly number[], t: readonly number[], power: number) {
  return {
    overlap: total(p.map((pi, i) => pi * t[i]!)),
    predicted: total(p.map((pi) => pi ** power)),
    truth: total(t.map((ti) => ti ** power)),
  };
}

/** The extension of the Jaccard loss as its definition has it: the set of the i worst pixels, counted anew for every i. */
export function naiveLovasz(samples: readonly Sample[], options: LovaszOptions, channels: number): number {
  const { classes = 'present', perSample = false } = options;
  const losses = cases(samples, { ...options, perSample }).map(({ p, t }) => {
    const parts = scored(options, channels)
      .map(([l, weight]) => ({ weight, p: column(p, l), t: column(t, l) }))
      .filter((part) => part.p.length > 0 && (classes === 'all' || part.t.includes(1)));
    const value = total(parts.map((part) => part.weight * extension(part.p, part.t)));
    return parts.length === 0 ? 0 : value / total(parts.map(({ weight }) => weight));
  });
  return mean(losses);
}

function extension(p: readonly number[], t: readonly number[]): number {
  const errors = p.map((pi, i) => Math.abs(t[i]! - pi));
  const order = errors.map((_, i) => i).sort((a, b) => errors[b]! - errors[a]!);
  // Jaccard loss of the prediction that is wrong at exactly the first i pixels.
  const lossOf = (i: number) => {
    const wrong = new Set(order.slice(0, i));
    const predicted = t.map((ti, pixel) => (wrong.has(pixel) ? 1 - ti : ti));
    const overlap = total(predicted.map((y, pixel) => y * t[pixel]!));
    const union = total(predicted.map((y, pixel) => Math.max(y, t[pixel]!)));
    return union === 0 ? 0 : 1 - overlap / union;
  };
  return total(order.map((pixel, i) => errors[pixel]! * (lossOf(i + 1) - lossOf(i))));
}
