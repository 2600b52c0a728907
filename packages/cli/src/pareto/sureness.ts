import { join } from 'node:path';
import type { Cascade, NamedSetting } from '@sshn/model';
import { updateManifest, writeFileAtomic } from '@sshn/model/node';
import { costAt, type FactorResult, paretoFront, priorOf } from '@sshn/training';
import { fitCascade, measureSureness, type Run, type Sureness } from '@sshn/training/node';
import type { OpenedRun } from '../run/open-run.js';

/** By how much the Dice of the first rung may be below that of the last: one that is worse says little, and answers little. */
const within = 0.01;

/** Less Dice than that is no gain: the last rung is the cheapest that is as good as the most accurate setting but for so much. */
const asGood = 0.002;

/** How much more a rung costs than the one before it, at least: what a rung costs is lost for images that go on. */
const ratio = 3;

/**
 * The rungs of a cascade from settings that are worth their cost: the cheapest that is as good as the most accurate, the cheapest nearly
 * as good, and one between where that is at least three times as expensive as the first, and the last three times as expensive as it.
 *
 * @param front With their Dice on validation images.
 * @returns From the cheapest to the last; none where there is no setting.
 */
export function rungsOf(front: readonly FactorResult[]): FactorResult[] {
  const known = front.filter(({ dice }) => !Number.isNaN(dice));
  const isOnFront = paretoFront(known.map(({ gflops, dice }) => ({ cost: gflops, value: dice })));
  const rising = known.filter((_, i) => isOnFront[i]).sort((a, b) => a.gflops - b.gflops);
  const most = rising.at(-1)?.dice ?? Number.NaN;
  const last = rising.find(({ dice }) => dice >= most - asGood);
  const first = rising.find(({ dice }) => dice >= most - within);
  if (last === undefined || first === undefined) return [];
  if (first === last) return [last];
  const wanted = Math.sqrt(first.gflops * last.gflops);
  const farOff = ({ gflops }: FactorResult) => Math.abs(Math.log(gflops / wanted));
  const between = rising
    .filter(({ gflops }) => gflops >= ratio * first.gflops && last.gflops >= ratio * gflops)
    .sort((a, b) => farOff(a) - farOff(b));
  return [first, ...between.slice(0, 1), last];
}

/** A cascade beside the settings by themselves, at the Dice that it reaches. */
export interface SurenessReport extends Sureness {
  readonly cascadeOf: Cascade;
  /** GFLOPs of a single setting with the Dice of `chosen`, between two settings of the front; null where none reaches it. */
  readonly single: number | null;
}

/** What is fitted and measured with, and what may end it. */
interface SurenessOptions {
  /** On which images it is measured. */
  readonly split: Sureness['split'];
  /** Settings with their Dice on validation images, which rungs are chosen from. */
  readonly candidates: readonly FactorResult[];
  /** Settings measured on `split`. */
  readonly measured: readonly FactorResult[];
  readonly signal: AbortSignal;
}

/**
 * Fits a cascade to validation images, stores it in the model file, and measures on the images of a split how sure it is.
 *
 * @returns undefined where there is nothing to fit or to measure, or it was aborted.
 */
export async function fitSureness(
  opened: OpenedRun,
  { split, candidates, measured, signal }: SurenessOptions,
): Promise<SurenessReport | undefined> {
  const { run, dataset, weights } = opened;
  const images = run.split(dataset);
  if (run.config.task !== 'segmentation' || images.validation.length === 0) return undefined;
  const rungs = rungsOf(candidates);
  if (rungs.length === 0 || signal.aborted) return undefined;
  const cascade = await fitCascade(run, dataset, rungs, { signal });
  if (cascade === undefined) return undefined;
  const path = join(run.folder, 'best.safetensors');
  await updateManifest(path, (manifest) => ({ ...manifest, cascade }), { weights });
  if (images[split].length === 0) return undefined;
  const found = await measureSureness(run, dataset, cascade, candidates, { split, signal });
  return found && { ...found, cascadeOf: cascade, single: costAt(measured, found.chosen.dice) };
}

/** Of a curve over factors a few, over the range of training, or the one nearest to its own. */
export function fewOf({ config }: Pick<Run, 'config'>, curve: readonly FactorResult[]): FactorResult[] {
  if (curve.length === 0) return [];
  const prior = priorOf(config);
  const wanted =
    prior.kind === 'constant'
      ? [prior.factor].flat().slice(0, 1)
      : [0, 0.2, 0.4, 0.7, 1].map((share) => prior.low + share * (prior.high - prior.low));
  const nearest = wanted.map((factor) =>
    curve.reduce((a, b) => (Math.abs(b.factor - factor) < Math.abs(a.factor - factor) ? b : a)),
  );
  return [...new Set(nearest)];
}

/** Writes `sureness.csv`, a row for each method, and `cascade.csv`, a row for each Dice that is asked for. */
export async function writeSureness(folder: string, report: SurenessReport): Promise<void> {
  const { methods, cascade } = report;
  const csv = (rows: ReadonlyArray<ReadonlyArray<string | number>>) =>
    `${rows.map((row) => row.map((cell) => (Number.isNaN(cell) ? '' : cell)).join(',')).join('\n')}\n`;
  const placeCells = ({ factor, width = 1, resolution = 1 }: NamedSetting) => [
    [factor].flat().join(' '),
    width,
    resolution,
  ];
  await writeFileAtomic(
    join(folder, 'sureness.csv'),
    csv([
      [
        'method',
        'factor',
        'width',
        'resolution',
        'gflops',
        'dice',
        'errorRate',
        'retentionArea',
        'r',
        'meanAbsoluteError',
      ],
      ...methods.map(({ name, place, gflops, dice, errorRate, area, r, meanAbsoluteError }) => [
        name,
        ...placeCells(place),
        gflops,
        dice,
        errorRate,
        area,
        r,
        meanAbsoluteError,
      ]),
    ]),
  );
  await writeFileAtomic(
    join(folder, 'cascade.csv'),
    csv([
      ['asked', 'gflops', 'dice', ...report.cascadeOf.rungs.map((_, i) => `rung${i + 1}`)],
      ...cascade.map(({ asked, gflops, dice, answered }) => [asked, gflops, dice, ...answered]),
    ]),
  );
}
