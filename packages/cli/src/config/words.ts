import { runConfigSchema } from '@sshn/training';
import { z } from 'zod';

/** The part of JSON Schema that describes one word of a configuration. */
interface WordSchema {
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly const?: string;
  readonly enum?: readonly string[];
  readonly items?: WordSchema;
  readonly anyOf?: readonly WordSchema[];
  readonly oneOf?: readonly WordSchema[];
  readonly properties?: Readonly<Record<string, WordSchema>>;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly exclusiveMaximum?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
}

/** A number that a configuration may hold: whether it is whole, and between what. */
export interface NumberRange {
  readonly kind: 'number';
  readonly isInteger: boolean;
  readonly least?: number;
  readonly most?: number;
  /** Bounds that are themselves not allowed. */
  readonly above?: number;
  readonly below?: number;
}

/** One of some words. */
export interface WordChoice {
  readonly kind: 'choice';
  readonly words: readonly string[];
}

/** What a configuration may hold at one place. */
export type WordType =
  | NumberRange
  | WordChoice
  | { readonly kind: 'boolean' }
  /** Any text. */
  | { readonly kind: 'text' }
  | { readonly kind: 'list'; readonly item: NumberRange | WordChoice; readonly orSingle: boolean }
  /** One of several objects, told apart by their `kind`: has flags written by hand. */
  | { readonly kind: 'variants'; readonly variants: readonly string[] };

/** One word of the configuration: a leaf of the schema. */
export interface ConfigWord {
  /** `['optimizer', 'learningRate']`. */
  readonly path: readonly string[];
  readonly type: WordType;
  readonly isNullable: boolean;
  readonly description: string;
  /** Undefined where the value follows from the data or the method. */
  readonly default: unknown;
}

/** Every word that a configuration may hold, in the order of the schema of a run. */
export const configWords: readonly ConfigWord[] = leaves(
  z.toJSONSchema(runConfigSchema, { io: 'input' }) as WordSchema,
  [],
  '',
);

/** The keys allowed at a place of the configuration; undefined where there is no object. */
export function keysAt(path: readonly string[]): string[] | undefined {
  const inside = configWords.filter((word) => path.every((key, i) => word.path[i] === key));
  const keys = inside.flatMap(({ path: full }) => full.slice(path.length, path.length + 1));
  return keys.length === 0 ? undefined : [...new Set(keys)];
}

function leaves(schema: WordSchema, path: readonly string[], above: string): ConfigWord[] {
  const description = schema.description ?? above;
  if (schema.properties !== undefined) {
    return Object.entries(schema.properties).flatMap(([key, inner]) =>
      leaves(inner, [...path, key], description),
    );
  }
  const choices = schema.anyOf?.filter(({ type }) => type !== 'null') ?? [];
  return [
    {
      path,
      type: wordType(choices.length === 1 ? choices[0]! : schema, path),
      isNullable: schema.anyOf?.some(({ type }) => type === 'null') ?? false,
      description,
      default: schema.default,
    },
  ];
}

function wordType(schema: WordSchema, path: readonly string[]): WordType {
  const list = schema.type === 'array' ? schema : schema.anyOf?.find(({ type }) => type === 'array');
  if (list !== undefined) {
    const item = wordType(list.items!, path);
    if (item.kind === 'number' || item.kind === 'choice') {
      return { kind: 'list', item, orSingle: list !== schema };
    }
  }
  if (schema.oneOf !== undefined) {
    return { kind: 'variants', variants: schema.oneOf.flatMap((one) => one.properties?.kind?.const ?? []) };
  }
  if (schema.type === 'boolean') return { kind: 'boolean' };
  if (schema.type === 'string') {
    const words = schema.enum ?? (schema.const === undefined ? undefined : [schema.const]);
    return words === undefined ? { kind: 'text' } : { kind: 'choice', words };
  }
  if (schema.type === 'number' || schema.type === 'integer') return numberRange(schema);
  throw new Error(`internal: no flag is written for ${path.join('.')}: ${JSON.stringify(schema)}`);
}

function numberRange(schema: WordSchema): NumberRange {
  const bounds = {
    least: schema.minimum,
    most: schema.maximum === Number.MAX_SAFE_INTEGER ? undefined : schema.maximum,
    above: schema.exclusiveMinimum,
    below: schema.exclusiveMaximum,
  };
  const given = Object.entries(bounds).filter(([, bound]) => bound !== undefined);
  return { kind: 'number', isInteger: schema.type === 'integer', ...Object.fromEntries(given) };
}
