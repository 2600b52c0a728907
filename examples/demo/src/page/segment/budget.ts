import { type AccuracyCostPoint, BudgetError, type NamedSetting, pick } from '@sshn/model';
import type { Compute } from '../compute.js';
import { element, input, select } from '../element.js';
import { attempt } from '../errors.js';

/** What the budget box works with. */
export interface BudgetOptions {
  readonly compute: Compute;
  /** The accuracy–cost table of the open model. */
  manifestPoints(): readonly AccuracyCostPoint[];
  choose(at: NamedSetting): Promise<void>;
}

/** Makes the budget box pick a setting: by FLOPs from the model's table, by milliseconds from what this device measures first. */
export function wireBudget({ compute, manifestPoints, choose }: BudgetOptions): { forget(): void } {
  const reason = element('reason');
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
  element('budget').addEventListener('submit', (event) => {
    event.preventDefault();
    void attempt(async () => {
      const limit = input('limit').valueAsNumber;
      const unit = select('limit-unit').value;
      const isTime = unit === 'milliseconds';
      const points = isTime || manifestPoints().length === 0 ? await onThisDevice() : manifestPoints();
      const budget = isTime ? { milliseconds: limit } : { gflops: unit === 'gflops' ? limit : limit / 1000 };
      try {
        const { chosen, reason: why } = pick(points, budget);
        reason.textContent = why;
        await choose(chosen);
      } catch (error) {
        if (!(error instanceof BudgetError)) throw error;
        reason.textContent = error.message;
      }
    });
  });
  return {
    forget: () => {
      measured = undefined;
      reason.textContent = 'The most accurate setting within it is picked, and said why.';
      // A limit between the least and the greatest cost of the open model, in the chosen unit.
      const costs = manifestPoints().flatMap(({ gflops }) => (gflops === null ? [] : [gflops]));
      const unit = select('limit-unit').value;
      if (costs.length === 0 || unit === 'milliseconds') return;
      const middle = Math.sqrt(Math.min(...costs) * Math.max(...costs)) * (unit === 'gflops' ? 1 : 1000);
      input('limit').value = String(Number(middle.toPrecision(2)));
    },
  };
}
