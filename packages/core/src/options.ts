/**
 * Descriptors of options: each owner of something configurable says once what it takes, as data. The checks of values from
 * files, the flags of the command line, its help and the tables of the docs all derive from them.
 */
import { nearestWord, OptionError, SshnError, ValueError } from './errors.js';

/** A number: whether it is whole or odd, and between what. */
export interface NumberType {
  readonly kind: 'number';
  readonly integer?: boolean;
  readonly odd?: boolean;
  readonly least?: number;
  readonly most?: number;
  /** Bounds that are themselves not allowed. */
  readonly above?: number;
  readonly below?: number;
}

/** One of some words. */
export interface ChoiceType {
  readonly kind: 'choice';
  readonly words: readonly string[];
}

/** A list of numbers or words; with `orSingle` one alone need not be a list. */
export interface ListType {
  readonly kind: 'list';
  readonly item: NumberType | ChoiceType;
  /** How many entries it has. */
  readonly least: number;
  readonly most: number;
  readonly orSingle: boolean;
}

/** What an option may hold. */
export type OptionType =
  | NumberType
  | ChoiceType
  | ListType
  | { readonly kind: 'boolean' }
  | { readonly kind: 'text' }
  | { readonly kind: 'record'; readonly options: Options; readonly check?: RecordCheck }
  /** One of several records, told apart by their `kind`. */
  | {
      readonly kind: 'variants';
      readonly variants: Readonly<Record<string, Options>>;
      readonly check?: RecordCheck;
    };

/** Whether an option has to be given, may be left out, or has a default. */
export type Presence = 'required' | 'optional' | 'defaulted';

/**
 * One option: what it may hold, its default, and a sentence on what it does.
 *
 * @typeParam Value What it holds once defaults are filled in.
 * @typeParam Given How it is given; differs from `Value` where records inside have defaults.
 */
export interface Option<Value = unknown, P extends Presence = Presence, Given = Value> {
  readonly type: OptionType;
  readonly presence: P;
  /** Whether null is allowed, which switches it off. */
  readonly nullable: boolean;
  readonly default?: Value;
  /** The default in words, where it depends on something else. */
  readonly usually?: string;
  readonly help: string;
  /** Never set: carries the type of how it is given. */
  readonly given?: Given;
}

/** Options by name. */
export type Options = Readonly<Record<string, Option>>;

type KeysOf<O extends Options, P extends Presence> = {
  [Name in keyof O]: O[Name] extends Option<infer _V, infer Q, infer _G>
    ? Q extends P
      ? Name
      : never
    : never;
}[keyof O];
type ValueOf<One> = One extends Option<infer V, infer _P, infer _G> ? V : never;
type GivenOf<One> = One extends Option<infer _V, infer _P, infer G> ? G : never;
type Flat<T> = { readonly [Key in keyof T]: T[Key] };

/** The values of options, defaults filled in. */
export type ValuesOf<O extends Options> = Flat<
  { [Name in KeysOf<O, 'required' | 'defaulted'>]: ValueOf<O[Name]> } & {
    [Name in KeysOf<O, 'optional'>]?: ValueOf<O[Name]>;
  }
>;

/** Options as a user gives them: what has a default may be left out. */
export type GivenOptions<O extends Options> = Flat<
  { [Name in KeysOf<O, 'required'>]: GivenOf<O[Name]> } & {
    [Name in KeysOf<O, 'optional' | 'defaulted'>]?: GivenOf<O[Name]>;
  }
>;

/** Something wrong with options, and where. */
export interface OptionFault {
  /** Names from the outside in: `['optimizer', 'learningRate']`. */
  readonly path: readonly string[];
  readonly message: string;
}

/** Finds what is wrong with a record whose options are right one by one; the builders type it by the record's options. */
type RecordCheck = (values: never) => readonly OptionFault[];

/** Options with a wrong name or value; lists every fault with its path. */
export class ConfigError extends SshnError {
  override readonly name = 'ConfigError';
  readonly faults: ReadonlyArray<{ readonly path: string; readonly message: string }>;

  constructor(
    readonly source: string,
    faults: ReadonlyArray<{ readonly path: string | readonly string[]; readonly message: string }>,
  ) {
    const flat = faults.map(({ path, message }) => ({ path: [path].flat().join('.'), message }));
    super(
      `${source}: ${flat.map(({ path, message }) => (path === '' ? message : `${path}: ${message}`)).join('; ')}.`,
    );
    this.faults = flat;
  }
}

/** What every option may say of itself. */
interface Spec<Value> {
  readonly help: string;
  /** Given: the option may be left out, and is this then. */
  readonly default?: Value | null;
  /** The option may be left out, and then is absent. */
  readonly optional?: true;
  readonly nullable?: true;
  readonly usually?: string;
}

type PresenceOf<S> = S extends { readonly default: unknown }
  ? 'defaulted'
  : S extends { readonly optional: true }
    ? 'optional'
    : 'required';
type OrNull<S, Value> = S extends { readonly nullable: true } ? Value | null : Value;
type Made<S, Value, Given = Value> = Option<OrNull<S, Value>, PresenceOf<S>, OrNull<S, Given>>;
type Bounds = Omit<NumberType, 'kind' | 'integer'>;

function made<S extends Spec<unknown>, Value, Given = Value>(
  type: OptionType,
  spec: S,
): Made<S, Value, Given> {
  const presence = 'default' in spec ? 'defaulted' : spec.optional === true ? 'optional' : 'required';
  const { help, usually, nullable = false } = spec;
  return {
    type,
    presence,
    nullable,
    help,
    ...(usually === undefined ? {} : { usually }),
    ...('default' in spec ? { default: spec.default } : {}),
  } as Made<S, Value, Given>;
}

function numberOf<S extends Spec<number> & Bounds>(integer: boolean, spec: S): Made<S, number> {
  const { odd, least, most, above, below } = spec;
  const bounds = Object.entries({ odd, least, most, above, below }).filter(
    ([, value]) => value !== undefined,
  );
  return made({ kind: 'number', integer, ...Object.fromEntries(bounds) }, spec);
}

/**
 * Makes options.
 *
 * @example
 * const options = {
 *   kind: option.choice(['adam', 'sgd'], { default: 'adam', help: 'Optimizer' }),
 *   learningRate: option.number({ above: 0, default: 2e-3, help: 'Peak learning rate' }),
 * };
 * type Values = ValuesOf<typeof options>;   // { readonly kind: 'adam' | 'sgd'; readonly learningRate: number }
 */
export const option = {
  /** A finite number, within bounds if there are some. */
  number: <const S extends Spec<number> & Bounds>(spec: S): Made<S, number> => numberOf(false, spec),

  /** A whole number. */
  integer: <const S extends Spec<number> & Bounds>(spec: S): Made<S, number> => numberOf(true, spec),

  /** One of some words. */
  choice: <const Words extends readonly string[], const S extends Spec<NoInfer<Words[number]>>>(
    words: Words,
    spec: S,
  ): Made<S, Words[number]> => made({ kind: 'choice', words }, spec),

  /** True or false. */
  flag: <const S extends Spec<boolean>>(spec: S): Made<S, boolean> => made({ kind: 'boolean' }, spec),

  /** Any text. */
  text: <const S extends Spec<string>>(spec: S): Made<S, string> => made({ kind: 'text' }, spec),

  /**
   * A list of numbers or words.
   *
   * @param item Of its entries; only its type counts.
   * @param spec.least Fewest entries. @default 1
   * @param spec.most Most entries. @default 1024
   */
  list: <
    Item extends number | string,
    const S extends Spec<readonly NoInfer<Item>[]> & { least?: number; most?: number },
  >(
    item: Option<Item>,
    spec: S,
  ): Made<S, readonly Item[]> => made(listType(item, spec, false), spec),

  /** As `list`, but one entry alone need not be a list. */
  oneOrList: <
    Item extends number | string,
    const S extends Spec<NoInfer<Item> | readonly NoInfer<Item>[]> & { least?: number; most?: number },
  >(
    item: Option<Item>,
    spec: S,
  ): Made<S, Item | readonly Item[]> => made(listType(item, spec, true), spec),

  /**
   * Options within an option. Where all of them may be left out, so may the record, unless it is optional.
   *
   * @param spec.check Finds what is wrong between options that are right one by one.
   */
  record: <O extends Options, const S extends { help?: string; optional?: true }>(
    options: O,
    spec: S & { readonly check?: (values: ValuesOf<NoInfer<O>>) => readonly OptionFault[] },
  ): Option<
    ValuesOf<O>,
    S extends { readonly optional: true } ? 'optional' : 'defaulted',
    GivenOptions<O>
  > => {
    const { help = '', optional, check } = spec;
    return {
      type: { kind: 'record', options, ...(check === undefined ? {} : { check }) },
      presence: (optional ? 'optional' : 'defaulted') as S extends { readonly optional: true }
        ? 'optional'
        : 'defaulted',
      nullable: false,
      help,
    };
  },

  /** One of several records, told apart by their `kind`. */
  variants: <
    V extends Readonly<Record<string, Options>>,
    const S extends Spec<{ [Kind in keyof V]: { readonly kind: Kind } & ValuesOf<V[Kind]> }[keyof V]>,
  >(
    variants: V,
    spec: S & {
      readonly check?: (
        values: { [Kind in keyof V]: { readonly kind: Kind } & ValuesOf<V[Kind]> }[keyof V],
      ) => readonly OptionFault[];
    },
  ): Made<
    S,
    { [Kind in keyof V]: { readonly kind: Kind } & ValuesOf<V[Kind]> }[keyof V],
    { [Kind in keyof V]: { readonly kind: Kind } & GivenOptions<V[Kind]> }[keyof V]
  > => made({ kind: 'variants', variants, ...(spec.check === undefined ? {} : { check: spec.check }) }, spec),
};

function listType(
  item: Option,
  { least = 1, most = 1024 }: { readonly least?: number; readonly most?: number },
  orSingle: boolean,
): ListType {
  const { type } = item;
  if (type.kind !== 'number' && type.kind !== 'choice')
    throw new Error('internal: a list of what is no number or word');
  return { kind: 'list', item: type, least, most, orSingle };
}

/**
 * Checks options that may come from anywhere, and fills in defaults.
 *
 * @param source Where they come from, for errors: a file, a function.
 * @param check What is wrong between options that are right one by one.
 * @throws {ConfigError} listing every wrong name and value.
 * @example
 * const { learningRate } = readOptions(options, { learningRate: '1' }, 'run.json');   // learningRate: got "1", expected …
 */
export function readOptions<O extends Options>(
  options: O,
  input: unknown,
  source: string,
  check?: (values: ValuesOf<O>) => readonly OptionFault[],
): ValuesOf<O> {
  const { value, faults } = checkOptions(options, input, check);
  if (faults.length > 0) throw new ConfigError(source, faults);
  return value as ValuesOf<O>;
}

/** As `readOptions`, but gives the faults back; the value is complete if there are none. */
export function checkOptions<O extends Options>(
  options: O,
  input: unknown,
  check?: (values: ValuesOf<O>) => readonly OptionFault[],
): { readonly value: unknown; readonly faults: readonly OptionFault[] } {
  const faults: OptionFault[] = [];
  const type = { kind: 'record', options, ...(check === undefined ? {} : { check }) } as const;
  const value = readValue(type, input, [], faults, options);
  return { value, faults };
}

/**
 * Checks names and values of options that a program or a file hands to a function; unlike `readOptions` it stops at the first
 * fault and fills in nothing. An option that is undefined counts as left out.
 *
 * @throws {OptionError} for a name that is no option, or a word that is not among those allowed.
 * @throws {ValueError} if a value is of another type or out of range, a required one is missing, or it is no record.
 */
export function requireOptions(where: string, given: object, options: Options): void {
  if (!isRecord(given)) throw new ValueError({ where, got: brief(given), expected: 'a record of options' });
  const names = Object.keys(options);
  for (const name of Object.keys(given)) {
    if (!Object.hasOwn(options, name)) throw new OptionError(`${where} option`, name, names);
  }
  for (const name of names) {
    const one = options[name]!;
    const got = Object.hasOwn(given, name) ? given[name] : undefined;
    if (got === undefined && one.presence !== 'required') continue;
    const faults: Mismatch[] = [];
    readOption(one, got, [], faults, options);
    const [fault] = faults;
    if (fault === undefined) continue;
    const { path, got: value = got, expected = describeOption(one), near } = fault;
    if (one.type.kind === 'choice' && typeof got === 'string') {
      throw new OptionError(`${where}: ${name}`, brief(got) as string, one.type.words);
    }
    throw new ValueError({
      where: [`${where}: ${name}`, ...path].join('.'),
      got: brief(value),
      expected,
      ...(near === undefined ? {} : { hint: `Did you mean '${near}'?` }),
    });
  }
}

/** A fault, with what it is made of. */
interface Mismatch extends OptionFault {
  readonly got?: unknown;
  readonly expected?: string;
  readonly near?: string;
}

function mismatch(path: readonly string[], got: unknown, type: OptionType): Mismatch {
  const expected = describeType(type);
  const near =
    type.kind === 'choice' && typeof got === 'string' ? nearestWord(got.slice(0, 40), type.words) : undefined;
  const suggestion = near === undefined ? '' : `; did you mean '${near}'?`;
  const message = `got ${shown(got)}, expected ${expected}${suggestion}`;
  return { path, message, got, expected, ...(near === undefined ? {} : { near }) };
}

function readOption(
  { type, nullable, presence, default: usual }: Option,
  got: unknown,
  path: readonly string[],
  faults: Mismatch[],
  root: Options,
): unknown {
  if (got === undefined && presence === 'defaulted') {
    return type.kind === 'record' ? readValue(type, {}, path, faults, root) : usual;
  }
  if (got === null && nullable) return null;
  const before = faults.length;
  const value = readValue(type, got, path, faults, root);
  // What a null would mean is worth saying, too.
  if (nullable && faults.length === before + 1 && faults[before]!.path === path) {
    faults[before] = { path, message: `${faults[before]!.message}, or null` };
  }
  return value;
}

function readValue(
  type: OptionType,
  got: unknown,
  path: readonly string[],
  faults: Mismatch[],
  root: Options,
): unknown {
  const wrong = (): undefined => {
    faults.push(mismatch(path, got, type));
    return undefined;
  };
  switch (type.kind) {
    case 'number':
      return isNumber(type, got) ? got : wrong();
    case 'choice':
      return typeof got === 'string' && type.words.includes(got) ? got : wrong();
    case 'boolean':
      return typeof got === 'boolean' ? got : wrong();
    case 'text':
      return typeof got === 'string' ? got : wrong();
    case 'list': {
      if (!Array.isArray(got)) return type.orSingle ? (fits(type.item, got) ? got : wrong()) : wrong();
      if (got.length < type.least || got.length > type.most) {
        const expected = `a list of ${type.least === type.most ? type.least : `${type.least} to ${type.most}`} entries`;
        faults.push({
          path,
          message: `got a list of ${got.length}, expected ${expected}`,
          expected,
          got: got.length,
        });
        return undefined;
      }
      const bad = got.findIndex((entry) => !fits(type.item, entry));
      if (bad === -1) return [...got];
      faults.push(mismatch([...path, `${bad}`], got[bad], type.item));
      return undefined;
    }
    case 'variants': {
      if (!isRecord(got)) return wrong();
      const { kind, ...rest } = got;
      const options =
        typeof kind === 'string' && Object.hasOwn(type.variants, kind) ? type.variants[kind] : undefined;
      if (options === undefined) {
        const words = { kind: 'choice', words: Object.keys(type.variants) } as const;
        return readValue(words, kind, [...path, 'kind'], faults, root);
      }
      return checked({ kind, ...readRecord(options, rest, path, faults, root) }, type.check, path, faults);
    }
    case 'record': {
      if (!isRecord(got)) return wrong();
      return checked(readRecord(type.options, got, path, faults, root), type.check, path, faults);
    }
  }
}

function readRecord(
  options: Options,
  got: Readonly<Record<string, unknown>>,
  path: readonly string[],
  faults: Mismatch[],
  root: Options,
): Record<string, unknown> {
  const values: Record<string, unknown> = {};
  for (const [name, one] of Object.entries(options)) {
    const given = Object.hasOwn(got, name) ? got[name] : undefined;
    if (given === undefined && one.presence === 'optional') continue;
    values[name] = readOption(one, given, [...path, name], faults, root);
  }
  for (const name of Object.keys(got)) {
    if (Object.hasOwn(options, name)) continue;
    faults.push({ path: [...path, name], message: `unknown key, ${nearestKey(name, options, path, root)}` });
  }
  return values;
}

/** Applies the check of a record, if its options are right one by one. */
function checked<V extends Record<string, unknown>>(
  values: V,
  check: RecordCheck | undefined,
  path: readonly string[],
  faults: Mismatch[],
): V {
  const isAtFault = faults.some((fault) => path.every((name, i) => fault.path[i] === name));
  if (check === undefined || isAtFault) return values;
  for (const fault of check(values as never)) faults.push({ ...fault, path: [...path, ...fault.path] });
  return values;
}

/** The nearest key beside a wrong one, else the same or a near one elsewhere, else all keys that are allowed there. */
function nearestKey(name: string, beside: Options, path: readonly string[], root: Options): string {
  const last = new Map(leavesOf(root).map(({ path: leaf }) => [leaf[leaf.length - 1]!, leaf.join('.')]));
  if (last.has(name)) return `the nearest is '${last.get(name)}'`;
  const near = nearestWord(name, Object.keys(beside));
  if (near !== undefined) return `the nearest is '${[...path, near].join('.')}'`;
  const elsewhere = nearestWord(name, [...last.keys()]);
  if (elsewhere !== undefined) return `the nearest is '${last.get(elsewhere)}'`;
  return `allowed here: ${Object.keys(beside).join(', ')}`;
}

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

/** Whether a value is such a number. */
export function isNumber(
  { integer, odd, least, most, above, below }: NumberType,
  value: unknown,
): value is number {
  return (
    typeof value === 'number' &&
    Number.isFinite(value) &&
    (!integer || Number.isSafeInteger(value)) &&
    (!odd || value % 2 === 1) &&
    value >= (least ?? -Infinity) &&
    value <= (most ?? Infinity) &&
    value > (above ?? -Infinity) &&
    value < (below ?? Infinity)
  );
}

function fits(type: NumberType | ChoiceType, value: unknown): boolean {
  return type.kind === 'number'
    ? isNumber(type, value)
    : typeof value === 'string' && type.words.includes(value);
}

function anyOf(words: readonly string[]): string {
  const quoted = words.map((word) => `'${word}'`);
  return quoted.length < 2
    ? quoted.join('')
    : `${quoted.slice(0, -1).join(', ')} or ${quoted[quoted.length - 1]}`;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A value as an error shows it: data from a file may be long. */
function brief(value: unknown): unknown {
  if (typeof value === 'string' && value.length > 40) return `${value.slice(0, 40)}…`;
  if (typeof value === 'object' && value !== null) return Array.isArray(value) ? 'a list' : 'a record';
  return value;
}

function shown(value: unknown): string {
  if (value === undefined) return 'nothing';
  const short = brief(value);
  return typeof value === 'string' ? `'${short}'` : String(short);
}
