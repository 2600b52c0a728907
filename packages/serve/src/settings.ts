import { ValueError } from '@sshn/core';
import {
  type AccuracyCostPoint,
  isLimited,
  type NamedSetting,
  outsideTraining,
  pick,
  settingText,
} from '@sshn/model';
import { isCascaded } from '@sshn/predict';
import type { LatencyController } from './controller.js';
import { ladderOf } from './ladder.js';
import { WorkerFaultError } from './pool.js';
import { RequestError } from './problem.js';
import type { Measured, ModelFacts, ServedSetting, WorkRequest } from './protocol.js';
import type { Choice } from './request.js';

/** A setting for a request, and why. */
export interface ChosenSetting {
  readonly setting: ServedSetting;
  /** For people: why this setting, and whether the model was trained for less. */
  readonly reason: string;
}

/** A model that is served: what it is, and the settings it goes through under load. */
export class ModelEntry {
  readonly ladder: readonly AccuracyCostPoint[];
  #measured: Measured | undefined;
  readonly #waiting = new Set<() => void>();

  /** @throws {ValueError} if no setting of the model is known to reach `minDice`. */
  constructor(
    readonly facts: ModelFacts,
    minDice?: number,
  ) {
    this.ladder = ladderOf(facts, minDice);
  }

  /** The model's table with milliseconds of this machine; empty until all of it is measured, as a part would choose otherwise. */
  get measured(): readonly AccuracyCostPoint[] {
    return this.#measured !== undefined && 'points' in this.#measured ? this.#measured.points : [];
  }

  /** The settings of its cascade as `ModelFacts` has them, with milliseconds once they are measured. */
  get cascade(): ModelFacts['cascade'] {
    return this.#measured !== undefined && 'cascade' in this.#measured
      ? this.#measured.cascade
      : this.facts.cascade;
  }

  /** Measuring is over. */
  settle(measured: Measured): void {
    this.#measured = measured;
    for (const go of this.#waiting) go();
  }

  /**
   * Waits until milliseconds of this machine are known.
   *
   * @throws {RequestError} 503 if the signal comes first. @throws {WorkerFaultError} if they could not be measured.
   */
  async whenMeasured(signal: AbortSignal): Promise<void> {
    if (this.#measured === undefined) {
      await new Promise<void>((resolve, reject) => {
        const go = (): void => {
          this.#waiting.delete(go);
          signal.removeEventListener('abort', stop);
          resolve();
        };
        const stop = (): void => {
          this.#waiting.delete(go);
          const words = 'How long settings take is still being measured on this machine. Try again later.';
          reject(new RequestError(503, words));
        };
        this.#waiting.add(go);
        signal.addEventListener('abort', stop, { once: true });
      });
    }
    if (this.#measured !== undefined && 'fault' in this.#measured)
      throw new WorkerFaultError(this.#measured.fault);
  }

  /**
   * The setting for a request: its own, the one for its budget, else the one that the latency target allows now. One with `uncertainty` or
   * `cascade`, or with `dice` and a limit of cost, goes through the model's cascade. Of one with `milliseconds` after `whenMeasured`.
   *
   * @throws {BudgetError} if no setting meets the budget. @throws {ValueError} if the model has no cascade, and the request asks for it.
   */
  choose(asked: Choice, controller: LatencyController | undefined): ChosenSetting {
    const cascade = isCascaded(this.cascade, asked);
    if (asked.uncertainty === true || cascade) return this.#throughCascade({ ...asked, cascade });
    const { factor, width, inputResolution, gflops, milliseconds, mebibytes, dice } = asked;
    if (factor !== undefined) {
      const named = { factor, width: width ?? 1, resolution: inputResolution ?? 1 };
      const reason = this.#told(named, `Factor ${settingText(named)}, as asked for.`);
      return { setting: { factor, width, inputResolution }, reason };
    }
    const budget = { gflops, milliseconds, mebibytes, dice };
    if (isLimited(budget)) {
      // The table may hold milliseconds of another machine; those of this one were measured.
      const { chosen, reason } = pick(milliseconds === undefined ? this.facts.points : this.measured, budget);
      return { setting: servedSetting(chosen), reason };
    }
    const { low, high } = this.facts.factors;
    if (width !== undefined || inputResolution !== undefined) {
      const named = { factor: high, width: width ?? 1, resolution: inputResolution ?? 1 };
      const setting = { factor: undefined, width, inputResolution };
      const reason = this.#told(named, `Factor ${settingText(named)}: width and resolution as asked for.`);
      return { setting, reason };
    }
    if (this.facts.isPlain || (low === high && this.ladder.length === 1))
      return { setting: {}, reason: 'The model has one setting alone.' };
    if (controller === undefined)
      return { setting: { factor: high }, reason: `Factor ${high}, the largest of training.` };
    const rung = Math.round(controller.share * (this.ladder.length - 1));
    const chosen = this.ladder[rung]!;
    const all = this.ladder.length;
    return {
      setting: servedSetting(chosen),
      reason: `Factor ${settingText(chosen)}, step ${rung + 1} of ${all}, ${rung + 1 === all ? 'the most accurate' : 'to hold the latency under load'}.`,
    };
  }

  /** A reason, and behind it that the model was trained for less, if it was. */
  #told(named: NamedSetting, reason: string): string {
    const outside = outsideTraining(this.facts.trained, named);
    return outside === undefined ? reason : `${reason} ${outside}`;
  }

  /** How far through the cascade; a worker says why it ended where it did. */
  #throughCascade({ uncertainty, cascade, gflops, milliseconds, mebibytes, dice }: Choice): ChosenSetting {
    const { name } = this.facts;
    const rungs = this.cascade;
    if (rungs.length === 0) {
      throw new ValueError({
        where: 'uncertainty, cascade',
        got: `${name}, a model that was not fitted to tell how sure it is`,
        expected: 'one with a cascade in its manifest',
        hint: 'Run `sshn pareto` on its run: it learns that from the validation images.',
      });
    }
    // Of a cascade, Dice is what the image has to reach, not what all images do on average.
    const costs = { gflops, milliseconds, mebibytes };
    const limits = cascade === true ? costs : { ...costs, dice };
    // Workers other than the first have not measured this machine: they get the cost in FLOPs.
    const last = isLimited(limits) ? pick(rungs, limits).chosen : undefined;
    const setting = {
      uncertainty,
      cascade,
      gflops: last?.gflops ?? undefined,
      ...(cascade === true ? { dice } : {}),
    };
    return { setting, reason: '' };
  }
}

function servedSetting({ factor, width, resolution }: AccuracyCostPoint): ServedSetting {
  return { factor, width, inputResolution: resolution };
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
