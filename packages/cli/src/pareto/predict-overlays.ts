import type { Dataset } from '@sshn/data';
import { diceScore } from '@sshn/losses';
import type { Run } from '@sshn/training/node';
import type { OverlayRow } from '../report/overlays-section.js';

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
