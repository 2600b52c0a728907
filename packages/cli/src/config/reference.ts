import { configFlags } from './flags.js';
import { describeType } from './parse-word.js';
import { type ConfigWord, configWords } from './schema-words.js';

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
