import { nearestWord } from '@sshn/core';
import type { ConfigWord, NumberRange, WordChoice, WordType } from './schema-words.js';

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
