/**
 * Descriptors of options: each owner of something configurable says once what it takes, as data. The checks of values from
 * files, the flags of the command line, its help and the tables of the docs all derive from them.
 */
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

/** Options of which none may be left out for its default; see `required`. */
export type RequiredOptions<O extends Options> = {
  readonly [Name in keyof O]: O[Name] extends Option<infer V, infer P, infer G>
    ? Option<V, P extends 'optional' ? 'optional' : 'required', G>
    : never;
};

/** The same options without defaults: of files that say all, so that they mean the same to every release that reads them. */
export function required<const O extends Options>(options: O): RequiredOptions<O> {
  const entries = Object.entries(options).map(([name, one]) => {
    const { default: _, presence, ...rest } = one;
    return [name, { ...rest, presence: presence === 'optional' ? presence : 'required' }] as const;
  });
  return Object.fromEntries(entries) as unknown as RequiredOptions<O>;
}

/** Options that may all be left out, and are absent then; see `partial`. */
export type PartialOptions<O extends Options> = {
  readonly [Name in keyof O]: O[Name] extends Option<infer V, infer _P, infer G>
    ? Option<V, 'optional', G>
    : never;
};

/** The same options, all of which may be left out. */
export function partial<const O extends Options>(options: O): PartialOptions<O> {
  const entries = Object.entries(options).map(
    ([name, one]) => [name, { ...one, presence: 'optional' }] as const,
  );
  return Object.fromEntries(entries) as unknown as PartialOptions<O>;
}

/** Something wrong with options, and where. */
export interface OptionFault {
  /** Names from the outside in: `['optimizer', 'learningRate']`. */
  readonly path: readonly string[];
  readonly message: string;
}

/** Finds what is wrong with a record whose options are right one by one; the builders type it by the record's options. */
export type RecordCheck = (values: never) => readonly OptionFault[];

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
