import type { FactorResult } from '@sshn/training';

/** A result with the given parts; the others are plausible. */
export function result(parts: Partial<FactorResult>): FactorResult {
  return {
    factor: 0.25,
    dice: 0.9,
    diceByLabel: { cytoplasm: 0.85, nucleus: 0.95 },
    undefinedCases: 0,
    gflops: 0.5,
    milliseconds: 12,
    ...parts,
  };
}

/** Results at 0, 0.1, … 0.5 whose Dice rises, but for a dip at 0.4, and whose cost rises. */
export const risingResults: readonly FactorResult[] = [0.5, 0.7, 0.8, 0.9, 0.85, 0.95].map((dice, i) =>
  result({ factor: i / 10, dice, gflops: 0.5 + i / 10, milliseconds: 5 + i }),
);
