import { OptionError, ValueError } from '@sshn/core';
import { tasks } from '../input/task.js';
import { sizeWeightings } from '../region/generalized-dice-loss.js';
import { lovaszClasses } from '../region/lovasz-loss.js';

/** What kind of data an option is; a list is one of words. */
export type OptionKind = 'number' | 'boolean' | 'numbers' | 'number or numbers' | readonly string[];

/** Options by name. */
export type OptionKinds = Readonly<Record<string, OptionKind>>;

const pixels = { task: tasks, ignoreLabel: 'number' } as const;
const scored = { ...pixels, includeBackground: 'boolean', classWeights: 'numbers' } as const;
const { classWeights: _, ...together } = scored;
const sizes = { fromLogits: 'boolean', smooth: 'number', perSample: 'boolean' } as const;
const tversky = { ...scored, ...sizes, alpha: 'number', beta: 'number', gamma: 'number' } as const;

/** The options of every loss that can be chosen by name. */
export const optionKinds = {
  crossEntropy: { ...pixels, classWeights: 'numbers', positiveWeight: 'number', labelSmoothing: 'number' },
  focal: { ...pixels, gamma: 'number', alpha: 'number or numbers' },
  softDice: { ...scored, ...sizes, squaredDenominator: 'boolean', log: 'boolean' },
  generalizedDice: { ...together, ...sizes, squaredDenominator: 'boolean', weighting: sizeWeightings },
  jaccard: { ...scored, ...sizes, squaredDenominator: 'boolean' },
  tversky,
  focalTversky: tversky,
  lovasz: { ...scored, classes: lovaszClasses, perSample: 'boolean' },
  boundary: { ...scored, spacingMm: 'numbers' },
} as const satisfies Readonly<Record<string, OptionKinds>>;

/**
 * Checks names and kinds of options that came as data.
 *
 * @throws {OptionError} at a name that is no option, with the nearest one that is.
 * @throws {ValueError} at a value of another kind.
 */
export function checkOptionKinds(where: string, options: object, kinds: OptionKinds): void {
  for (const [name, value] of Object.entries(options)) {
    const kind = Object.hasOwn(kinds, name) ? kinds[name] : undefined;
    if (kind === undefined) throw new OptionError(`${where} option`, name, Object.keys(kinds));
    if (value === undefined || isOfKind(value, kind)) continue;
    if (typeof kind === 'object' && typeof value === 'string') throw new OptionError(name, value, kind);
    throw new ValueError({ where: `${where}: ${name}`, got: value, expected: inWords(kind) });
  }
}

function isOfKind(value: unknown, kind: OptionKind): boolean {
  if (typeof kind === 'object') return typeof value === 'string' && kind.includes(value);
  const isNumbers = Array.isArray(value) && value.every((entry) => typeof entry === 'number');
  if (kind === 'numbers') return isNumbers;
  if (kind === 'number or numbers') return isNumbers || typeof value === 'number';
  return typeof value === kind;
}

function inWords(kind: OptionKind): string {
  if (typeof kind === 'object') return `one of ${kind.map((word) => `'${word}'`).join(', ')}`;
  if (kind === 'boolean') return 'true or false';
  if (kind === 'numbers') return 'a list of numbers';
  return kind === 'number' ? 'a number' : 'a number or a list of numbers';
}
