import type { Factor } from '@sshn/core';
import type { FactorResult } from '@sshn/training';
import { costText, diceText, factorText } from '../text/numbers.js';
import { textTable } from '../text/table.js';

/** Results as a text table: one row per factor, one column per label. */
export function resultsTable(results: ReadonlyArray<FactorResult<Factor>>): string {
  const labels = Object.keys(results[0]?.diceByLabel ?? {});
  const unit = results[0]?.surface?.unit;
  return textTable(
    ['φ', 'Dice', ...labels, ...surfaceNames(unit), 'GFLOPs', 'ms', 'undefined'],
    results.map(({ factor, dice, diceByLabel, surface, gflops, milliseconds, undefinedCases }) => [
      factorText(factor),
      diceText(dice),
      ...labels.map((label) => diceText(diceByLabel[label])),
      ...(surface === undefined
        ? []
        : [surface.hausdorff95, surface.averageDistance, surface.surfaceDice].map((value) =>
            value.toFixed(2),
          )),
      costText(gflops),
      costText(milliseconds),
      String(undefinedCases),
    ]),
  );
}

function surfaceNames(unit: 'mm' | 'pixels' | undefined): string[] {
  return unit === undefined ? [] : [`HD95 ${unit}`, `ASSD ${unit}`, 'surface Dice'];
}
