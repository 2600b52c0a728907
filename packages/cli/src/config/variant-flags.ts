import type { RunConfigInput } from '@sshn/training';
import { parseWord, WordError } from './parse-word.js';

type ConstantPrior = Extract<NonNullable<RunConfigInput['prior']>, { kind: 'constant' }>;

const factorWord = {
  type: { kind: 'number', isInteger: false, least: 0, most: 1 },
  isNullable: false,
} as const;
const percentWord = {
  type: { kind: 'number', isInteger: false, least: 0, most: 100 },
  isNullable: false,
} as const;

const factorListWord = {
  type: { kind: 'list', item: factorWord.type, orSingle: true },
  isNullable: false,
} as const;

/** One factor such as '0.25', or one for each downsampling step such as '0.3,0.4,0.5'. */
export function parseFactor(text: string): number | number[] {
  return parseWord(factorListWord, text) as number | number[];
}

/** `--factor 0.25`: the one factor of a run, `{ kind: 'constant', factor: 0.25 }`; `--factor 0.3,0.4,0.5`: one per step. */
export function parseConstantPrior(text: string): ConstantPrior {
  return { kind: 'constant', factor: parseFactor(text) };
}

/**
 * `--prior 0,0.5`: factors drawn uniformly, `{ kind: 'uniform', low: 0, high: 0.5 }`; `--prior 0,0.5,0.2`: a fifth of the
 * draws are the lowest or the highest one, `endpoints: 0.2`.
 *
 * @throws {WordError} unless there are two factors in [0, 1], the lower first, and perhaps a share.
 */
export function parseUniformPrior(text: string): NonNullable<RunConfigInput['prior']> {
  const [low, high, endpoints, ...more] = text
    .split(',')
    .map((item) => parseWord(factorWord, item.trim()) as number);
  if (low === undefined || high === undefined || more.length > 0 || low > high) {
    throw new WordError(
      "Expected two numbers in [0, 1], the lower first, such as '0,0.5', and perhaps a share.",
    );
  }
  return { kind: 'uniform', low, high, ...(endpoints === undefined ? {} : { endpoints }) };
}

/**
 * `--intensity zScore` or `--intensity percentile:1,99`: how intensities are normalized.
 *
 * @throws {WordError} if it is none of the normalizations.
 */
export function parseIntensity(text: string): NonNullable<RunConfigInput['intensity']> {
  const [kind, bounds, ...more] = text.split(':');
  if ((kind === 'none' || kind === 'minMax' || kind === 'zScore') && bounds === undefined) return { kind };
  const [low, high, ...rest] = bounds?.split(',') ?? [];
  if (kind !== 'percentile' || low === undefined || high === undefined || more.length + rest.length > 0) {
    throw new WordError("Expected 'none', 'minMax', 'zScore' or two percentiles such as 'percentile:1,99'.");
  }
  return { kind, low: parseWord(percentWord, low) as number, high: parseWord(percentWord, high) as number };
}
