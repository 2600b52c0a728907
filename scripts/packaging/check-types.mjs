import { readFile } from 'node:fs/promises';
import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core';

/**
 * What "Are the types wrong?" has against a tarball, as lines of text.
 *
 * Node 10's resolution is left out: it knows no `exports`, so it cannot see entries such as `/node`.
 */
export async function checkTypes({ file }) {
  const { types, problems = [] } = await checkPackage(createPackageFromTarballData(await readFile(file)));
  if (!types) return ['has no types'];
  return problems
    .filter(({ resolutionKind }) => resolutionKind !== 'node10')
    .map(
      ({ kind, entrypoint = '', resolutionKind = '' }) => `types: ${kind} ${entrypoint} ${resolutionKind}`,
    );
}
