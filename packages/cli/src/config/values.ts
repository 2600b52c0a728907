import { nearestWord } from '@sshn/core';
import type { RunConfigInput } from '@sshn/training';
import type { ConfigWord, NumberRange, WordChoice, WordType } from './words.js';

/** A text of the command line that is not what its flag takes: the message says what is. */
export class WordError extends Error {
  override readonly name = 'WordError';
}

/**
 * Reads the value of a configuration word from a text of the command line.
 *
 * Lists are separated by commas, sizes by `x`; 'none' stands for null where that is allowed.
 *
 * @throws {WordError} saying what is expected.
 * @example
 * parseWord(learningRateWord, '1e-3');   // 0.001
 */
export function parseWord(word: Pick<ConfigWord, 'type' | 'isNullable'>, text: string): unknown {
  if (word.isNullable && text === 'none') return null;
  const { type } = word;
  if (type.kind === 'list') {
    const items = text.split(/[,x×]/).map((item) => parseItem(type.item, item.trim(), describeType(word)));
    return type.orSingle && items.length === 1 ? items[0] : items;
  }
  if (type.kind === 'text') return text;
  if (type.kind === 'number' || type.kind === 'choice') return parseItem(type, text, describeType(word));
  throw new Error(`internal: no text form for ${type.kind}`);
}

/** What a word takes, for help and errors: 'a number ≥ 0', "'adam', 'adamW' or 'sgd'". */
export function describeType({ type, isNullable }: Pick<ConfigWord, 'type' | 'isNullable'>): string {
  return describe(type) + (isNullable ? ", or 'none'" : '');
}

function parseItem(type: NumberRange | WordChoice, text: string, expected: string): number | string {
  if (type.kind === 'choice') {
    if (type.words.includes(text)) return text;
    const near = nearestWord(text, type.words);
    throw new WordError(`Expected ${expected}.${near === undefined ? '' : ` Did you mean '${near}'?`}`);
  }
  const value = text === '' ? Number.NaN : Number(text);
  const { isInteger, least, most, above, below } = type;
  const fits =
    Number.isFinite(value) &&
    (!isInteger || Number.isSafeInteger(value)) &&
    value >= (least ?? -Infinity) &&
    value <= (most ?? Infinity) &&
    value > (above ?? -Infinity) &&
    value < (below ?? Infinity);
  if (!fits) throw new WordError(`Expected ${expected}.`);
  return value;
}

function describe(type: WordType): string {
  switch (type.kind) {
    case 'text':
      return 'a text';
    case 'boolean':
      return 'true or false';
    case 'choice':
      return anyOf(type.words);
    case 'variants':
      return `an object whose kind is ${anyOf(type.variants)}`;
    case 'number':
      return describeRange(type);
    case 'list': {
      const item = describe(type.item);
      if (type.orSingle) return `${item}, or several separated by commas`;
      return `${item.replace(/^an? (\w+)/, '$1s')}, separated by commas`;
    }
  }
}

function describeRange({ isInteger, least, most, above, below }: NumberRange): string {
  const noun = isInteger ? 'an integer' : 'a number';
  const low = least ?? above;
  const high = most ?? below;
  if (low !== undefined && high !== undefined) {
    return `${noun} in ${least === undefined ? '(' : '['}${low}, ${high}${most === undefined ? ')' : ']'}`;
  }
  if (low !== undefined) return `${noun} ${least === undefined ? '>' : '≥'} ${low}`;
  if (high !== undefined) return `${noun} ${most === undefined ? '<' : '≤'} ${high}`;
  return noun;
}

function anyOf(words: readonly string[]): string {
  const quoted = words.map((word) => `'${word}'`);
  return quoted.length < 2
    ? quoted.join('')
    : `${quoted.slice(0, -1).join(', ')} or ${quoted[quoted.length - 1]}`;
}

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
 * `--intensity zScore`, `percentile:1,99` or `window:-160,240`: how intensities are normalized.
 *
 * @throws {WordError} if it is none of the normalizations.
 */
export function parseIntensity(text: string): NonNullable<RunConfigInput['intensity']> {
  const [kind, bounds, ...more] = text.split(':');
  if ((kind === 'none' || kind === 'minMax' || kind === 'zScore') && bounds === undefined) return { kind };
  const [low, high, ...rest] = bounds?.split(',') ?? [];
  const isPair = low !== undefined && high !== undefined && more.length + rest.length === 0;
  if (!isPair || (kind !== 'percentile' && kind !== 'window')) {
    throw new WordError(
      "Expected 'none', 'minMax', 'zScore', two percentiles such as 'percentile:1,99' or a window such as 'window:-160,240'.",
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
