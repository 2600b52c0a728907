import { ValueError } from '@sshn/core';
import {
  type AccuracyCostPoint,
  type Budget,
  BudgetError,
  isLimited,
  type NamedSetting,
  pick,
} from '@sshn/model';
import type { Compute } from '../compute.js';
import { element, input } from '../element.js';
import { attempt } from '../errors.js';

/** What the budget box works with. */
export interface BudgetOptions {
  readonly compute: Compute;
  /** The accuracy–cost table of the open model. */
  manifestPoints(): readonly AccuracyCostPoint[];
  choose(at: NamedSetting): Promise<void>;
}

/** The budget box, for the rest of the page. */
export interface BudgetBox {
  /** What was measured and said holds no longer. */
  forget(): void;
  /** Another model: a limit that some of its settings keep, and no others. */
  suggest(): void;
}

const limits = ['gflops', 'milliseconds', 'mebibytes', 'dice'] as const;

/** Makes the budget box pick a setting within all limits that are given; for milliseconds this device is measured first. */
export function wireBudget({ compute, manifestPoints, choose }: BudgetOptions): BudgetBox {
  const reason = element('reason');
  let counted: readonly AccuracyCostPoint[] | undefined;
  let measured: readonly AccuracyCostPoint[] | undefined;

  const onThisDevice = async () => {
    measured ??= await compute.call(
      'calibrate',
      {},
      {
        onProgress: (share) => {
          reason.textContent = `Measuring this device: ${Math.round(100 * share)} %`;
        },
      },
    );
    return measured;
  };
  const pointsFor = async ({ milliseconds }: Budget) => {
    if (milliseconds !== undefined || manifestPoints().length === 0) return onThisDevice();
    counted ??= await compute.call('points', {});
    return counted;
  };
  const answer = (dice: string, why: string) => {
    element('expected').textContent = dice;
    reason.textContent = why;
  };
  element('budget').addEventListener('submit', (event) => {
    event.preventDefault();
    void attempt(async () => {
      const budget = budgetOf();
      if (!isLimited(budget)) return answer('', 'Give one limit, or several.');
      const points = await pointsFor(budget);
      try {
        const { chosen, reason: why } = pick(points, budget);
        answer(chosen.dice === null ? 'Dice unknown' : `Expected Dice ${chosen.dice.toFixed(3)}`, why);
        await choose(chosen);
      } catch (error) {
        if (!(error instanceof BudgetError || error instanceof ValueError)) throw error;
        answer('', error.message);
      }
    });
  });
  return {
    forget: () => {
      [counted, measured] = [undefined, undefined];
      answer(
        '',
        'The most accurate setting within it is picked, with Dice alone the cheapest, and said why.',
      );
    },
    suggest: () => {
      for (const limit of limits) fieldOf(limit).value = '';
      const costs = manifestPoints().flatMap(({ gflops }) => (gflops === null ? [] : [gflops]));
      if (costs.length === 0) return;
      const middle = Math.sqrt(Math.min(...costs) * Math.max(...costs));
      fieldOf('gflops').value = String(Number(middle.toPrecision(2)));
    },
  };
}

function fieldOf(limit: (typeof limits)[number]): HTMLInputElement {
  return input(`limit-${limit}`);
}

/** The limits of the fields that are not empty. */
function budgetOf(): Budget {
  return Object.fromEntries(
    limits.flatMap((limit) => {
      const { value, valueAsNumber } = fieldOf(limit);
      return value === '' ? [] : [[limit, valueAsNumber]];
    }),
  );
}
