import { setting } from '@sshn/core';
import type { NamedSetting } from '@sshn/model';
import {
  type Axes,
  type FactorResult,
  factorIn,
  gflopsAt,
  inputOf,
  knobRanges,
  paretoFront,
  priorOf,
  type SearchedPlace,
  searchFront,
} from '@sshn/training';
import type { Run } from '@sshn/training/node';
import type { OpenedRun } from '../run/open-run.js';
import { SweepView } from '../terminal/sweep-view.js';
import { resultSchema } from './kept-results.js';
import { accuracyLine, evaluateKept, type MeasureOptions, openKept } from './measure.js';

/** How many values of each knob the first grid has. */
const first = { factor: 3, width: 4, resolution: 3 } as const;

/** How to look for a front. */
interface FrontOptions
  extends Pick<MeasureOptions<number>, 'output' | 'fresh' | 'terminal' | 'print' | 'signal'> {
  /** Settings that are evaluated at most. */
  readonly most: number;
}

/** What chooses: other images are reported. */
const split = 'validation';

/** Where what was evaluated on validation images is kept: its Dice, which no machine changes, and no times. */
const keptFile = 'searched.json';

/** Whether a run was trained with more knobs than its factor. */
export function hasKnobs({ config }: Pick<Run, 'config'>): boolean {
  return Object.keys(knobRanges(config.knobs)).length > 0;
}

/**
 * The settings of a run with several knobs that are worth their cost, by its validation images and without the full grid: see
 * `searchFront` and `worthTheirCost`. What was evaluated is kept in `searched.json`, where an interrupted
 * search goes on.
 *
 * @returns From the cheapest to the most accurate; none where no validation image has a label; undefined if it was aborted.
 */
export async function findFront(
  opened: OpenedRun,
  { most, terminal, signal, output, fresh = false, print = () => {} }: FrontOptions,
): Promise<FactorResult[] | undefined> {
  const { run, dataset } = opened;
  const images = run.split(dataset)[split].length;
  if (images === 0) return [];
  const { kept } = await openKept(opened, keptFile, { output, fresh, split, schema: resultSchema });
  terminal.line(
    `${run.folder}: looks for the front of its knobs on ${images} ${split} images, at most ${most} settings`,
  );
  const view = new SweepView(terminal, most, 0);
  const found = new Map<SearchedPlace, FactorResult>();
  const searched = await searchFront(axesOf(run), {
    most,
    cost: (place) => costOf(run, opened, place),
    evaluate: async (places) => {
      const named = places.map(namedPlace);
      const known = named.filter((place) => kept.get(place) !== undefined).length;
      if (known > 0) view.skip(known);
      const results = await evaluateKept(opened, kept, { places: named, split, signal }, (result) => {
        tell(result, view, print);
      });
      if (results.length < places.length) return undefined;
      for (const [i, place] of places.entries()) found.set(place, results[i]!);
      return results.map(({ dice }) => dice);
    },
  });
  terminal.clear();
  if (searched === undefined) return undefined;
  return worthTheirCost(searched.map(({ place }) => found.get(place)!));
}

/**
 * What factors reach on the validation images of a run, without times; kept where `findFront` keeps what it evaluates.
 *
 * @returns In the order of `factors`; none where there is no such image; undefined if it was aborted.
 */
export async function onValidation(
  opened: OpenedRun,
  factors: readonly number[],
  { terminal, signal, output, fresh = false, print = () => {} }: Omit<FrontOptions, 'most'>,
): Promise<FactorResult[] | undefined> {
  const { run, dataset } = opened;
  const images = run.split(dataset)[split].length;
  if (images === 0) return [];
  const { kept } = await openKept(opened, keptFile, { output, fresh, split, schema: resultSchema });
  const places = factors.map((factor) => ({ factor }));
  terminal.line(
    `${run.folder}: the same ${factors.length} factors on ${images} ${split} images, by which budgets choose`,
  );
  const known = places.filter((place) => kept.get(place) !== undefined).length;
  const view = new SweepView(terminal, places.length, known);
  const results = await evaluateKept(opened, kept, { places, split, signal }, (result) => {
    tell(result, view, print);
  });
  terminal.clear();
  return results.length < places.length ? undefined : results;
}

/** Says what a setting reaches. */
function tell(result: FactorResult, view: SweepView, print: NonNullable<FrontOptions['print']>): void {
  view.show(result);
  print({ ...accuracyLine(result), split });
}

/** Dice by which a setting is better than every cheaper one, to be worth its cost. */
const leastGain = 0.002;

/**
 * The Pareto front of the means, without settings that gain next to nothing over a cheaper one; the most accurate of all is its end.
 * Not the stricter `frontOf`: a budget is to find the most accurate setting within it, whether or not so few images prove it.
 */
export function worthTheirCost(results: readonly FactorResult[]): FactorResult[] {
  const isOnFront = paretoFront(results.map(({ gflops, dice }) => ({ cost: gflops, value: dice })));
  const front = results.filter((_, i) => isOnFront[i]).sort((a, b) => a.gflops - b.gflops);
  const kept: FactorResult[] = [];
  for (const [i, point] of front.entries()) {
    const last = kept.at(-1);
    if (last === undefined || point.dice >= last.dice + leastGain) kept.push(point);
    else if (i === front.length - 1 && point.dice > last.dice) kept.push(point);
  }
  return kept;
}

/** The ranges of training. */
function axesOf({ config }: Run): Axes {
  const prior = priorOf(config);
  const factors = prior.kind === 'constant' ? [prior.factor].flat() : [prior.low, prior.high];
  const axis = (knob: keyof typeof first, [low, high]: readonly [number, number]) => ({
    low,
    high,
    count: low === high ? 1 : first[knob],
  });
  const { width = [1, 1], resolution = [1, 1] } = knobRanges(config.knobs);
  return {
    factor: axis('factor', [Math.min(...factors), Math.max(...factors)]),
    width: axis('width', width),
    resolution: axis('resolution', resolution),
  };
}

/** A setting as results and files name it: without knobs that are at their largest. */
function namedPlace({ factor, width, resolution }: SearchedPlace): NamedSetting<number> {
  return {
    factor,
    ...(width === 1 ? {} : { width }),
    ...(resolution === 1 ? {} : { resolution }),
  };
}

function costOf({ model, config }: Run, { dataset }: OpenedRun, { factor, ...knobs }: SearchedPlace): number {
  const at = setting({ factor: factorIn(config, factor), ...knobs });
  return gflopsAt(model, inputOf(config, dataset), at);
}
