/**
 * The errors of @sshn. Each says what failed, what came, what was wanted and, where there is one, the way out;
 * each carries those as fields, so that a program need not read the text.
 */

/** Base of every error that @sshn throws on purpose: catch this one to tell ours from defects. */
export abstract class SshnError extends Error {}

/** A tensor whose shape does not fit. */
export class ShapeError extends SshnError {
  override readonly name = 'ShapeError';
  readonly got: readonly number[];
  readonly expected: string;

  constructor(detail: { where: string; got: readonly number[]; expected: string; hint?: string }) {
    const { where, got, expected, hint } = detail;
    super(`${where}: got shape [${got.join(', ')}], expected ${expected}.${hint ? ` ${hint}` : ''}`);
    this.got = got;
    this.expected = expected;
  }
}

/** A number, a list or a combination of options outside of what makes sense. */
export class ValueError extends SshnError {
  override readonly name = 'ValueError';
  readonly got: unknown;
  readonly expected: string;

  constructor(detail: { where: string; got: unknown; expected: string; hint?: string }) {
    const { where, got, expected, hint } = detail;
    super(`${where}: got ${show(got)}, expected ${expected}.${hint ? ` ${hint}` : ''}`);
    this.got = got;
    this.expected = expected;
  }
}

/** A word outside its list: names the list and, when one is close, the likely intention. */
export class OptionError extends SshnError {
  override readonly name = 'OptionError';
  readonly got: string;
  readonly allowed: readonly string[];

  constructor(option: string, got: string, allowed: readonly string[]) {
    const near = nearestWord(got, allowed);
    super(
      `Option '${option}': got '${shortened(got)}', expected one of ${allowed.map((word) => `'${word}'`).join(', ')}.` +
        (near === undefined ? '' : ` Did you mean '${near}'?`),
    );
    this.got = got;
    this.allowed = allowed;
  }
}

/** Something wrong within nested data, and where: names from the outside in, or joined by dots. */
interface Fault {
  readonly path: string | readonly PropertyKey[];
  readonly message: string;
}

/** How many of a kind a message names: data from a file may have a million faults. */
const mostNamed = 20;

/** How many characters of a name from a file a message shows. */
const mostShown = 200;

/** Faults in one line: `labels.0.name: …; prior.low: …`. Of many, the first twenty. */
export function describeFaults(faults: readonly Fault[]): string {
  const lines = faults.slice(0, mostNamed).map(({ path, message }) => {
    const where = shortened(pathText(path));
    return where === '' ? shortened(message, 1000) : `${where}: ${shortened(message, 1000)}`;
  });
  const more = faults.length - lines.length;
  return `${lines.join('; ')}${more === 0 ? '' : `; and ${more} more`}`;
}

function shortened(text: string, most = mostShown): string {
  return text.length > most ? `${text.slice(0, most)}…` : text;
}

function pathText(path: Fault['path']): string {
  return typeof path === 'string' ? path : path.map(String).join('.');
}

/** Nested data with a wrong name or value, such as a configuration or a manifest; lists every fault with its path. */
export class ConfigError extends SshnError {
  override readonly name = 'ConfigError';
  readonly faults: ReadonlyArray<{ readonly path: string; readonly message: string }>;

  constructor(
    readonly source: string,
    faults: readonly Fault[],
  ) {
    super(`${source}: ${describeFaults(faults)}.`);
    this.faults = faults.map(({ path, message }) => ({ path: pathText(path), message }));
  }
}

/** A file or folder that cannot be used: names it and the remedy. */
export class FileError extends SshnError {
  override readonly name = 'FileError';
  readonly path: string;
  readonly problem: string;
  readonly remedy: string;

  constructor(detail: { path: string; problem: string; remedy: string; cause?: unknown }) {
    const { path, problem, remedy, cause } = detail;
    super(`${path}: ${problem}. ${remedy}`, cause === undefined ? {} : { cause });
    this.path = path;
    this.problem = problem;
    this.remedy = remedy;
  }
}

/** Two parameter trees that differ: lists every difference at once. */
export class StructureError extends SshnError {
  override readonly name = 'StructureError';

  constructor(
    readonly difference: {
      readonly missing: readonly string[];
      readonly unexpected: readonly string[];
      readonly misshapen: ReadonlyArray<{
        path: string;
        got: readonly number[];
        expected: readonly number[];
      }>;
    },
  ) {
    const { missing, unexpected, misshapen } = difference;
    const lines = [
      ...named(missing, (path) => `  missing     ${path}`),
      ...named(unexpected, (path) => `  unexpected  ${shortened(path)}`),
      ...named(
        misshapen,
        (m) => `  shape       ${m.path}: got [${m.got.join(', ')}], expected [${m.expected.join(', ')}]`,
      ),
    ];
    super(`Parameters do not fit the module:\n${lines.join('\n')}`);
  }
}

function named<T>(all: readonly T[], line: (one: T) => string): string[] {
  const more = all.length - mostNamed;
  return [...all.slice(0, mostNamed).map(line), ...(more > 0 ? [`  and ${more} more`] : [])];
}

/** A backend that lacks kernels: names all of them, by the feature that needs them. */
export class CapabilityError extends SshnError {
  override readonly name = 'CapabilityError';

  constructor(
    readonly backend: string,
    readonly missing: ReadonlyMap<string, readonly string[]>,
    wayOut: string,
  ) {
    const rows = [...missing].map(([feature, kernels]) => `  ${feature}: ${kernels.join(', ')}`);
    super(`Backend '${backend}' lacks kernels:\n${rows.join('\n')}\n${wayOut}`);
  }
}

/** No backend of tfjs is there to compute. */
export class NoBackendError extends SshnError {
  override readonly name = 'NoBackendError';

  constructor(where: string) {
    super(
      `${where}: no backend of tfjs is registered. Call \`await useFastWasm()\` of @sshn/backend-wasm first, or import a ` +
        "backend, such as '@tensorflow/tfjs-backend-cpu'.",
    );
  }
}

/** The allowed word that `got` most likely meant, if one is within two edits. */
export function nearestWord(got: string, allowed: readonly string[]): string | undefined {
  if (got.length > mostShown) return undefined;
  const near = allowed
    .map((word) => ({ word, distance: editDistance(word, got) }))
    .sort((a, b) => a.distance - b.distance)[0];
  // Something of what was typed must be in it.
  const isClose = near !== undefined && near.distance <= 2 && near.distance < got.length;
  return isClose ? near.word : undefined;
}

function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(change, row[j]! + 1, next[j - 1]! + 1));
    }
    row = next;
  }
  return row[b.length]!;
}

/** A value as a program would write it, the beginning of it where it is long. */
function show(value: unknown): string {
  return shortened(written(value), 1000);
}

/** How many entries of a list are written. */
const mostEntries = 100;

/** JSON alone knows no NaN, undefined, functions or cycles. */
function written(value: unknown, depth = 0): string {
  if (Array.isArray(value) && depth < 8) {
    const entries = value.slice(0, mostEntries).map((entry) => written(entry, depth + 1));
    return `[${entries.join(',')}${value.length > mostEntries ? ',…' : ''}]`;
  }
  if (typeof value === 'string') return JSON.stringify(value);
  if (typeof value !== 'object' || value === null) return String(value);
  try {
    return JSON.stringify(value);
  } catch {
    return Object.prototype.toString.call(value);
  }
}
