import { stat } from 'node:fs/promises';
import { FileError } from '@sshn/core';
import { isModelName, modelNames } from '@sshn/zoo';
import { modelPath } from '@sshn/zoo/node';

/** What MODEL may be, for the help of commands. */
export const modelHelp = `run folder of sshn train, a model file, or an included model: ${modelNames.join(', ')}`;

/**
 * The path of a model: as it was given, or, where there is no such file or folder, that of the model of this name in @sshn/zoo.
 *
 * @throws {FileError} if it is neither.
 */
export async function modelSource(given: string): Promise<string> {
  const problem = await stat(given).then(
    () => undefined,
    (error: NodeJS.ErrnoException) => error,
  );
  if (problem === undefined) return given;
  if (isModelName(given)) return modelPath(given);
  throw new FileError({
    path: given,
    problem: problem.code === 'ENOENT' ? 'is not there' : `cannot be opened: ${problem.message}`,
    remedy: `Give a run folder of \`sshn train\`, a model file (.safetensors), or an included model: ${modelNames.join(', ')}.`,
    cause: problem,
  });
}
