import { ValueError } from '@sshn/core';
import { type AccuracyCostPoint, pick } from '@sshn/model';
import type { LatencyController } from './controller.js';
import { ladderOf } from './ladder.js';
import { RequestError } from './problem.js';
import type { ModelFacts, WorkRequest } from './protocol.js';
import type { Choice } from './request.js';

/** A factor for a request, and why; undefined where the model has one of its own. */
export interface ChosenFactor {
  readonly factor: number | undefined;
  /** One sentence for people. */
  readonly reason: string;
}

/** A model that is served: what it is, and the factors it goes through under load. */
export class ModelEntry {
  readonly ladder: readonly AccuracyCostPoint[];

  /** @throws {ValueError} if no factor of the model is known to reach `minDice`. */
  constructor(
    readonly facts: ModelFacts,
    minDice?: number,
  ) {
    this.ladder = ladderOf(facts, minDice);
  }

  /**
   * The factor for a request: its own, the one for its budget, else the one that the latency target allows now.
   *
   * @throws {ValueError} if no factor meets the budget.
   */
  choose(settings: Choice, controller: LatencyController | undefined): ChosenFactor {
    const { factor, gflops, milliseconds, dice } = settings;
    if (factor !== undefined) return { factor, reason: `Factor ${factor}, as asked for.` };
    if ([gflops, milliseconds, dice].some((limit) => limit !== undefined))
      return this.#within({ gflops, milliseconds, dice });
    const { low, high } = this.facts.factors;
    if (this.facts.isPlain || low === high)
      return { factor: undefined, reason: 'The model has one factor alone.' };
    if (controller === undefined) return { factor: high, reason: `Factor ${high}, the largest of training.` };
    const rung = Math.round(controller.share * (this.ladder.length - 1));
    const chosen = this.ladder[rung]!.factor;
    const all = this.ladder.length;
    return {
      factor: chosen,
      reason: `Factor ${chosen}, step ${rung + 1} of ${all}, ${rung + 1 === all ? 'the most accurate' : 'to hold the latency under load'}.`,
    };
  }

  #within({ gflops, milliseconds, dice }: Pick<Choice, 'gflops' | 'milliseconds' | 'dice'>): ChosenFactor {
    const limits = {
      ...(gflops === undefined ? {} : { maxGflops: gflops }),
      ...(milliseconds === undefined ? {} : { maxMilliseconds: milliseconds }),
      ...(dice === undefined ? {} : { minDice: dice }),
    };
    // The table may hold milliseconds of another machine; those of this one were measured.
    const points = milliseconds === undefined ? this.facts.points : this.facts.measured;
    const { chosen, reason } = pick(points, limits);
    if (chosen !== undefined) return { factor: chosen.factor, reason };
    throw new ValueError({
      where: 'budget',
      got: { gflops, milliseconds, dice },
      expected: 'one that a factor meets',
      hint: reason,
    });
  }
}

/** Which route is for which task. */
const routes = { segmentation: '/predict', registration: '/register' } as const;

/**
 * The model of a name, or the only one there is (of the task, where one is given). A name is looked up among those that are
 * served, and is no path.
 *
 * @throws {RequestError} 404 if there is none, 400 if there are several or it is of another task.
 */
export function modelIn(
  models: ReadonlyMap<string, ModelEntry>,
  name: unknown,
  task?: WorkRequest['task'],
): ModelEntry {
  const fitting = [...models.values()].filter(({ facts }) => task === undefined || facts.task === task);
  const names = fitting.map(({ facts }) => facts.name);
  if (name === undefined && fitting.length > 1)
    throw new RequestError(400, `model: expected one of ${names.join(', ')}`);
  if (fitting.length === 0) throw new RequestError(404, `There is no model of ${task} here.`);
  const entry = name === undefined ? fitting[0] : models.get(String(name));
  if (entry === undefined)
    throw new RequestError(404, `There is no such model; there are ${[...models.keys()].join(', ')}.`);
  if (!fitting.includes(entry)) {
    const { facts } = entry;
    throw new RequestError(400, `${facts.name} is a model of ${facts.task}: use POST ${routes[facts.task]}.`);
  }
  return entry;
}
