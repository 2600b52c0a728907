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
