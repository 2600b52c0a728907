import type { ConfigWord } from './schema-words.js';
import { configWords } from './schema-words.js';

/** A flag of the command line that sets one word of the configuration. */
export interface ConfigFlag {
  /** Without dashes: 'learning-rate'. */
  readonly name: string;
  readonly word: ConfigWord;
}

/** Names that the rule (group's prefix and the last key) would make unclear. */
const named: Readonly<Record<string, string>> = {
  'architecture.name': 'architecture',
  'optimizer.kind': 'optimizer',
  'loss.name': 'loss',
  'data.spacingMm': 'spacing',
  'validation.patience': 'patience',
  'augmentation.elastic.strength': 'augment-elastic-strength',
  'augmentation.elastic.spacing': 'augment-elastic-spacing',
};

const prefixes: Readonly<Record<string, string>> = {
  hypernetwork: 'hyper-',
  augmentation: 'augment-',
  validation: 'validate-',
  loss: 'loss-',
};

/** One flag for each word of the configuration but those with variants, which have flags of their own. */
export const configFlags: readonly ConfigFlag[] = configWords
  .filter(({ type }) => type.kind !== 'variants')
  .map((word) => ({ name: flagName(word.path), word }));

/** The heading under which `--help` lists a word. */
export function flagGroup(word: ConfigWord): string {
  const [group] = word.path;
  return word.path.length === 1 ? 'Run' : `${group![0]!.toUpperCase()}${group!.slice(1)}`;
}

function flagName(path: readonly string[]): string {
  const last = path[path.length - 1]!;
  const kebab = last.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  return named[path.join('.')] ?? (path.length > 1 ? (prefixes[path[0]!] ?? '') : '') + kebab;
}
