import { FileError, SshnError } from '@sshn/core';

/**
 * Why bytes cannot be read as an image. Readers of formats throw it; `decodeImage` adds the file's name and makes it
 * a FileError.
 */
export class Refusal extends Error {
  constructor(
    readonly problem: string,
    readonly remedy: string,
  ) {
    super(`${problem}. ${remedy}`);
  }
}

/** For files that end too early or contradict themselves. */
export function damaged(format: string, detail: string): Refusal {
  return new Refusal(`is a damaged or cut off ${format} file (${detail})`, 'Copy or export it again.');
}

/** For valid files of a variant that is not read. */
export function unsupported(format: string, what: string, remedy = saveAsPng): Refusal {
  return new Refusal(`is a ${format} file with ${what}, which is not supported`, remedy);
}

/** The way out of most refusals. */
export const saveAsPng = 'Save it as an 8- or 16-bit PNG in grey or RGB.';

/** Readers and codecs run over the end of damaged files: whatever they throw then means just that. */
export function orDamaged<Result>(format: string, work: () => Result): Result {
  return caught(work, (error) => {
    if (error instanceof Refusal || error instanceof SshnError) throw error;
    const isAccident = error instanceof TypeError || error instanceof RangeError || !(error instanceof Error);
    const detail = isAccident ? 'what it says of itself does not fit its contents' : error.message;
    const refusal = damaged(format, detail);
    refusal.cause = error;
    throw refusal;
  });
}

/** Makes refusals errors of a file. @throws {FileError} */
export function naming<Result>(path: string, work: () => Result): Result {
  return caught(work, (error) => {
    if (!(error instanceof Refusal)) throw error;
    const { problem, remedy, cause } = error;
    throw new FileError({ path, problem, remedy, ...(cause !== undefined && { cause }) });
  });
}

/** Does work and passes on what it throws, at once or, where it returns a promise, later. */
function caught<Result>(work: () => Result, passOn: (error: unknown) => never): Result {
  try {
    const result = work();
    return result instanceof Promise ? (result.catch(passOn) as Result) : result;
  } catch (error) {
    return passOn(error);
  }
}
