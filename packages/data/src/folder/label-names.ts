import { FileError } from '@sshn/core';
import type { SourceFile } from './source-file.js';

/** What the numbers in label files mean. */
export interface LabelScheme {
  /** By label value as networks see it: 0, 1, 2, … */
  readonly names: readonly string[];
  /** The label of each of the 256 values that a file can hold; −1 where it means nothing. */
  readonly labelOf: Int16Array;
  /** What to do about any other value. */
  readonly remedy: string;
}

/**
 * Reads `labels.json`: a list of names, whose places are the values in the files, or names by value, in whose order
 * labels are numbered: `{ "0": "background", "255": "cell" }` makes 255 label 1.
 *
 * @throws {FileError} if it is neither, or leaves out 0.
 */
export function parseLabelNames(text: string, path: string): LabelScheme {
  const refuse = (problem: string): never => {
    throw new FileError({ path, problem, remedy: 'Write it like {"0": "background", "1": "cell"}.' });
  };
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (cause) {
    throw new FileError({
      path,
      problem: 'is not JSON',
      remedy: 'Write it like ["background", "cell"].',
      cause,
    });
  }
  if (typeof parsed !== 'object' || parsed === null)
    return refuse('is neither a list nor an object of names');
  const entries = Object.entries(parsed).map(([key, name]) => [Number(key), name] as const);
  entries.sort(([a], [b]) => a - b);
  for (const [value, name] of entries) {
    if (!Number.isInteger(value) || value < 0 || value > 255)
      refuse('has a key that is not a number from 0 to 255');
    if (typeof name !== 'string' || name === '')
      refuse(`names the label ${value} with something that is no text`);
  }
  if (entries[0]?.[0] !== 0) refuse('does not name the label 0, the background');
  if (entries.length < 2) refuse('names nothing but the background');
  return schemeOf(
    entries.map(([value]) => value),
    entries.map(([, name]) => name as string),
  );
}

/**
 * What `labels.json` beside the images says, if it is there.
 *
 * @param path Makes a path for errors of a path in the folder.
 * @throws {FileError} as `parseLabelNames` does.
 */
export async function namedLabels(
  files: readonly SourceFile[],
  path: (relative: string) => string,
): Promise<LabelScheme | undefined> {
  const names = files.find((file) => file.path === 'labels.json');
  if (names === undefined) return undefined;
  return parseLabelNames(new TextDecoder().decode(await names.read()), path(names.path));
}

/**
 * The scheme of files that come without `labels.json`: values 0 to the largest, called 'label 1', 'label 2', …
 *
 * @param values All values that occur in the files.
 * @throws {FileError} if there are gaps between them: then they may stand for anything.
 */
export function schemeOfValues(values: ReadonlySet<number>, path: string): LabelScheme {
  const sorted = [...new Set([0, ...values])].sort((a, b) => a - b);
  const names = sorted.map((value) => (value === 0 ? 'background' : `label ${value}`));
  if (sorted.length < 2) {
    throw new FileError({
      path,
      problem: 'holds labels that are all background',
      remedy: 'Check that label files hold 1, 2, … where there is something.',
    });
  }
  if (sorted.at(-1) !== sorted.length - 1) {
    const example = JSON.stringify(Object.fromEntries(sorted.slice(0, 4).map((v, i) => [v, names[i]])));
    throw new FileError({
      path,
      problem: `holds the label values ${listed(sorted)}, which have gaps`,
      remedy: `Say what they mean in a file labels.json beside images, such as ${example}.`,
    });
  }
  return schemeOf(sorted, names);
}

function schemeOf(values: readonly number[], names: readonly string[]): LabelScheme {
  const labelOf = new Int16Array(256).fill(-1);
  for (const [label, value] of values.entries()) labelOf[value] = label;
  const remedy = `Correct the file, or name the label in labels.json besides ${listed(values)}.`;
  return { names, labelOf, remedy };
}

function listed(values: readonly number[]): string {
  return values.length <= 6
    ? values.join(', ')
    : `${values.slice(0, 4).join(', ')}, … ${values.at(-1)} (${values.length} values)`;
}
