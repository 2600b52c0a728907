import { type Setting, setting, ValueError } from '@sshn/core';
import type { Dataset, Split } from '@sshn/data';
import { type Cascade, type NamedSetting, namedSetting, predictDice } from '@sshn/model';
import { inputOf } from '../config/patches.js';
import { gflopsAt } from '../evaluation/measure.js';
import type { Pass } from '../evaluation/probabilities.js';
import {
  type CascadePoint,
  correlation,
  costAt,
  fitRung,
  type RungOutcome,
  runCascade,
  type Seen,
} from '../evaluation/sureness.js';
import { factorIn } from '../methods/prior.js';
import { disagreement, flips, type Judge, type Judged, judge, softmaxEntropy } from './judges.js';
import type { Run } from './load-run.js';

/** How to fit a cascade. */
export interface CascadeOptions {
  /** Aborting ends after the image under way. */
  readonly signal?: AbortSignal;
}

/**
 * Learns from validation images how good the labels of settings are, without knowing the truth: of each rung and label a line
 * from how far the labels agree with the mean probabilities of that rung and all before it to their Dice. See `agreement` of
 * @sshn/losses.
 *
 * Settings of one network share many errors. So the first of several sees the image flipped along each axis and along all, one rung for each
 * flip that costs it no Dice; where every flip does, it sees the image as it is. The answer may be that of the mean, where the last
 * rung's Dice is predicted better with it. If with all that the last rung loses Dice, nothing is flipped.
 *
 * @param places From the cheapest to the most expensive.
 * @returns undefined where no label occurs in enough validation images, or it was aborted.
 * @throws {ValueError} if there is no place, or the run does not segment.
 */
export async function fitCascade(
  run: Run,
  dataset: Dataset,
  places: readonly NamedSetting[],
  { signal }: CascadeOptions = {},
): Promise<Cascade | undefined> {
  requireSegmentation(run, places);
  const labels = run.labelNames.length;
  const see = (judges: readonly Judge[]) => judge(run, dataset, 'validation', judges, signal);
  const [first, ...others] = places.map((place) => passOf(run, place)) as [Pass, ...Pass[]];
  const flipped = (others.length === 0 ? [] : flipsOf(dataset.size.length)).map((axes) => ({
    ...first,
    flipped: axes,
  }));
  const alone = await see([first, ...flipped].map((pass) => disagreement([pass], labels)));
  if (alone === undefined) return undefined;
  const [dice, ...dices] = alone.map(({ seen }) => meanOf(seen.map(meanDice)));
  const kept = flipped.filter((_, i) => dices[i]! >= dice! - tolerance);

  const answers = others.length === 0 ? (['last'] as const) : (['last', 'mean'] as const);
  const ways = [[first], ...(kept.length > 0 ? [kept] : [])].flatMap((firsts) =>
    answers.map((of) => ({ passes: [...firsts, ...others], of })),
  );
  const judges = ways.map(({ passes, of }) =>
    passes.map((_, i) => disagreement(passes.slice(0, i + 1), labels, of)),
  );
  const judged = await see(judges.flat());
  if (judged === undefined) return undefined;
  const images = judged[0]!.seen.length;
  const fitted = ways.map(({ passes, of }) => {
    const rungs = judged.splice(0, passes.length).flatMap(({ seen }, i) => {
      const { at, flipped: axes } = passes[i]!;
      const fit = fitRung(seen);
      const mean = meanOf(seen.map(meanDice));
      if (fit === undefined || Number.isNaN(mean)) return [];
      return [{ ...namedSetting(at), ...(axes && { flipped: [...axes] }), dice: mean, ...fit }];
    });
    return { of, rungs, isFlipped: passes[0] !== first, isWhole: rungs.length === passes.length };
  });
  const [plain] = fitted;
  if (!plain!.isWhole) return undefined;
  const asGood = fitted.filter(
    ({ rungs, isWhole }) => isWhole && rungs.at(-1)!.dice >= plain!.rungs.at(-1)!.dice - tolerance,
  );
  const isFlipped = asGood.some((way) => way.isFlipped);
  const { rungs, of } = asGood
    .filter((way) => way.isFlipped === isFlipped)
    .reduce((a, b) => (b.rungs.at(-1)!.error < a.rungs.at(-1)!.error ? b : a));
  return { images, ...(of === 'mean' ? { answer: of } : {}), rungs };
}

/** Along each axis, and along all. */
function flipsOf(rank: number): number[][] {
  const axes = Array.from({ length: rank }, (_, axis) => axis);
  return [...axes.map((axis) => [axis]), axes];
}

/** Flipped images have the same Dice but for so much, unless the network or its labels tell one side from the other. */
const tolerance = 0.005;

/** How well a method tells what it does not know. */
export interface MethodSureness {
  readonly name: 'disagreement' | 'softmax' | 'entropy' | 'flips';
  /** Of the answer; of disagreement the last of the settings. */
  readonly place: NamedSetting;
  /** Of one image, all passes together, in units of 10⁹ FLOPs. */
  readonly gflops: number;
  /** Mean over images. */
  readonly dice: number;
  /** See `Retention`. */
  readonly area: number;
  readonly errorRate: number;
  /** Of predicted and true mean Dice of the images, by lines that were fitted to validation images; NaN where too few have a label. */
  readonly r: number;
  readonly meanAbsoluteError: number;
}

/** How sure a run's answers are, measured. */
export interface Sureness {
  readonly split: keyof Split;
  readonly images: number;
  readonly methods: readonly MethodSureness[];
  /** Predicted and true mean Dice of each image at the last rung. */
  readonly predictions: ReadonlyArray<readonly [predicted: number, dice: number]>;
  /** The last rung alone, and the cascade by the Dice that is asked for, in rising order. */
  readonly cascade: readonly CascadePoint[];
  /** The one of `cascade` that on validation images saves most beside a single setting of the same Dice. */
  readonly chosen: CascadePoint;
  /** The cascade if it knew the true Dice in place of the predicted one: what better predictions could give at most. */
  readonly ideal: readonly CascadePoint[];
}

/**
 * Measures how well the disagreement of a cascade's settings tells what is wrong, beside other ways that cost no more: the softmax
 * of the most accurate setting that costs as much as all of them together, its entropy, and the mean over flips of one that costs as much
 * with them. All predict Dice by lines that are fitted to validation images in the same way. And what the cascade costs and gives.
 *
 * @param front Settings with their cost and validation Dice, from which the other ways take theirs.
 * @returns undefined if it was aborted.
 * @throws as `fitCascade`; {ValueError} if the split has no images.
 */
export async function measureSureness(
  run: Run,
  dataset: Dataset,
  cascade: Cascade,
  front: ReadonlyArray<NamedSetting & { readonly gflops: number; readonly dice: number }>,
  { split = 'test', signal }: CascadeOptions & { readonly split?: keyof Split } = {},
): Promise<Sureness | undefined> {
  requireSegmentation(run, cascade.rungs);
  const labels = run.labelNames.length;
  const rank = dataset.size.length;
  const input = inputOf(run.config, dataset);
  const steps = cascade.rungs.map((rung) => passOf(run, rung));
  const costs = steps.map(({ at }) => gflopsAt(run.model, input, at));
  const total = costs.reduce((sum, cost) => sum + cost, 0);
  const within = (most: number) => {
    const cheap = front.filter(({ gflops }) => gflops <= most * (1 + 1e-9));
    const from = cheap.length > 0 ? cheap : [front.reduce((a, b) => (b.gflops < a.gflops ? b : a))];
    return settingAt(
      run,
      from.reduce((a, b) => (b.dice > a.dice ? b : a)),
    );
  };
  const [single, flipped] = [within(total), within(total / 2 ** rank)];
  const others = [
    { name: 'softmax', at: single, judge: disagreement([{ at: single }], labels) },
    { name: 'entropy', at: single, judge: softmaxEntropy(single, labels) },
    { name: 'flips', at: flipped, judge: flips(flipped, labels, rank) },
  ] as const;
  const rungs = steps.map((_, i) => disagreement(steps.slice(0, i + 1), labels, cascade.answer));
  const all = [...rungs, ...others.map((other) => other.judge)];
  const known = await judge(run, dataset, 'validation', all, signal);
  const tested = known && (await judge(run, dataset, split, all, signal));
  if (known === undefined || tested === undefined) return undefined;
  if (tested[0]!.seen.length === 0) {
    throw new ValueError({ where: `measureSureness: ${split} images`, got: 0, expected: 'at least one' });
  }
  const fits = known.map(({ seen }) => fitRung(seen));
  const outcomesOf = ({ seen }: Judged, i: number): RungOutcome[] =>
    seen.map((one) => ({
      predicted: meanPredicted(fits[i], one.agreement),
      dice: meanDice(one),
    }));
  const [before, after] = [known.map(outcomesOf), tested.map(outcomesOf)];
  const last = rungs.length - 1;
  const methods = [
    { name: 'disagreement' as const, at: steps[last]!.at, which: last },
    ...others.map(({ name, at }, i) => ({ name, at, which: rungs.length + i })),
  ].map(({ name, at, which }): MethodSureness => {
    const pairs = after[which]!.map(({ predicted, dice }) => [predicted, dice] as const);
    const errors = pairs.map(([predicted, dice]) => Math.abs(predicted - dice));
    return {
      name,
      place: namedSetting(at),
      gflops: all[which]!.passes.reduce((sum, pass) => sum + gflopsAt(run.model, input, pass.at), 0),
      dice: meanOf(pairs.map(([, dice]) => dice)),
      area: tested[which]!.retention.area,
      errorRate: tested[which]!.retention.errorRate,
      r: correlation(pairs),
      meanAbsoluteError: meanOf(errors),
    };
  });
  const byImage = (outcomes: readonly RungOutcome[][]) =>
    outcomes[0]!.map((_, image) => steps.map((__, rung) => outcomes[rung]![image]!));
  // In percent: a sum of fractions is none of the numbers that people ask for.
  const asked = Array.from({ length: 101 }, (_, percent) => percent / 100);
  const at = (outcomes: readonly RungOutcome[][], dice: number) => runCascade(byImage(outcomes), costs, dice);
  const best = asked
    .map((dice) => at(before, dice))
    .map((point) => ({ ...point, share: point.gflops / (costAt(front, point.dice) ?? Number.NaN) }))
    .reduce<{ asked: number; share: number }>((a, b) => (b.share < a.share ? b : a), {
      asked: 1,
      share: Infinity,
    });
  return {
    split,
    images: tested[0]!.seen.length,
    methods,
    predictions: after[last]!.map(({ predicted, dice }) => [predicted, dice]),
    cascade: asked.map((dice) => at(after, dice)),
    chosen: at(after, best.asked),
    ideal: asked.map((dice) =>
      at(
        after.map((outcomes) => outcomes.map((one) => ({ ...one, predicted: one.dice }))),
        dice,
      ),
    ),
  };
}

function settingAt({ config }: Run, { factor, width, resolution }: NamedSetting): Setting {
  return setting({ factor: factorIn(config, factor), width, resolution });
}

/** The pass of a rung. */
function passOf(
  run: Run,
  { flipped, ...place }: NamedSetting & { readonly flipped?: readonly number[] },
): Pass {
  return { at: settingAt(run, place), ...(flipped === undefined ? {} : { flipped }) };
}

/** NaN where nothing was fitted, or no label occurs. */
function meanPredicted(fit: ReturnType<typeof fitRung>, agreements: readonly number[]): number {
  return (fit && predictDice(fit, agreements).mean) ?? Number.NaN;
}

const meanDice = ({ dice }: Seen): number => meanOf(dice);

/** Of those that are not NaN. */
function meanOf(values: readonly number[]): number {
  const known = values.filter((value) => !Number.isNaN(value));
  return known.reduce((sum, value) => sum + value, 0) / known.length;
}

function requireSegmentation({ config }: Run, places: readonly unknown[]): void {
  if (config.task === 'segmentation' && places.length > 0) return;
  throw new ValueError({
    where: 'cascade',
    got: config.task === 'segmentation' ? places : `a run of ${config.task}`,
    expected: 'at least one setting of a run that segments',
  });
}
