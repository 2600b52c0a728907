import { FileError } from '@sshn/core';
import type { Code, Dataset, LabelCodes } from '../dataset/types.js';
import type { SourceFile } from './source-file.js';

/** The largest number that a label file may hold; FreeSurfer's go to 14175. */
export const highestLabel = 65535;

/** So many different labels can be told apart, the background among them. */
const mostLabels = 256;

/** Without names, more different values than these are taken for a mistake: an image, or masks with soft borders. */
const mostUnnamed = 128;

/** Red, green and blue, 0 to 255. */
export type Color = readonly [red: number, green: number, blue: number];

/** Names and colors by the numbers in label files. */
export type LabelTable = ReadonlyMap<number, { readonly name: string; readonly color?: Color }>;

/** What the numbers in label files mean. */
export interface LabelScheme {
  /** By label value as networks see it: 0, 1, 2, … */
  readonly names: readonly string[];
  /** The value in files of each label. */
  readonly values: readonly number[];
  /** Undefined where no table gives any. */
  readonly colors?: ReadonlyArray<Color | undefined>;
  /** Undefined where `labels.json` gives none. */
  readonly codes?: ReadonlyArray<LabelCodes | undefined>;
  /** The label of each value that a file can hold; −1 where it means nothing, as beyond the end. */
  readonly labelOf: Int16Array;
  /** What to do about any other value. */
  readonly remedy: string;
}

/** What lies beside the images: a scheme that says which labels there are, or a table that names more than occur. */
export interface LabelNaming {
  readonly scheme?: LabelScheme | undefined;
  readonly table?: LabelTable | undefined;
  /** What DICOM segmentations call their labels; filled while they are read. */
  readonly segments?: LabelTable | undefined;
}

/** What a dataset says of its labels. */
export function labelsOf({
  names,
  values,
  colors,
  codes,
}: LabelScheme): Pick<Dataset, 'labelNames' | 'labelValues' | 'labelColors' | 'labelCodes'> {
  return {
    labelNames: names,
    ...(values.every((value, label) => value === label) ? {} : { labelValues: values }),
    ...(colors === undefined ? {} : { labelColors: colors }),
    ...(codes === undefined ? {} : { labelCodes: codes }),
  };
}

/** Names of labels once all label files are read: of a table, else of segmentations. */
export function tableOf({ table, segments }: LabelNaming): LabelTable | undefined {
  return table ?? (segments !== undefined && segments.size > 0 ? segments : undefined);
}

/**
 * Reads `labels.json`: a list of names, whose places are the values in the files, or names by value, in whose order
 * labels are numbered: `{ "0": "background", "255": "cell" }` makes 255 label 1.
 *
 * In place of a name may stand what is known of a label: `{ "name": "liver", "color": [180, 60, 40], "code": "10200004" }`. A
 * code of SNOMED CT is enough; of other schemes, and for the category, `{ "value", "scheme", "meaning" }`.
 *
 * @throws {FileError} if it is neither, leaves out 0, or says of a label what none can be.
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
  const entries = Object.entries(parsed).map(([key, one]) => [Number(key), one] as const);
  entries.sort(([a], [b]) => a - b);
  const labels = entries.map(([value, one]) => {
    if (!Number.isInteger(value) || value < 0 || value > highestLabel)
      refuse(`has a key that is not a number from 0 to ${highestLabel}`);
    const label = describedLabel(one);
    return typeof label === 'string'
      ? refuse(`names the label ${value} with something that ${label}`)
      : label;
  });
  if (entries[0]?.[0] !== 0) refuse('does not name the label 0, the background');
  if (entries.length < 2) refuse('names nothing but the background');
  if (entries.length > mostLabels) refuse(`names ${entries.length} labels, and there can be ${mostLabels}`);
  const scheme = schemeOf(
    entries.map(([value]) => value),
    labels.map(({ name }) => name),
  );
  const [colors, codes] = [labels.map(({ color }) => color), labels.map((label) => label.codes)];
  return {
    ...scheme,
    ...(colors.some((color) => color !== undefined) ? { colors } : {}),
    ...(codes.some((code) => code !== undefined) ? { codes } : {}),
  };
}

interface DescribedLabel {
  readonly name: string;
  readonly color?: Color;
  readonly codes?: LabelCodes;
}

/** What `labels.json` says of a label; a text says what is wrong. */
function describedLabel(given: unknown): DescribedLabel | string {
  if (typeof given === 'string') return given === '' ? 'has an empty name' : { name: given };
  if (typeof given !== 'object' || given === null) return 'has no name';
  const { name, color, code, category, ...more } = given as Readonly<Record<string, unknown>>;
  const [stray] = Object.keys(more);
  if (stray !== undefined) return `has the unknown word '${stray.slice(0, 50)}'`;
  if (typeof name !== 'string' || name === '') return 'has no name';
  const isByte = (part: unknown) => Number.isInteger(part) && Number(part) >= 0 && Number(part) <= 255;
  if (color !== undefined && !(Array.isArray(color) && color.length === 3 && color.every(isByte)))
    return 'has a color that is not [red, green, blue] from 0 to 255';
  const type = code === undefined ? undefined : codeOf(code, name);
  if (typeof type === 'string') return `has a code ${type}`;
  const kind = category === undefined ? undefined : codeOf(category, undefined);
  if (typeof kind === 'string') return `has a category ${kind}`;
  if (kind !== undefined && type === undefined) return 'has a category without a code';
  return {
    name,
    ...(color === undefined ? {} : { color: color as unknown as Color }),
    ...(type === undefined ? {} : { codes: { type, ...(kind === undefined ? {} : { category: kind }) } }),
  };
}

/** A code; a text says what is wrong. What SNOMED calls a number alone is taken from the label. */
function codeOf(given: unknown, meaning: string | undefined): Code | string {
  if (typeof given === 'string') {
    if (meaning === undefined || !/^\d{6,16}$/.test(given))
      return 'that is neither a number of SNOMED CT in a text nor { value, scheme, meaning }';
    return { value: given, scheme: 'SCT', meaning: meaning.replace(/[\\\p{Cc}]/gu, ' ').slice(0, 64) };
  }
  if (typeof given !== 'object' || given === null)
    return 'that is neither a text nor { value, scheme, meaning }';
  const parts = given as Readonly<Record<string, unknown>>;
  const fits = (part: unknown, longest: number): part is string =>
    typeof part === 'string' && part !== '' && part.length <= longest && !/[\\\p{Cc}]/u.test(part);
  const { value, scheme, meaning: words } = parts;
  if (Object.keys(parts).length !== 3 || !fits(value, 16) || !fits(scheme, 16) || !fits(words, 64))
    return 'without value and scheme of up to 16 and meaning of up to 64 characters';
  return { value, scheme, meaning: words };
}

/**
 * What names labels beside the images or in the folder of the labels: `labels.json`, a table of BIDS (`…dseg.tsv`), a label
 * file of ITK-SNAP or a color table of FreeSurfer, the first of these that there is.
 *
 * @param path Makes a path for errors of a path in the folder.
 * @throws {FileError} as `parseLabelNames` does; tables that cannot be read are passed over.
 */
export async function namedLabels(
  files: readonly SourceFile[],
  path: (relative: string) => string,
): Promise<LabelNaming> {
  const names = files.find((file) => file.path === 'labels.json');
  if (names !== undefined) {
    return { scheme: parseLabelNames(new TextDecoder().decode(await names.read()), path(names.path)) };
  }
  const beside = files.filter(({ path: file }) =>
    /^((labels|masks)\/)?[^/]+\.(tsv|txt|label|ctab|lut)$/i.test(file),
  );
  const texts = await Promise.all(
    beside.map(async (file) => new TextDecoder().decode(await file.read(mostTableBytes))),
  );
  for (const parse of [parseBids, parseItkSnap, parseFreeSurfer]) {
    for (const text of texts) {
      const table = parse(text);
      if (table.size > 0) return { table };
    }
  }
  return {};
}

const mostTableBytes = 2 ** 22;

/** *Source*: BIDS 1.9, "Segmentations": columns `index`, `name` and perhaps `color`, parted by tabs. */
function parseBids(text: string): LabelTable {
  const [head = '', ...rows] = text.split(/\r?\n/);
  const columns = head.split('\t').map((column) => column.trim().toLowerCase());
  const [index, name, color] = ['index', 'name', 'color'].map((column) => columns.indexOf(column));
  const table = new Map<number, { name: string; color?: Color }>();
  if (index === -1 || name === -1) return table;
  for (const row of rows) {
    const cells = row.split('\t').map((cell) => cell.trim());
    const hex = /^#?([\da-f]{2})([\da-f]{2})([\da-f]{2})/i.exec(cells[color!] ?? '');
    add(
      table,
      cells[index!],
      cells[name!],
      hex?.slice(1).map((part) => Number.parseInt(part, 16)),
    );
  }
  return table;
}

/** Lines of index, red, green, blue, opacity, visibility, mesh visibility and a name in quotes. */
function parseItkSnap(text: string): LabelTable {
  const table = new Map<number, { name: string; color?: Color }>();
  for (const line of text.split(/\r?\n/)) {
    const found = /^\s*(\d+)\s+(\d+)\s+(\d+)\s+(\d+)\s+[\d.]+\s+\d\s+\d\s+"(.*)"\s*$/.exec(line);
    if (found !== null) add(table, found[1], found[5], found.slice(2, 5).map(Number));
  }
  return table;
}

/** Lines of index, name, red, green, blue and transparency. */
function parseFreeSurfer(text: string): LabelTable {
  const table = new Map<number, { name: string; color?: Color }>();
  for (const line of text.split(/\r?\n/)) {
    const found = /^\s*(\d+)\s+(\S+)\s+(\d+)\s+(\d+)\s+(\d+)\s+\d+\s*$/.exec(line);
    if (found !== null) add(table, found[1], found[2], found.slice(3, 6).map(Number));
  }
  return table;
}

function add(
  table: Map<number, { name: string; color?: Color }>,
  index: string | undefined,
  name: string | undefined,
  [red = -1, green = -1, blue = -1]: readonly number[] = [],
): void {
  const value = Number(index);
  if (!index || !name || !Number.isInteger(value) || value < 0 || value > highestLabel) return;
  const isColor = [red, green, blue].every((part) => part >= 0 && part <= 255);
  table.set(value, isColor ? { name, color: [red, green, blue] } : { name });
}

/**
 * The scheme of files that come without `labels.json`: labels are numbered in the order of the values that occur, and named
 * by a table, else 'label 1', 'label 2', … by their values.
 *
 * @param values All values that occur in the files.
 * @param options.onWarning Called with a sentence if the values have gaps, so that labels get other numbers.
 * @throws {FileError} if all is background, or there are more values than labels can be.
 */
export function schemeOfValues(
  values: ReadonlySet<number>,
  path: string,
  {
    table,
    onWarning,
  }: {
    readonly table?: LabelTable | undefined;
    readonly onWarning?: ((warning: string) => void) | undefined;
  } = {},
): LabelScheme {
  const sorted = [...new Set([0, ...values])].sort((a, b) => a - b);
  const nameOf = (value: number): string => {
    if (value === 0) return 'background';
    return table?.get(value)?.name ?? `label ${value}`;
  };
  if (sorted.length < 2) {
    throw new FileError({
      path,
      problem: 'holds labels that are all background',
      remedy: 'Check that label files hold 1, 2, … where there is something.',
    });
  }
  const most = table === undefined ? mostUnnamed : mostLabels;
  if (sorted.length > most) {
    throw new FileError({
      path,
      problem: `holds ${sorted.length} different label values: ${listed(sorted)}`,
      remedy:
        'Labels number kinds of structures: make one label of numbered cells, save masks without soft borders, or name the values in labels.json.',
    });
  }
  if (table === undefined && sorted.at(-1) !== sorted.length - 1) {
    const example = JSON.stringify(Object.fromEntries(sorted.slice(0, 3).map((v) => [v, nameOf(v)])));
    onWarning?.(
      `label values have gaps (${listed(sorted)}): they are numbered 0 to ${sorted.length - 1} in this order; labels.json can name them, such as ${example}`,
    );
  }
  const colors = sorted.map((value) => table?.get(value)?.color);
  const scheme = schemeOf(sorted, sorted.map(nameOf));
  return colors.some((color) => color !== undefined) ? { ...scheme, colors } : scheme;
}

function schemeOf(values: readonly number[], names: readonly string[]): LabelScheme {
  const labelOf = new Int16Array(Math.max(...values) + 1).fill(-1);
  for (const [label, value] of values.entries()) labelOf[value] = label;
  const remedy = `Correct the file, or name the label in labels.json besides ${listed(values)}.`;
  return { names, values, labelOf, remedy };
}

function listed(values: readonly number[]): string {
  return values.length <= 6
    ? values.join(', ')
    : `${values.slice(0, 4).join(', ')}, … ${values.at(-1)} (${values.length} values)`;
}
