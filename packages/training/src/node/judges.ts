import type { Setting } from '@sshn/core';
import type { Dataset, Split } from '@sshn/data';
import { agreement, diceScore, mostProbable } from '@sshn/losses';
import { namedSetting, settingKey } from '@sshn/model';
import { type Pass, probabilities } from '../evaluation/probabilities.js';
import { Retention, type Seen } from '../evaluation/sureness.js';
import { examplesOf } from '../tasks/of-config.js';
import type { Run } from './load-run.js';

/** A way to tell how sure an answer is. */
export interface Judge {
  readonly passes: readonly Pass[];
  /** The answer to what the passes gave, and what it is judged by. */
  readonly look: (maps: readonly Float32Array[]) => {
    readonly labels: Uint8Array;
    /** Of each label but the background. */
    readonly agreement: readonly number[];
    /** Of each pixel, in [0, 1]. */
    readonly uncertainty: Float32Array;
  };
}

/** What a judge saw of the images of a split. */
export interface Judged {
  readonly seen: readonly Seen[];
  readonly retention: Retention;
}

/** The labels of the last pass, or of the mean of all, judged by that mean: how far settings disagree. */
export function disagreement(passes: readonly Pass[], labels: number, of: 'last' | 'mean' = 'last'): Judge {
  return {
    passes,
    look: (maps) => {
      const mean = meanMap(maps);
      const answer = mostProbable(of === 'mean' ? mean : maps.at(-1)!, labels);
      const { dice, uncertainty } = agreement(answer, mean, labels);
      return { labels: answer, agreement: dice, uncertainty };
    },
  };
}

/** The labels of one pass, judged by the entropy of its softmax. */
export function softmaxEntropy(at: Setting, labels: number): Judge {
  return {
    passes: [{ at }],
    look: ([map]) => {
      const answer = mostProbable(map!, labels);
      const uncertainty = entropies(map!, labels);
      const [sums, counts] = [new Float64Array(labels), new Float64Array(labels)];
      for (let i = 0; i < answer.length; i++) {
        sums[answer[i]!]! += 1 - uncertainty[i]!;
        counts[answer[i]!]! += 1;
      }
      return { labels: answer, agreement: [...sums.map((sum, l) => sum / counts[l]!)].slice(1), uncertainty };
    },
  };
}

/** The labels of the mean over flips of the image, judged by that mean. */
export function flips(at: Setting, labels: number, rank: number): Judge {
  const sets = Array.from({ length: 2 ** rank }, (_, bits) =>
    Array.from({ length: rank }, (__, axis) => axis).filter((axis) => (bits >> axis) & 1),
  );
  const passes = sets.map((flipped) => ({ at, flipped }));
  return disagreement(passes, labels, 'mean');
}

function meanMap(maps: readonly Float32Array[]): Float32Array {
  const mean = new Float32Array(maps[0]!.length);
  for (const map of maps) for (let i = 0; i < mean.length; i++) mean[i]! += map[i]! / maps.length;
  return mean;
}

/** Of each pixel, over that of labels that are all as probable. */
function entropies(map: Float32Array, labels: number): Float32Array {
  const result = new Float32Array(map.length / labels);
  for (let i = 0; i < map.length; i++) {
    const p = map[i]!;
    if (p > 0) result[Math.floor(i / labels)]! -= (p * Math.log(p)) / Math.log(labels);
  }
  return result;
}

/** Applies judges to the images of a split; passes that several of them take are made once. Undefined if it was aborted. */
export async function judge(
  run: Run,
  dataset: Dataset,
  split: keyof Split,
  judges: readonly Judge[],
  signal: AbortSignal | undefined,
): Promise<Judged[] | undefined> {
  const matched = await run.match(dataset);
  const examples = examplesOf(await run.prepare(matched.dataset), run.config, matched.split);
  const keyOf = ({ at, flipped = [] }: Pass) => `${settingKey(namedSetting(at))} ${flipped}`;
  const passes = new Map(judges.flatMap((one) => one.passes).map((pass) => [keyOf(pass), pass]));
  const places = new Map([...passes.keys()].map((key, i) => [key, i]));
  const labels = run.labelNames.length;
  const judged = judges.map(() => ({ seen: [] as Seen[], retention: new Retention() }));
  const ids = examples.split[split];
  const window = run.config.patches?.size;
  const all = [...passes.values()];
  for await (const { truth, maps } of probabilities(
    run.model,
    run.params,
    examples.dataset,
    ids,
    all,
    window,
  )) {
    for (const [i, { passes: own, look }] of judges.entries()) {
      const answer = look(own.map((pass) => maps[places.get(keyOf(pass))!]!));
      const dice = [...diceScore(answer.labels, truth, { labels }).perLabel.values()];
      judged[i]!.seen.push({ agreement: answer.agreement, dice });
      judged[i]!.retention.add(answer.uncertainty, answer.labels, truth);
    }
    if (signal?.aborted) return undefined;
  }
  return judged;
}
