import { ConfigError, type OptionType } from '@sshn/core';
import { parseRunConfig, priorOf, type RunConfigInput, usualKnobRanges } from '@sshn/training';
import type { FlagValue } from './file.js';

/** What `--knobs` lists. */
export const knobsFlagType = {
  kind: 'list',
  item: { kind: 'choice', words: ['factor', 'width', 'resolution'] },
  least: 1,
  most: 3,
  orSingle: false,
} as const satisfies OptionType;

type KnobWord = (typeof knobsFlagType)['item']['words'][number];

/** The place of `--knobs` among settings, until `withKnobs` puts what it means there. */
export const knobsPath = ['--knobs'];

const ranges = { width: 'widthRange', resolution: 'resolutionRange' } as const;

/**
 * Settings in which what `--knobs` means stands in its place: of each knob that it lists the range of the other flags, else that of the
 * file, else the usual one; knobs that it does not list have one value.
 *
 * @param file The configuration that the flags override.
 * @throws {ConfigError} if other flags say the opposite.
 */
export function withKnobs(settings: readonly FlagValue[], file: RunConfigInput): readonly FlagValue[] {
  const isOf = (path: readonly string[]) => (one: FlagValue) => one.path.join('.') === path.join('.');
  const flag = settings.findLast(isOf(knobsPath));
  if (flag === undefined) return settings;
  const listed = flag.value as readonly KnobWord[];
  const others = settings.filter((one) => !isOf(knobsPath)(one));
  const given = (...path: string[]) => others.findLast(isOf(path))?.value;
  const prior = given('prior') as RunConfigInput['prior'];
  const has = (knob: KnobWord) => listed.includes(knob);
  const faults = [
    ...(['width', 'resolution'] as const).map(
      (knob) =>
        [
          !has(knob) && given('knobs', ranges[knob]) !== undefined,
          `--${knob}-range`,
          `is the range of a knob that --knobs leaves out: list ${knob} there, or leave out the range`,
        ] as const,
    ),
    [
      !has('factor') && prior?.kind === 'uniform',
      '--prior',
      'draws the factor, which --knobs leaves out: list factor there, or give --factor',
    ],
    [
      has('factor') && prior?.kind === 'constant',
      '--factor',
      'is one factor for all of training, and --knobs lists factor: give --prior, or leave factor out there',
    ],
    [
      has('factor') && (given('method') ?? file.method) === 'fixed',
      '--knobs',
      'lists factor, and method fixed trains at one factor: leave it out there, or take another method',
    ],
  ] as const;
  const wrong = faults.flatMap(([isWrong, path, message]) => (isWrong ? [{ path, message }] : []));
  if (wrong.length > 0) throw new ConfigError('command line', wrong);
  const usual = (['width', 'resolution'] as const).map((knob) => ({
    path: ['knobs', ranges[knob]],
    value: has(knob) ? (file.knobs?.[ranges[knob]] ?? usualKnobRanges[knob]) : undefined,
  }));
  return [...usual, ...priorSetting(has('factor'), file), ...others];
}

/** What the prior of the file, or the usual one, becomes. */
function priorSetting(isDrawn: boolean, file: RunConfigInput): FlagValue[] {
  if (isDrawn) return file.prior?.kind === 'constant' ? [{ path: ['prior'], value: undefined }] : [];
  const prior = priorOf(parseRunConfig(file, 'internal: a file that was checked'));
  return prior.kind === 'constant'
    ? []
    : [{ path: ['prior'], value: { kind: 'constant', factor: prior.high } }];
}
