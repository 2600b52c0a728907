import { FileError } from '@sshn/core';

/** The error of a folder that should hold a run and does not. */
export function noRun(folder: string): FileError {
  return new FileError({
    path: folder,
    problem: 'there is no run here, no run.json',
    remedy: 'Name the folder of a run, or make one with `sshn train`.',
  });
}
