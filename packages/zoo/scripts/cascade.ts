import { agreement, diceScore, mostProbable } from '@sshn/losses';
import type { Cascade } from '@sshn/model';
import type { Segmenter } from '@sshn/predict';
import { fitRung, type Seen } from '@sshn/training';
import type { ModelName } from '../src/models.js';
import { modelPhantoms } from '../src/phantoms/phantoms.js';

/** Images that it is fitted to: seen by no training, and not those of the tables. */
const [count, seed] = [60, 2028];
/** φ of the settings that are run: of 0, where these models are poor, nothing is learned. */
const factors = [0.2, 0.4];

/** How sure a model is of its answers, as its file holds it: of each factor the lines from agreement to Dice. */
export async function cascadeOf(model: Segmenter, name: ModelName): Promise<Cascade> {
  const labels = model.manifest.labels.length;
  const images = modelPhantoms(name, { count, seed });
  const examples = await Promise.all(images.ids.map((id) => images.load(id)));
  const seen: Seen[][] = factors.map(() => []);
  for (const { image, labels: truth } of examples) {
    let sum: Float32Array | undefined;
    for (const [rung, factor] of factors.entries()) {
      const { probabilities } = await model.predict(image, { factor, probabilities: true });
      const before = sum;
      sum = before === undefined ? probabilities! : probabilities!.map((value, i) => value + before[i]!);
      const answer = mostProbable(probabilities!, labels);
      const mean = sum.map((value) => value / (rung + 1));
      const { perLabel } = diceScore(answer, truth.values, { labels });
      seen[rung]!.push({ agreement: agreement(answer, mean, labels).dice, dice: [...perLabel.values()] });
    }
  }
  const rungs = factors.map((factor, rung) => {
    const fit = fitRung(seen[rung]!);
    if (fit === undefined) throw new Error('No label occurs in enough images.');
    const known = seen[rung]!.map(({ dice }) => dice.filter((one) => !Number.isNaN(one)));
    const means = known.flatMap((dice) =>
      dice.length === 0 ? [] : dice.reduce((a, b) => a + b) / dice.length,
    );
    return { factor, dice: means.reduce((a, b) => a + b) / means.length, ...fit };
  });
  return { images: examples.length, rungs };
}
