import type { NumberType, Option, Options, OptionType } from './option.js';

/** An option that holds no further options, and where it is. */
export interface OptionLeaf {
  readonly path: readonly string[];
  readonly option: Option;
}

/** All options that hold no further ones, in the order in which they are described. Variants count as one. */
export function leavesOf(options: Options, path: readonly string[] = []): OptionLeaf[] {
  return Object.entries(options).flatMap(([name, one]) =>
    one.type.kind === 'record'
      ? leavesOf(one.type.options, [...path, name])
      : [{ path: [...path, name], option: one }],
  );
}

/** What an option takes, in words: 'a number ≥ 0', "'adam', 'adamW' or 'sgd'". */
export function describeOption({ type, nullable }: Pick<Option, 'type' | 'nullable'>): string {
  return describeType(type) + (nullable ? ', or null' : '');
}

/** What a type takes, in words. */
export function describeType(type: OptionType): string {
  switch (type.kind) {
    case 'text':
      return 'a text';
    case 'boolean':
      return 'true or false';
    case 'choice':
      return anyOf(type.words);
    case 'variants':
      return `a record whose kind is ${anyOf(Object.keys(type.variants))}`;
    case 'record':
      return `a record with ${Object.keys(type.options).join(', ')}`;
    case 'number':
      return describeNumber(type);
    case 'list': {
      const item = describeType(type.item);
      return type.orSingle
        ? `${item}, or a list of them`
        : `a list of ${item.replace(/^an? ([\w ]*?)(number|integer)/, '$1$2s')}`;
    }
  }
}

function describeNumber({ integer, odd, least, most, above, below }: NumberType): string {
  const noun = `an ${odd ? 'odd ' : ''}${integer ? 'integer' : 'number'}`.replace(/^an n/, 'a n');
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
