import { ConfigError, describeFaults, FileError } from '@sshn/core';
import { type Manifest, type ManifestInput, manifestSchema, manifestVersion } from './schema.js';

/** The key in the metadata of a safetensors file under which the manifest stands, as JSON. */
export const manifestKey = 'sshn';

/** Turns a manifest of one version into one of the next. */
export type Migration = (manifest: Readonly<Record<string, unknown>>) => Record<string, unknown>;

/** By the version that they start from. */
const migrations: ReadonlyMap<number, Migration> = new Map([[1, withConditions]]);

/**
 * Version 1 counted a hypernetwork's conditions among its factors: of registration models those are conditions that the
 * prior has no factors for. What is of another form than it should be stays so, for the schema to say.
 */
function withConditions(manifest: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const { task, method, prior } = manifest;
  if (!isRecord(method) || !isRecord(method.hypernetwork)) return { ...manifest };
  const inputs = method.hypernetwork.factors;
  if (typeof inputs !== 'number') return { ...manifest };
  const ofPrior = isRecord(prior) ? prior : {};
  const factors = ofPrior.kind === 'constant' ? [ofPrior.factor].flat().length : (ofPrior.factors ?? 1);
  const conditions = task === 'registration' ? Math.max(0, inputs - Number(factors)) : 0;
  const hypernetwork = { ...method.hypernetwork, factors: inputs - conditions, conditions };
  return { ...manifest, method: { ...method, hypernetwork } };
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

/**
 * Text of a manifest, checked.
 *
 * @throws {ConfigError} listing everything that does not fit the schema.
 */
export function manifestText(input: ManifestInput): string {
  const result = manifestSchema.safeParse({ format: 'sshn', version: manifestVersion, ...input });
  if (result.success) return JSON.stringify(result.data);
  throw new ConfigError('manifest', result.error.issues);
}

/**
 * The manifest in a file's metadata, converted to the current version.
 *
 * @param source What the file is called in errors.
 * @throws {FileError} if there is none, it is of a newer version, or it does not fit the schema.
 */
export function readManifest(metadata: Readonly<Record<string, string>>, source: string): Manifest {
  const text = metadata[manifestKey];
  if (text === undefined) {
    const isCheckpoint = metadata['sshn-checkpoint'] !== undefined;
    throw new FileError({
      path: source,
      problem: isCheckpoint
        ? 'this is a checkpoint of a training run, not a model'
        : `a safetensors file, but not a model of @sshn: its metadata has no '${manifestKey}'`,
      remedy: isCheckpoint
        ? 'Use the model that the run saved, or resume the run.'
        : 'Save models with saveModel of @sshn/model.',
    });
  }
  const migrated = migrate(parse(text, source), { source, migrations, version: manifestVersion });
  const result = manifestSchema.safeParse(migrated);
  if (result.success) return result.data;
  throw new FileError({
    path: source,
    problem: `its manifest does not fit the schema: ${describeFaults(result.error.issues)}`,
    remedy: 'Save the model again.',
  });
}

/**
 * Brings a manifest from the version that it names to `version`, one migration after the other.
 *
 * @throws {FileError} if it names none, or a newer one.
 */
export function migrate(
  manifest: Record<string, unknown>,
  target: {
    readonly source: string;
    readonly migrations: ReadonlyMap<number, Migration>;
    readonly version: number;
  },
): Record<string, unknown> {
  const { source, version } = target;
  const found = manifest.version;
  if (manifest.format !== 'sshn' || !Number.isInteger(found) || (found as number) < 1) {
    throw new FileError({
      path: source,
      problem: 'its manifest does not name format and version',
      remedy: 'Save the model again.',
    });
  }
  if ((found as number) > version) {
    throw new FileError({
      path: source,
      problem: `its manifest has version ${found}, this release of @sshn/model reads up to ${version}`,
      remedy: 'Update the @sshn packages.',
    });
  }
  let current = manifest;
  for (let from = found as number; from < version; from++) {
    current = { ...target.migrations.get(from)!(current), version: from + 1 };
  }
  return current;
}

/** A thousand times what a manifest has, so that a file cannot keep a reader busy. */
const longest = 2 ** 22;

function parse(text: string, source: string): Record<string, unknown> {
  if (text.length > longest) {
    throw new FileError({
      path: source,
      problem: `its manifest has ${text.length} characters, and at most ${longest} are read`,
      remedy: 'Save the model again.',
    });
  }
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null) return value as Record<string, unknown>;
  } catch {
    // Said below, in words that name the file.
  }
  throw new FileError({
    path: source,
    problem: `its metadata '${manifestKey}' is not a JSON object`,
    remedy: 'Save the model again.',
  });
}
