import type { OptionLeaf } from '@sshn/core';
import { configFlags, configWords } from './flags.js';
import { describeWord } from './values.js';

/** The reference of the configuration as a Markdown table: key, flag, what it takes, default, meaning. */
export function configReference(): string {
  const rows = configWords.map((word) => {
    const cells = [
      `\`${word.path.join('.')}\``,
      flagCell(word),
      describeWord(word.option),
      defaultCell(word),
      word.option.help,
    ];
    return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  });
  return ['| key | flag | takes | default | meaning |', '| --- | --- | --- | --- | --- |', ...rows].join(
    '\n',
  );
}

function flagCell(word: OptionLeaf): string {
  const key = word.path.join('.');
  if (key === 'prior') return '`--factor`, `--prior`';
  if (key === 'split') return '`--split`, `--folds`, `--fold`';
  if (key === 'knobs.widthRange') return '`--width-range`, `--knobs`';
  if (key === 'knobs.resolutionRange') return '`--resolution-range`, `--knobs`';
  const flag = configFlags.find((candidate) => candidate.word.path.join('.') === key);
  return `\`--${flag?.name ?? key}\``;
}

function defaultCell({ option: { default: standard, usually = '' } }: OptionLeaf): string {
  return standard === undefined ? usually : `\`${JSON.stringify(standard)}\``;
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
