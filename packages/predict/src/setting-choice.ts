import { type Factor, type Setting, setting, ValueError } from '@sshn/core';
import { type Knob, knobs } from '@sshn/hypernet';
import { type Budget, type Manifest, namedSetting, settingText } from '@sshn/model';

/** At which setting a model is applied: its own words, or a budget; by default the largest factor of training. */
export interface SettingChoice extends Budget {
  /** φ of all downsampling steps, or one for each of them. */
  readonly factor?: Factor | undefined;
  /** Weight of smoothness in [0, 1], of registration models that take one. @default the middle of training */
  readonly lambda?: number | undefined;
  /** Share of the features of every stage in (0, 1], of models that were trained with a range of them. @default 1 */
  readonly width?: number | undefined;
  /** Share of the images' size that the network sees in (0, 1]; likewise. @default 1 */
  readonly inputResolution?: number | undefined;
}

/** A setting that was chosen. */
export interface Chosen {
  readonly at: Setting;
  /** Mean foreground Dice that the model's table expects; undefined where it says nothing of the setting. */
  readonly dice?: number;
  /** For people: why this setting, and whether the model was trained for less. */
  readonly reason: string;
}

/** What a setting is made of, in a model's words. */
interface SettingWords extends Partial<Record<Knob, number | undefined>> {
  readonly factor?: Factor | undefined;
  readonly lambda?: number | undefined;
}

/**
 * The setting of these words, with what the model takes where they say nothing: the largest factor of training, the middle λ.
 *
 * @throws {ValueError} if the factor, λ, the width or the resolution do not fit the model.
 */
export function settingOf(
  { method, prior, registration, network }: Manifest,
  { factor, lambda, width, resolution }: SettingWords,
): Setting {
  requireKnobs(network.knobs ?? [], { width, resolution });
  const usual = prior.kind === 'constant' ? prior.factor : prior.high;
  const count = prior.kind === 'constant' ? [prior.factor].flat().length : (prior.factors ?? 1);
  const given = [factor ?? usual].flat();
  if (given.length !== 1 && given.length !== count) {
    throw new ValueError({
      where: 'factor',
      got: given,
      expected: count === 1 ? 'one, as the model has' : `one, or ${count}: one per downsampling step`,
    });
  }
  const factors = given.length === count ? given : Array<number>(count).fill(given[0]!);
  const takesLambda = 'hypernetwork' in method && method.hypernetwork.conditions > 0;
  if (!takesLambda && lambda === undefined) return setting({ factor: factors, width, resolution });
  if (!takesLambda) {
    throw new ValueError({
      where: 'lambda',
      got: lambda,
      expected: 'none: the model was trained with a fixed weight of its regularizer',
      hint: 'One that takes λ is trained with --lambda-range.',
    });
  }
  const told = lambda ?? (registration?.lambda && middleOf(registration.lambda));
  if (told !== undefined) return setting({ factor: factors, width, resolution, conditions: [told] });
  throw new ValueError({
    where: 'lambda',
    got: undefined,
    expected: 'a number in [0, 1], as the model takes one and does not say which it was trained with',
    hint: 'Give --lambda: larger is smoother.',
  });
}

/** A setting for a sentence: `0.25, as asked for, width 0.5`. */
export function settingWords(at: Setting, why: string): string {
  return `${at.factors.join(', ')}, ${why}${settingText({ ...namedSetting(at), factor: [] })}`;
}

/** Refuses knobs that a model was not trained with. */
function requireKnobs(has: readonly Knob[], asked: Partial<Record<Knob, number | undefined>>): void {
  for (const knob of knobs) {
    const value = asked[knob];
    if (value === undefined || value === 1 || has.includes(knob)) continue;
    throw new ValueError({
      where: knob,
      got: value,
      expected: `none: the model was trained at one ${knob}`,
      hint: `One that has several is trained with --${knob}-range.`,
    });
  }
}

function middleOf({
  low,
  high,
  distribution,
}: NonNullable<NonNullable<Manifest['registration']>['lambda']>): number {
  return distribution === 'uniform' ? (low + high) / 2 : Math.sqrt(low * high);
}
