import { FileError } from '@sshn/core';
import { readRegularFile } from '@sshn/model/node';
import { parseRunConfig, type RunConfig, type RunConfigInput } from '@sshn/training';
import { parse as parseYaml, stringify, YAMLError } from 'yaml';

/**
 * A complete configuration has 3 kB and is 4 levels deep. What is much larger or deeper is something else, and would keep the
 * parser busy for minutes, or take all memory.
 */
const mostBytes = 32_768;
const mostLevels = 16;

/**
 * Reads a configuration file, JSON or YAML, and checks it by itself, so that errors name the file.
 *
 * @throws {FileError} if it cannot be read or is neither JSON nor YAML.
 * @throws {ConfigError} listing every wrong key, with the nearest right one, and every wrong value.
 */
export async function readConfigFile(path: string): Promise<RunConfigInput> {
  const content = await readPlainFile(path);
  parseRunConfig(content, path);
  return content as RunConfigInput;
}

/**
 * The keys and values of a JSON or YAML file.
 *
 * @throws {FileError} if it cannot be read, is neither JSON nor YAML, is too large or too deep, or holds something else.
 */
export async function readPlainFile(path: string): Promise<object> {
  const bytes = await readRegularFile(path, { most: mostBytes });
  const content = parseText(path, new TextDecoder().decode(bytes));
  if (content === null || typeof content !== 'object' || Array.isArray(content)) {
    throw new FileError({
      path,
      problem: 'it holds no keys and values',
      remedy: "Write keys of the configuration, such as 'epochs: 50'; `sshn train --help` lists them.",
    });
  }
  return content;
}

function parseText(path: string, text: string): unknown {
  if (levelsIn(text) > mostLevels) {
    throw new FileError({
      path,
      problem: `it is nested in more than ${mostLevels} levels`,
      remedy: 'Check that this is a configuration.',
    });
  }
  try {
    // JSON is YAML, so one parser reads both and knows the line of a fault.
    return parseYaml(text, { prettyErrors: true });
  } catch (cause) {
    if (!(cause instanceof YAMLError)) throw cause;
    const problem = cause.message.split('\n')[0]!.replace(/:$/, '');
    throw new FileError({ path, problem, remedy: 'Correct the JSON or YAML there.', cause });
  }
}

/** How deep a text may be nested at most: brackets that are open at once, or marks of lists on one line. */
function levelsIn(text: string): number {
  let [open, most] = [0, 0];
  for (const character of text) {
    if (character === '[' || character === '{') open++;
    else if (character === ']' || character === '}') open = Math.max(0, open - 1);
    most = Math.max(most, open);
  }
  const marks = [...text.matchAll(/(?:[-?:&!]\S*[ \t]+)+/g)].map(([run]) => run.split(/[ \t]+/).length);
  const indents = new Set([...text.matchAll(/^ *(?=\S)/gm)].map(([indent]) => indent.length));
  return marks.reduce((deepest, count) => Math.max(deepest, count), Math.max(most, indents.size));
}

/**
 * A configuration as YAML that `--config` reads back: one line for each key of the top level that has an effect. Of a
 * segmentation that is not `registration`, of a registration not the loss, and without a hypernetwork not its options.
 */
export function describeConfig(config: RunConfig): string {
  const idle: readonly string[] = [
    ...(config.task === 'registration' ? ['loss', 'crossEntropyShare'] : ['registration']),
    ...(config.method === 'fixed' || config.method === 'stochastic' ? ['hypernetwork'] : []),
  ];
  return Object.entries(config)
    .filter(([key]) => !idle.includes(key))
    .map(([key, value]) =>
      stringify({ [key]: value }, { collectionStyle: 'flow', lineWidth: 0, flowCollectionPadding: true })
        .trim()
        .replace(/^\{\s*([\s\S]*?)\s*\}$/, '$1'),
    )
    .join('\n');
}

/** A value at its place in the configuration, as a flag sets it. */
export interface FlagValue {
  readonly path: readonly string[];
  readonly value: unknown;
}

/** Sets one value in a tree of plain objects, making the objects on the way; changes nothing that was given. */
export function withValue(tree: RunConfigInput, path: readonly string[], value: unknown): RunConfigInput {
  const [key, ...rest] = path;
  if (key === undefined) return value as RunConfigInput;
  const inner = (tree as Readonly<Record<string, unknown>>)[key];
  const isObject = inner !== null && typeof inner === 'object' && !Array.isArray(inner);
  return { ...tree, [key]: withValue((isObject ? inner : {}) as RunConfigInput, rest, value) };
}
