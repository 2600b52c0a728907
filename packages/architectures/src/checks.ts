import { OptionError, ValueError } from '@sshn/core';

/** Checks the value of one option, which may be anything. `where` names it in errors. */
export type Check = (where: string, value: unknown) => void;

/** The checks of a configuration by option; what is not among them is no option. */
export type Checks<Config> = { readonly [Name in keyof Config]-?: Check };

/** An integer between two bounds, both included. */
export function count(most: number, least = 1): Check {
  return (where, value) => {
    if (Number.isInteger(value) && (value as number) >= least && (value as number) <= most) return;
    throw new ValueError({ where, got: brief(value), expected: `an integer from ${least} to ${most}` });
  };
}

/** How many entries a list may have. */
interface Length {
  readonly from: number;
  readonly to: number;
}

/** A list, each entry of which passes a check. */
export function list(each: Check, { from, to }: Length): Check {
  return (where, value) => {
    const expected = `a list of ${from} to ${to}`;
    if (!Array.isArray(value)) throw new ValueError({ where, got: brief(value), expected });
    if (value.length < from || value.length > to)
      throw new ValueError({ where: `${where}: entries`, got: value.length, expected });
    value.forEach((entry, i) => {
      each(`${where}: entry ${i}`, entry);
    });
  };
}

/** A count up to `most`, or a list of them. */
export function counts(most: number, length: Length): Check {
  const [one, several] = [count(most), list(count(most), length)];
  return (where, value) => (Array.isArray(value) ? several : one)(where, value);
}

/** A number between two bounds, both included; the upper one left out where it says so. */
export function number(low: number, high: number, end: 'included' | 'excluded' = 'included'): Check {
  return (where, value) => {
    const isBelow = (x: number) => (end === 'included' ? x <= high : x < high);
    if (typeof value === 'number' && value >= low && isBelow(value)) return;
    const interval = `[${low}, ${high}${end === 'included' ? ']' : ')'}`;
    throw new ValueError({ where, got: brief(value), expected: `a number in ${interval}` });
  };
}

/** `true` or `false`. */
export const flag: Check = (where, value) => {
  if (typeof value === 'boolean') return;
  throw new ValueError({ where, got: brief(value), expected: 'true or false' });
};

/** One of a list of words. */
export function word(allowed: readonly string[]): Check {
  return (where, value) => {
    if (typeof value !== 'string')
      throw new ValueError({ where, got: brief(value), expected: `one of ${allowed.join(', ')}` });
    if (!allowed.includes(value)) throw new OptionError(where, value, allowed);
  };
}

/**
 * Checks a configuration, which may be data from a file, before anything is made of it.
 *
 * @param required Options that have no default.
 * @throws {OptionError} if it has an option that is not among the checks, or a word not among those allowed.
 * @throws {ValueError} if it is no record of options, lacks a required one, or a value is of another type or out of
 * bounds.
 */
export function requireConfig<Config extends object>(
  name: string,
  config: Config,
  checks: Checks<Config>,
  required: ReadonlyArray<keyof Config & string>,
): void {
  if (typeof config !== 'object' || config === null || Array.isArray(config))
    throw new ValueError({ where: name, got: brief(config), expected: 'a record of options' });
  const allowed = Object.keys(checks);
  for (const key of Object.keys(config))
    if (!allowed.includes(key)) throw new OptionError(`${name} option`, key, allowed);
  for (const key of allowed as Array<keyof Config & string>) {
    if (config[key] === undefined && !required.includes(key)) continue;
    checks[key](`${name}: ${key}`, config[key]);
  }
}

/** A value as an error shows it: data from a file may be long. */
function brief(value: unknown): unknown {
  if (typeof value === 'string' && value.length > 40) return `${value.slice(0, 40)}…`;
  if (typeof value === 'object' && value !== null) return Array.isArray(value) ? 'a list' : 'a record';
  return value;
}
