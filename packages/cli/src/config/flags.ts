import { ConfigError, leavesOf, type OptionLeaf } from '@sshn/core';
import { parseRunConfig, type RunConfig, type RunConfigInput, runOptions } from '@sshn/training';
import { type Command, Option } from 'commander';
import { argument, grouped } from '../commands/options.js';
import type { FlagValue } from './file.js';
import { readConfigFile, withValue } from './file.js';
import { knobsFlagType, knobsPath, withKnobs } from './knobs-flag.js';
import {
  describeWord,
  parseConstantPrior,
  parseIntensity,
  parseSplit,
  parseUniformPrior,
  parseWord,
} from './values.js';

/** Every word that a configuration may hold. */
export const configWords: readonly OptionLeaf[] = leavesOf(runOptions);

/** A flag of the command line that sets one word of the configuration. */
interface ConfigFlag {
  /** Without dashes: 'learning-rate'. */
  readonly name: string;
  readonly word: OptionLeaf;
}

/** Names that the rule (group's prefix and the last key) would make unclear. */
const named: Readonly<Record<string, string>> = {
  'architecture.name': 'architecture',
  'optimizer.kind': 'optimizer',
  'loss.name': 'loss',
  'data.spacingMm': 'spacing',
  'patches.size': 'patch-size',
  'patches.perImage': 'patches-per-image',
  'patches.foreground': 'patch-foreground',
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
  .filter(({ option }) => option.type.kind !== 'variants')
  .map((word) => ({ name: flagName(word.path), word }));

/** The heading under which `--help` lists a word. */
function flagGroup(word: OptionLeaf): string {
  const [group] = word.path;
  return word.path.length === 1 ? 'Run' : `${group![0]!.toUpperCase()}${group!.slice(1)}`;
}

function flagName(path: readonly string[]): string {
  const last = path[path.length - 1]!;
  const kebab = last.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  return named[path.join('.')] ?? (path.length > 1 ? (prefixes[path[0]!] ?? '') : '') + kebab;
}

/** Gives a command one flag for every word of the configuration; each writes to `settings` what it sets. */
export function addConfigOptions(command: Command, settings: FlagValue[]): void {
  const set = (path: readonly string[], read: (text: string) => unknown) =>
    argument((text: string) => {
      const value = read(text);
      settings.push({ path, value });
      return value;
    });
  const factor = new Option(
    '--factor <number>',
    'train at this one rescaling factor, in [0, 1], or at one per downsampling step, such as 0.3,0.4,0.5 (default: 0.5 for --method fixed)',
  );
  const readFactor = (text: string) => {
    const constant = parseConstantPrior(text);
    if (typeof constant.factor !== 'number') settings.push({ path: ['rescaling'], value: 'separate' });
    return constant;
  };
  const prior = new Option(
    '--prior <low,high>',
    'draw the factor of each training step uniformly from here (default: 0,0.5 for all other methods)',
  );
  const knobs = new Option(
    '--knobs <words>',
    'what one training covers: factor, width, resolution, separated by commas; of each its usual range (0,0.5, 0.25,1 and 0.5,1) unless --prior, --width-range or --resolution-range gives another. A knob left out stays at one value, the factor at --factor or 0.5',
  );
  const readKnobs = (text: string) => parseWord({ type: knobsFlagType, nullable: false }, text);
  const intensity = new Option(
    '--intensity <kind>',
    'how intensities are normalized, image by image: auto (by the kind of image), none, minMax, zScore, percentile:1,99 or window:-160,240 (default: auto)',
  );
  const split = new Option(
    '--split <shares|file>',
    "shares of training, validation and test, such as 60/20/20 (default: 64/16/20), or a JSON file of ids: { train, validation, test }, nnU-Net's splits_final.json or the Decathlon's dataset.json",
  ).conflicts('folds');
  const foldCount = new Option('--folds <number>', 'cross-validation with so many folds; needs --fold');
  const fold = new Option(
    '--fold <number>',
    'the fold that is tested, from 1; with a file of folds the one that validates',
  );
  const readFold = (text: string) =>
    parseWord({ type: { kind: 'number', integer: true, least: 1 }, nullable: false }, text);
  const setCount = set(['split', 'count'], readFold);
  command
    .addOption(grouped('Run', factor.conflicts('prior').argParser(set(['prior'], readFactor))))
    .addOption(grouped('Run', prior.argParser(set(['prior'], parseUniformPrior))))
    .addOption(grouped('Knobs', knobs.argParser(set(knobsPath, readKnobs))))
    .addOption(grouped('Run', intensity.argParser(set(['intensity'], parseIntensity))))
    .addOption(grouped('Run', split.argParser(set(['split'], parseSplit))))
    .addOption(grouped('Run', foldCount.argParser(setCount)))
    .addOption(grouped('Run', fold.argParser(set(['split', 'fold'], readFold))));
  for (const { name, word } of configFlags) {
    if (word.option.type.kind === 'boolean') {
      for (const [flag, value] of [
        [name, true],
        [`no-${name}`, false],
      ] as const) {
        const option = new Option(`--${flag}`, value ? sentence(word) : `the opposite of --${name}`);
        // Undefined by default: commander takes a lone --no-x for "x unless told otherwise".
        command.addOption(grouped(flagGroup(word), option.default(undefined)));
        command.on(`option:${flag}`, () => settings.push({ path: word.path, value }));
      }
      continue;
    }
    const option = new Option(`--${name} <${placeholder(word)}>`, sentence(word));
    command.addOption(
      grouped(flagGroup(word), option.argParser(set(word.path, (text) => parseWord(word.option, text)))),
    );
  }
}

/**
 * The configuration of a run: defaults, overridden by the file, overridden by flags.
 *
 * @throws {ConfigError} naming the file or the flags, and everything that is wrong.
 */
export async function effectiveConfig(
  file: string | undefined,
  settings: readonly FlagValue[],
): Promise<RunConfig> {
  const base: RunConfigInput = file === undefined ? {} : await readConfigFile(file);
  const merged = inOrder(withKnobs(settings, base)).reduce<RunConfigInput>(
    (tree, { path, value }) => withValue(tree, path, value),
    base,
  );
  try {
    return parseRunConfig(merged, file ?? 'command line');
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const isFlag = (path: string): boolean =>
      file === undefined || settings.some((setting) => path.startsWith(setting.path.join('.')));
    const faults = error.faults.map((fault) => (isFlag(fault.path) ? faultOfFlag(fault, settings) : fault));
    throw new ConfigError(faults.every(({ path }) => path.startsWith('--')) ? 'command line' : file!, faults);
  }
}

/** Settings of which --split comes before the --fold of its file, and folds without a file are said to be folds. */
function inOrder(settings: readonly FlagValue[]): readonly FlagValue[] {
  const isOf = (key: string) => (setting: FlagValue) => setting.path.join('.') === key;
  const whole = settings.filter(isOf('split'));
  const others = settings.filter((setting) => !isOf('split')(setting));
  const isFolds = others.some(isOf('split.count')) || (whole.length === 0 && others.some(isOf('split.fold')));
  return [...whole, ...(isFolds ? [{ path: ['split', 'kind'], value: 'folds' }] : []), ...others];
}

interface Fault {
  readonly path: string;
  readonly message: string;
}

/** A fault of the configuration in the words of the command line. */
function faultOfFlag({ path, message }: Fault, settings: readonly FlagValue[]): Fault {
  const foreign = /^Option '(\w+) option': got '(\w+)', expected one of (.+)$/.exec(message);
  if (foreign !== null) {
    const [, owner, key, allowed] = foreign as unknown as [string, string, string, string];
    const flags = [...allowed.matchAll(/'(\w+)'/g)].flatMap(([, word]) => flagOf(`${path}.${word}`) ?? []);
    return {
      path: flagOf(`${path}.${key}`) ?? flagsFor(path),
      message: `${owner} has no such option${flags.length === 0 ? '' : `; it has ${flags.join(', ')}`}`,
    };
  }
  // A check of several words together names the one that is wrong in its text.
  const named = settings.find((setting) => {
    const isWithin = setting.path.length > 1 && setting.path.join('.').startsWith(`${path}.`);
    return isWithin && new RegExp(`\\b${setting.path.at(-1)}: got`).test(message);
  });
  return {
    path: named === undefined ? flagsFor(path) : flagsFor(named.path.join('.')),
    message: flagsIn(/^got nothing\b/.test(message) ? 'is missing' : message),
  };
}

/** The flag of exactly this word. */
function flagOf(path: string): string | undefined {
  const flag = configFlags.find(({ word }) => word.path.join('.') === path);
  return flag && `--${flag.name}`;
}

/** The flag that sets a word of the configuration, or the words of a group: `loss.gamma` is `--loss-gamma`. */
function flagsFor(path: string): string {
  if (path.startsWith('prior')) return '--factor or --prior';
  if (path.startsWith('intensity')) return '--intensity';
  const flag = flagOf(path);
  if (flag !== undefined) return flag;
  const first = configFlags.find(({ word }) => word.path.join('.').startsWith(`${path}.`));
  return first === undefined ? `--${path}` : `--${first.name}`;
}

/** A message with flags in place of keys: `registration.similarity` is `--similarity`, `task: 'registration'` `--task registration`. */
export function flagsIn(message: string): string {
  const withoutDotted = configFlags
    .filter(({ word }) => word.path.length > 1)
    .reduce(
      (text, { name, word }) =>
        text.replaceAll(new RegExp(`'?\\b${word.path.join('\\.')}\\b'?`, 'g'), `--${name}`),
      message,
    );
  return withoutDotted
    .replace(/^(\w+)(?=: got)/, (word) => flagOf(word) ?? word)
    .replaceAll(/\{ kind: 'constant', factor \}/g, '--factor')
    .replaceAll(/`(\w+)`|\b([a-z]+[A-Z]\w*)\b(?!')/g, (all, quoted?: string, camel?: string) => {
      const flag = configFlags.find(({ word }) => word.path.at(-1) === (quoted ?? camel));
      return flag === undefined ? all : `--${flag.name}`;
    })
    .replaceAll(/\b(\w+): '(\w+)'/g, (all, key: string, value: string) => {
      const flag = configFlags.find(({ word }) => word.path.at(-1) === key);
      return flag === undefined ? all : `--${flag.name} ${value}`;
    });
}

function placeholder({ option: { type }, path }: OptionLeaf): string {
  if (path.join('.') === 'size') return 'N|HxW';
  if (path.join('.') === 'patches.size') return 'HxW|DxHxW';
  if (type.kind === 'list') return type.item.kind === 'number' ? 'numbers' : 'words';
  if (type.kind === 'text') return 'text';
  return type.kind === 'number' ? 'number' : 'word';
}

function sentence({ option: { help, default: standard, usually, ...takes } }: OptionLeaf): string {
  const text = `${help[0]!.toLowerCase()}${help.slice(1)}; ${describeWord(takes)}`;
  const value = standard === undefined ? usually : standard === null ? 'none' : String(standard);
  return value === undefined ? text : `${text} (default: ${value})`;
}
