import type { Factor } from '@sshn/core';
import type { FactorResult } from '@sshn/training';
import { costText, diceText, factorText } from '../text/numbers.js';
import { textTable } from '../text/table.js';

/** More labels than these make no table that fits a terminal; `results.json` has all. */
const mostLabels = 8;

/** Results as a text table: one row per factor, one column per label unless there are many. */
export function resultsTable(results: ReadonlyArray<FactorResult<Factor>>): string {
  const all = Object.keys(results[0]?.diceByLabel ?? {});
  const labels = all.length > mostLabels ? [] : all;
  const isRegistration = results[0]?.foldedPercent !== undefined;
  const unit = results[0]?.surface?.unit;
  return textTable(
    [
      'φ',
      ...(isRegistration ? ['Dice before'] : []),
      'Dice',
      ...labels,
      ...surfaceNames(unit),
      ...(isRegistration ? ['folded %'] : []),
      'GFLOPs',
      'ms',
      'undefined',
    ],
    results.map(
      ({ factor, dice, diceByLabel, surface, gflops, milliseconds, undefinedCases, ...aligned }) => [
        factorText(factor),
        ...(isRegistration ? [diceText(aligned.diceBefore)] : []),
        diceText(dice),
        ...labels.map((label) => diceText(diceByLabel[label])),
        ...(surface === undefined
          ? []
          : [surface.hausdorff95, surface.averageDistance, surface.surfaceDice].map((value) =>
              value.toFixed(2),
            )),
        ...(isRegistration ? [(aligned.foldedPercent ?? 0).toFixed(3)] : []),
        costText(gflops),
        costText(milliseconds),
        String(undefinedCases),
      ],
    ),
  );
}

function surfaceNames(unit: 'mm' | 'pixels' | undefined): string[] {
  return unit === undefined ? [] : [`HD95 ${unit}`, `ASSD ${unit}`, 'surface Dice'];
}
