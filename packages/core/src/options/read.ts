import { ConfigError, nearestWord, OptionError, ValueError } from '../errors.js';
import { describeOption, describeType, leavesOf } from './describe.js';
import type {
  ChoiceType,
  NumberType,
  Option,
  OptionFault,
  Options,
  OptionType,
  RecordCheck,
  ValuesOf,
} from './option.js';

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

/** How many unknown keys of a record are looked up among the known ones: data from a file may have a million. */
const mostUnknown = 20;

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
  const unknown = Object.keys(got).filter((name) => !Object.hasOwn(options, name));
  for (const name of unknown.slice(0, mostUnknown)) {
    faults.push({ path: [...path, name], message: `unknown key, ${nearestKey(name, options, path, root)}` });
  }
  if (unknown.length > mostUnknown) faults.push({ path, message: `${unknown.length} unknown keys in all` });
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
  return `allowed here: ${Object.keys(beside).join(', ') || 'none'}`;
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
