import type { Factor } from '@sshn/core';
import { isLimited } from '@sshn/model';
import type { SettingChoice } from '@sshn/predict';
import { type Command, Option } from 'commander';
import { parseFactor } from '../config/values.js';
import { argument, factorType, grouped, knobType, readerOf } from './options.js';

/** At which setting a model is used, or within which budget: what `addSettingOptions` gives. */
export interface SettingFlags {
  readonly factor?: Factor;
  readonly width?: number;
  readonly inputResolution?: number;
  readonly gflops?: number;
  readonly milliseconds?: number;
  readonly mebibytes?: number;
  readonly dice?: number;
}

/** The options of a setting by their names in commander. */
export const settingOptionNames = [
  'factor',
  'width',
  'inputResolution',
  'gflops',
  'milliseconds',
  'mebibytes',
  'dice',
] as const satisfies ReadonlyArray<keyof SettingFlags>;

/** What the flags ask of a model. */
export function settingChoice(flags: SettingFlags): SettingChoice {
  return Object.fromEntries(
    settingOptionNames.flatMap((name) => (flags[name] === undefined ? [] : [[name, flags[name]]])),
  );
}

const positive = { kind: 'number', above: 0 } as const;

/** `--factor`, `--width`, `--input-resolution`, and the budgets that choose all three. @param heading Of `--help`. */
export function addSettingOptions(command: Command, heading = 'Accuracy and cost'): Command {
  const add = (flag: string, text: string, read: (text: string) => unknown) =>
    command.addOption(grouped(heading, new Option(flag, text).argParser(read)));
  add('--factor <numbers>', 'rescaling factor (default: the largest of training)', argument(parseFactor));
  add(
    '--width <share>',
    'share of the features of every stage, of a model trained with --width-range (default: 1)',
    readerOf(knobType),
  );
  add(
    '--input-resolution <share>',
    "share of the images' size that the network sees, of one trained with --resolution-range (default: 1)",
    readerOf(knobType),
  );
  add('--gflops <number>', 'budget: at most so many 10⁹ FLOPs per image', readerOf(positive));
  add(
    '--milliseconds <number>',
    'budget: at most so long per image, measured on this machine first',
    readerOf(positive),
  );
  add(
    '--mebibytes <number>',
    'budget: at most so much memory for the weights and what is computed of one image',
    readerOf(positive),
  );
  add(
    '--dice <number>',
    'budget: at least this Dice, by the table of sshn pareto; alone, the cheapest setting that reaches it',
    readerOf(factorType),
  );
  return command;
}

/** What the flags ask of a model, by the names that people type: `input-resolution`. */
export function settingFlags(flags: SettingFlags): Readonly<Record<string, unknown>> {
  const { inputResolution, ...rest } = settingChoice(flags);
  return { ...rest, 'input-resolution': inputResolution };
}

/** Ends the program where flags name a setting and a budget. */
export function requireOneChoice(command: Command, flags: SettingFlags): void {
  if (!isLimited(flags)) return;
  for (const [name, flag] of [
    ['factor', '--factor'],
    ['width', '--width'],
    ['inputResolution', '--input-resolution'],
  ] as const) {
    if (flags[name] !== undefined)
      command.error(
        `error: ${flag} names the setting itself: leave out --gflops, --milliseconds, --mebibytes and --dice, or it`,
      );
  }
}
