import { type Factor, type Setting, setting, ValueError } from '@sshn/core';
import type { Dataset, Split } from '@sshn/data';
import { type Knob, knobs, type Scalable } from '@sshn/hypernet';
import type { NamedSetting } from '@sshn/model';
import { knobsOf } from '../config/knobs.js';
import { inputOf } from '../config/patches.js';
import type { FactorResult } from '../evaluation/measure.js';
import { measure } from '../evaluation/measure.js';
import { surfaceOver } from '../evaluation/segment.js';
import { type Timing, type TimingOptions, timeForward } from '../evaluation/time-forward.js';
import { factorIn } from '../methods/prior.js';
import { examplesOf, taskOf } from '../tasks/of-config.js';
import type { Run } from './load-run.js';

/** What to evaluate. */
export interface EvaluateOptions<At extends Factor> {
  /** Rescaling factors, each in [0, 1]: numbers common to all downsampling steps, or lists with one for each step. */
  readonly factors: readonly At[];
  /** @default 'test' */
  readonly split?: keyof Split;
  /** Of registration networks that take the weight of their regularizer, in [0, 1]. @default the middle of training's */
  readonly lambda?: number | undefined;
  /** Share of the features of every stage, in (0, 1], of networks that were trained with a range of them. @default 1 */
  readonly width?: number | undefined;
  /** Share of the images' size that the network sees, in (0, 1]; likewise. @default 1 */
  readonly resolution?: number | undefined;
  /**
   * Predicts the weights for this factor, and runs them at each of `factors`: how well weights serve at factors that they were not
   * made for (paper, section 5.2). @default the weights for the factor itself
   */
  readonly weightsOf?: Factor;
  /** Also measures distances between surfaces; `tolerance` of the surface Dice in mm, or pixels where files do not say. */
  readonly surface?: { readonly tolerance: number };
  /** Whether forward passes are timed, all factors in turn at the end; without it `milliseconds` is NaN. @default true */
  readonly isTimed?: boolean;
  /** Called after each factor, before it is timed. */
  readonly onProgress?: (result: FactorResult<At>, done: number, total: number) => void;
  /** Aborting ends after the factor under way; what is done so far is returned. */
  readonly signal?: AbortSignal;
}

/**
 * Accuracy and cost of a run's best model at several factors: hard Dice on one part of its data, FLOPs, milliseconds.
 *
 * @throws {FileError} if the dataset is not the one of the run.
 * @throws {ValueError} if that part of it is empty, a list has more or fewer factors than the network takes, or it takes no λ, no
 * width or no resolution.
 */
export async function evaluateRun<At extends Factor>(
  run: Run,
  dataset: Dataset,
  options: EvaluateOptions<At>,
): Promise<FactorResult<At>[]> {
  const { factors, split = 'test', weightsOf, surface, isTimed = true, onProgress, signal } = options;
  const rest = restOf(options);
  const task = taskOf(run.config);
  const matched = await run.match(dataset);
  const examples = examplesOf(await run.prepare(matched.dataset), run.config, matched.split);
  const ids = examples.split[split];
  if (ids.length === 0) {
    throw new ValueError({
      where: `evaluateRun: ${split} images`,
      got: 0,
      expected: 'at least one',
      hint: `The run has ${examples.split.validation.length} for validation: take split 'validation' (--split validation).`,
    });
  }
  if (surface !== undefined && run.config.task === 'registration') {
    throw new ValueError({
      where: 'evaluateRun: surface',
      got: 'a run that aligns images',
      expected: 'one that segments them: distances are between surfaces of predicted and true labels',
    });
  }
  requireLambda(run, rest.lambda);
  for (const knob of knobs) requireKnob(run, knob, rest[knob]);
  const model =
    weightsOf === undefined ? run.model : withWeightsOf(run.model, settingAt(run, weightsOf, rest));
  const results: FactorResult<At>[] = [];
  for (const factor of factors) {
    if (signal?.aborted) break;
    const at = settingAt(run, factor, rest);
    const of = [model, run.params, examples.dataset, ids, at] as const;
    const result = {
      factor,
      ...(rest.width === undefined ? {} : { width: rest.width }),
      ...(rest.resolution === undefined ? {} : { resolution: rest.resolution }),
      ...(await measure(task, ...of, run.config.patches?.size)),
      ...(surface === undefined
        ? {}
        : { surface: await surfaceOver(...of, surface.tolerance, run.config.patches?.size) }),
    };
    results.push(result);
    onProgress?.(result, results.length, factors.length);
  }
  if (!isTimed) return results;
  const { lambda } = rest;
  const times = await timeRun(run, dataset, results, {
    ...(lambda === undefined ? {} : { lambda }),
    ...(signal === undefined ? {} : { signal }),
  });
  return results.map((result, i) => ({ ...result, ...times[i] }));
}

/**
 * Times of one forward pass of a run's best model at several settings, which take turns: see `timeForward`.
 *
 * @returns In the order of the settings; none if it was aborted.
 */
export async function timeRun(
  run: Run,
  dataset: Dataset,
  places: readonly NamedSetting[],
  options: TimingOptions & Pick<Rest, 'lambda'> = {},
): Promise<Timing[]> {
  const { size, channels } = inputOf(run.config, dataset);
  return timeForward(
    run.model,
    run.params,
    [1, ...size, channels],
    places.map(({ factor, ...knobs }) => settingAt(run, factor, restOf({ ...options, ...knobs }))),
    options,
  );
}

/** A model whose weights are those of one setting, wherever it is applied. */
function withWeightsOf(model: Scalable, fixed: Setting): Scalable {
  return {
    ...model,
    specialize: (params) => model.specialize(params, fixed),
    withWeights: (params, _, work) => model.withWeights(params, fixed, work),
    apply: (params, input, at) =>
      model.withWeights(params, fixed, (weights) => model.network.apply(weights, input, at)),
  };
}

/** What a setting has besides its factors. */
type Rest = Pick<EvaluateOptions<Factor>, 'lambda' | Knob>;

const restOf = ({ lambda, width, resolution }: Rest): Rest => ({
  ...(lambda === undefined ? {} : { lambda }),
  ...(width === undefined ? {} : { width }),
  ...(resolution === undefined ? {} : { resolution }),
});

function settingAt(run: Run, factor: Factor, { lambda, width, resolution }: Rest): Setting {
  const conditions = lambda === undefined ? [] : [lambda];
  const factors = factorIn(run.config, factor);
  return taskOf(run.config).use(setting({ factor: factors, conditions, width, resolution }));
}

function requireKnob({ config }: Run, knob: Knob, value: number | undefined): void {
  if (value === undefined || value === 1 || knobsOf(config.knobs).includes(knob)) return;
  throw new ValueError({
    where: `evaluateRun: ${knob}`,
    got: value,
    expected: `none: the run was trained at one ${knob}`,
    hint: `One that has several is trained with knobs.${knob}Range (--${knob}-range).`,
  });
}

function requireLambda({ config }: Run, lambda: number | undefined): void {
  if (lambda === undefined) return;
  const takesLambda = config.task === 'registration' && config.registration.lambdaRange !== undefined;
  if (takesLambda && lambda >= 0 && lambda <= 1) return;
  throw new ValueError({
    where: 'evaluateRun: lambda',
    got: lambda,
    expected: takesLambda
      ? 'a number in [0, 1]'
      : 'none: the run was trained with a fixed weight of its regularizer',
    ...(takesLambda ? {} : { hint: 'One that takes λ is trained with registration.lambdaRange.' }),
  });
}
