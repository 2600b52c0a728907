import { configFlags } from './flags.js';
import { describeType } from './values.js';
import { type ConfigWord, configWords } from './words.js';

/** The reference of the configuration as a Markdown table: key, flag, what it takes, default, meaning. */
export function configReference(): string {
  const rows = configWords.map((word) => {
    const cells = [
      `\`${word.path.join('.')}\``,
      flagCell(word),
      describeType(word),
      defaultCell(word),
      word.description,
    ];
    return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  });
  return ['| key | flag | takes | default | meaning |', '| --- | --- | --- | --- | --- |', ...rows].join(
    '\n',
  );
}

function flagCell(word: ConfigWord): string {
  const key = word.path.join('.');
  if (key === 'prior') return '`--factor`, `--prior`';
  const flag = configFlags.find((candidate) => candidate.word === word);
  return `\`--${flag?.name ?? key}\``;
}

function defaultCell(word: ConfigWord): string {
  return word.default === undefined ? '' : `\`${JSON.stringify(word.default)}\``;
}

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
