import { readFile } from 'node:fs/promises';
import { FileError } from '@sshn/core';
import { parseRunConfig, type RunConfig, type RunConfigInput } from '@sshn/training';
import { parse as parseYaml, stringify, YAMLError } from 'yaml';

/**
 * Reads a configuration file, JSON or YAML, and checks it by itself, so that errors name the file.
 *
 * @throws {FileError} if it cannot be read or is neither JSON nor YAML.
 * @throws {ConfigError} listing every wrong key, with the nearest right one, and every wrong value.
 */
export async function readConfigFile(path: string): Promise<RunConfigInput> {
  const text = await readFile(path, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    const problem = cause.code === 'ENOENT' ? 'there is no such file' : `it cannot be read (${cause.code})`;
    throw new FileError({ path, problem, remedy: 'Check the path given with --config.', cause });
  });
  const content = parseText(path, text);
  if (content === null || typeof content !== 'object' || Array.isArray(content)) {
    throw new FileError({
      path,
      problem: 'it holds no keys and values',
      remedy: "Write keys of the configuration, such as 'epochs: 50'; `sshn train --help` lists them.",
    });
  }
  parseRunConfig(content, path);
  return content as RunConfigInput;
}

function parseText(path: string, text: string): unknown {
  try {
    // JSON is YAML, so one parser reads both and tells the line of a fault.
    return parseYaml(text, { prettyErrors: true });
  } catch (cause) {
    if (!(cause instanceof YAMLError)) throw cause;
    const problem = cause.message.split('\n')[0]!.replace(/:$/, '');
    throw new FileError({ path, problem, remedy: 'Correct the JSON or YAML there.', cause });
  }
}

/** A complete configuration as YAML that `--config` reads back: one line for each key of the top level. */
export function describeConfig(config: RunConfig): string {
  return Object.entries(config)
    .map(([key, value]) =>
      stringify({ [key]: value }, { collectionStyle: 'flow', lineWidth: 0, flowCollectionPadding: true })
        .trim()
        .replace(/^\{\s*([\s\S]*?)\s*\}$/, '$1'),
    )
    .join('\n');
}

/** Sets one value in a tree of plain objects, making the objects on the way; changes nothing that was given. */
export function withValue(tree: RunConfigInput, path: readonly string[], value: unknown): RunConfigInput {
  const [key, ...rest] = path;
  if (key === undefined) return value as RunConfigInput;
  const inner = (tree as Readonly<Record<string, unknown>>)[key];
  const isObject = inner !== null && typeof inner === 'object' && !Array.isArray(inner);
  return { ...tree, [key]: withValue((isObject ? inner : {}) as RunConfigInput, rest, value) };
}
