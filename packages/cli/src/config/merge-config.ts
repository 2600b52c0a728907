import type { RunConfigInput } from '@sshn/training';

/** Sets one value in a tree of plain objects, making the objects on the way; changes nothing that was given. */
export function withValue(tree: RunConfigInput, path: readonly string[], value: unknown): RunConfigInput {
  const [key, ...rest] = path;
  if (key === undefined) return value as RunConfigInput;
  const inner = (tree as Readonly<Record<string, unknown>>)[key];
  const isObject = inner !== null && typeof inner === 'object' && !Array.isArray(inner);
  return { ...tree, [key]: withValue((isObject ? inner : {}) as RunConfigInput, rest, value) };
}
