import type { Example } from '@sshn/data';
import { diceScore } from '@sshn/losses';
import { pictureOf, type Registrar, Segmenter } from '@sshn/predict';
import { warpLabels } from '@sshn/registration';
import { dispose, tensor } from '@tensorflow/tfjs-core';

/** What a model reaches on images with labels. */
export interface Score {
  /** Mean foreground Dice. */
  readonly dice: number;
  /** Of registration: before it, and the largest share of folded pixels in percent. */
  readonly before?: number;
  readonly foldedPercent?: number;
}

/** Scores a model at a factor: of registration, on the pairs of the first and second image, the third and fourth, and so on. */
export async function scoreOf(
  model: Segmenter | Registrar,
  examples: readonly Example[],
  factor: number,
): Promise<Score> {
  const labels = model.manifest.labels.length;
  const dice = (found: ArrayLike<number>, { labels: truth }: Example): number =>
    diceScore(Uint8Array.from(found), truth.values, { labels }).mean;
  const after: number[] = [];
  if (model instanceof Segmenter) {
    for (const example of examples)
      after.push(dice((await model.predict(example.image, { factor })).labels.data, example));
    return { dice: meanOf(after) };
  }
  const before: number[] = [];
  let foldedPercent = 0;
  for (let i = 0; i + 1 < examples.length; i += 2) {
    const [moving, fixed] = [examples[i]!, examples[i + 1]!];
    const pictures = [pictureOf(moving.image), pictureOf(fixed.image)] as const;
    const { seenField, figures } = await model.register(...pictures, { factor });
    const size = moving.image.size;
    const map = tensor(Int32Array.from(moving.labels.values), [1, ...size], 'int32');
    const field = tensor(seenField, [1, ...size, size.length]);
    const moved = warpLabels(map, field);
    before.push(dice(moving.labels.values, fixed));
    after.push(dice(await moved.data(), fixed));
    foldedPercent = Math.max(foldedPercent, figures.foldedPercent);
    dispose([map, field, moved]);
  }
  return { dice: meanOf(after), before: meanOf(before), foldedPercent };
}

/** Without what is undefined. */
function meanOf(scores: readonly number[]): number {
  const known = scores.filter((score) => !Number.isNaN(score));
  return known.reduce((sum, score) => sum + score, 0) / known.length;
}
