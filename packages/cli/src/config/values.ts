import { resolve } from 'node:path';
import { describeOption, isNumber, nearestWord, type Option, type OptionType } from '@sshn/core';
import type { RunConfigInput } from '@sshn/training';

/** A text of the command line that is not what its flag takes: the message says what is. */
export class WordError extends Error {
  override readonly name = 'WordError';
}

/** What a flag takes. */
type Takes = Pick<Option, 'type' | 'nullable'>;
type ItemType = Extract<OptionType, { kind: 'number' | 'choice' }>;

/**
 * Reads the value of an option from a text of the command line.
 *
 * Lists are separated by commas, sizes by `x`; 'none' stands for null where that is allowed.
 *
 * @throws {WordError} saying what is expected.
 * @example
 * parseWord(optimizerOptions.learningRate, '1e-3');   // 0.001
 */
export function parseWord(option: Takes, text: string): unknown {
  if (option.nullable && text === 'none') return null;
  const { type } = option;
  const expected = describeWord(option);
  switch (type.kind) {
    case 'text':
      return text;
    case 'number':
    case 'choice':
      return parseItem(type, text, expected);
    case 'list': {
      const items = text.split(/[,x×]/).map((item) => parseItem(type.item, item.trim(), expected));
      return type.orSingle && items.length === 1 ? items[0] : items;
    }
    default:
      throw new Error(`internal: no text form for ${type.kind}`);
  }
}

/** What an option takes on the command line, for help and errors: 'a number ≥ 0', "'adam', 'adamW' or 'sgd'". */
export function describeWord({ type, nullable }: Takes): string {
  return inWords(type) + (nullable ? ", or 'none'" : '');
}

function inWords(type: OptionType): string {
  if (type.kind !== 'list') return describeOption({ type, nullable: false });
  const item = describeOption({ type: type.item, nullable: false });
  if (type.orSingle) return `${item}, or several separated by commas`;
  return `${item.replace(/^an? (\w+)/, '$1s')}, separated by commas`;
}

/** The word that is meant: one that is spelled nearly so, or the first that holds the text or is held by it. */
export function likelyWord(text: string, words: readonly string[]): string | undefined {
  const lower = text.toLowerCase();
  const contains = (a: string, b: string): boolean => b.length > 2 && a.toLowerCase().includes(b);
  return (
    words.find((word) => word.toLowerCase() === lower) ??
    nearestWord(text, words) ??
    words.find((word) => contains(word, lower) || contains(text, word.toLowerCase()))
  );
}

function parseItem(type: ItemType, text: string, expected: string): number | string {
  if (type.kind === 'choice') {
    if (type.words.includes(text)) return text;
    const near = likelyWord(text, type.words);
    throw new WordError(`Expected ${expected}.${near === undefined ? '' : ` Did you mean '${near}'?`}`);
  }
  const value = text === '' ? Number.NaN : Number(text);
  if (!isNumber(type, value)) throw new WordError(`Expected ${expected}.`);
  return value;
}

type ConstantPrior = Extract<NonNullable<RunConfigInput['prior']>, { kind: 'constant' }>;

const factorWord = {
  type: { kind: 'number', least: 0, most: 1 },
  nullable: false,
} as const;
const percentWord = {
  type: { kind: 'number', least: 0, most: 100 },
  nullable: false,
} as const;

const factorListWord = {
  type: { kind: 'list', item: factorWord.type, least: 1, most: 64, orSingle: true },
  nullable: false,
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
 * `--intensity zScore`, `percentile:1,99` or `window:-160,240`: how intensities are normalized.
 *
 * @throws {WordError} if it is none of the normalizations.
 */
export function parseIntensity(text: string): NonNullable<RunConfigInput['intensity']> {
  const [kind, bounds, ...more] = text.split(':');
  if ((kind === 'auto' || kind === 'none' || kind === 'minMax' || kind === 'zScore') && bounds === undefined)
    return { kind };
  const [low, high, ...rest] = bounds?.split(',') ?? [];
  const isPair = low !== undefined && high !== undefined && more.length + rest.length === 0;
  if (!isPair || (kind !== 'percentile' && kind !== 'window')) {
    throw new WordError(
      "Expected 'auto', 'none', 'minMax', 'zScore', two percentiles such as 'percentile:1,99' or a window such as 'window:-160,240'.",
    );
  }
  if (kind === 'window') {
    const ends = [Number(low), Number(high)] as const;
    if (!(ends[0] < ends[1]))
      throw new WordError("Expected two numbers, the lower first: 'window:-160,240'.");
    return { kind, low: ends[0], high: ends[1] };
  }
  return { kind, low: parseWord(percentWord, low) as number, high: parseWord(percentWord, high) as number };
}

/**
 * `--split 60/20/20`, shares of training, validation and test, or `--split FILE.json`, lists of ids.
 *
 * @throws {WordError} unless it is a JSON file's name, or there are three shares ≥ 0.
 */
export function parseSplit(text: string): NonNullable<RunConfigInput['split']> {
  if (/\.json$/i.test(text)) return { kind: 'file', path: resolve(text) };
  const shares = text.split('/').map((share) => (share.trim() === '' ? Number.NaN : Number(share)));
  const [train = 0, validation = 0, test = 0] = shares;
  if (shares.length === 3 && train > 0 && validation > 0 && test >= 0 && shares.every(Number.isFinite)) {
    return { kind: 'shares', train, validation, test };
  }
  throw new WordError(
    'Expected three shares such as 60/20/20, for training, validation and test, or a .json file of ids.',
  );
}
