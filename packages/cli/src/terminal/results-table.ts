import type { Factor } from '@sshn/core';
import type { FactorResult } from '@sshn/training';
import { costText, diceText, factorText } from '../text/numbers.js';
import { textTable } from '../text/table.js';

/** Results as a text table: one row per factor, one column per label. */
export function resultsTable(results: ReadonlyArray<FactorResult<Factor>>): string {
  const labels = Object.keys(results[0]?.diceByLabel ?? {});
  return textTable(
    ['φ', 'Dice', ...labels, 'GFLOPs', 'ms', 'undefined'],
    results.map(({ factor, dice, diceByLabel, gflops, milliseconds, undefinedCases }) => [
      factorText(factor),
      diceText(dice),
      ...labels.map((label) => diceText(diceByLabel[label])),
      costText(gflops),
      costText(milliseconds),
      String(undefinedCases),
    ]),
  );
}
