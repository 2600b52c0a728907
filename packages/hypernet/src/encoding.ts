import { type Setting, setting, ValueError } from '@sshn/core';

/** How a factor φ in [0, 1] becomes the input of a hypernetwork. */
export type Encoding = 'linear' | 'circular';

/** All encodings. */
export const encodings = ['linear', 'circular'] as const satisfies readonly Encoding[];

/** What may move a network's cost beside its factors: the share of features, and that of the image's size. */
export const knobs = ['width', 'resolution'] as const;

/** One of them. */
export type Knob = (typeof knobs)[number];

/** What a hypernetwork takes of a setting: how many factors and conditions, and which knobs. */
export interface Inputs {
  readonly factors: number;
  readonly conditions: number;
  /** @default none */
  readonly knobs?: readonly Knob[];
}

/**
 * The middle of what networks are usually trained for: of the paper's factors, 0 to 0.5, of conditions, and of widths and
 * resolutions of about a half to 1.
 */
const usual = { factor: 0.25, condition: 0.5, width: 0.75, resolution: 0.75 } as const;

/** The setting in the middle of the usual range, with as many factors and conditions as a hypernetwork takes. */
export function middleSetting({ factors, conditions }: Inputs): Setting {
  const { factor, condition, width, resolution } = usual;
  return setting({
    factor: Array<number>(factors).fill(factor),
    conditions: Array<number>(conditions).fill(condition),
    width,
    resolution,
  });
}

/**
 * The input of a hypernetwork for a setting, two numbers per factor: [φ, 1 − φ] ('linear') or
 * [cos(πφ/2), sin(πφ/2)] ('circular', of constant norm). Conditions are encoded as factors are, after them, and then knobs.
 *
 * @throws {ValueError} if the setting has another number of factors or conditions.
 * @example
 * encodeSetting(setting(0.25), { factors: 1, conditions: 0 }, 'linear');            // [0.25, 0.75]
 * encodeSetting(setting([0.25, 0.5]), { factors: 2, conditions: 0 }, 'linear');     // [0.25, 0.75, 0.5, 0.5]
 *
 * *Source*: the paper, sections 4.4 and C.2 (linear); Gonzalez Ortiz et al., "Magnitude invariant parametrizations improve
 * hypernetwork learning" (2023) (circular).
 */
export function encodeSetting(
  at: Setting,
  { factors, conditions, knobs: taken = [] }: Inputs,
  encoding: Encoding,
): number[] {
  if (at.factors.length !== factors) {
    throw new ValueError({
      where: 'hypernetwork: factors',
      got: at.factors,
      expected: factors === 1 ? 'one common factor' : `${factors} factors, one per downsampling step`,
    });
  }
  if (at.conditions.length !== conditions) {
    throw new ValueError({
      where: 'hypernetwork: conditions',
      got: at.conditions,
      expected: conditions === 0 ? 'none' : `${conditions}`,
      hint: 'Give as many as it was made for: setting({ factor, conditions: [0.5] }).',
    });
  }
  const turned = knobs.filter((knob) => taken.includes(knob)).map((knob) => at[knob]);
  return [...at.factors, ...at.conditions, ...turned].flatMap((input) => {
    const angle = (Math.PI / 2) * input;
    return encoding === 'linear' ? [input, 1 - input] : [Math.cos(angle), Math.sin(angle)];
  });
}
