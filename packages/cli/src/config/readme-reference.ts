const begin = /<!-- reference: [^>]* -->\n/;
const end = '<!-- /reference -->';

/**
 * A README with the reference of the configuration between its two marks.
 *
 * @throws {Error} if the marks are not there.
 */
export function withReference(readme: string, reference: string): string {
  const opening = begin.exec(readme);
  const close = readme.indexOf(end);
  if (opening === null || close === -1) throw new Error('internal: README.md has no marks for the reference');
  const open = opening.index + opening[0].length;
  return `${readme.slice(0, open)}\n${reference}\n\n${readme.slice(close)}`;
}
