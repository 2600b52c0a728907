import { type Rescaling, requireOption, ValueError } from '@sshn/core';

/** How a factor φ in [0, 1] becomes the input of a hypernetwork. */
export type Encoding = 'linear' | 'circular';

/** All encodings. */
export const encodings = ['linear', 'circular'] as const satisfies readonly Encoding[];

/**
 * The input of a hypernetwork for a rescaling, two numbers per factor: [φ, 1 − φ] ('linear') or
 * [cos(πφ/2), sin(πφ/2)] ('circular', of constant norm).
 *
 * Conditions of the rescaling are encoded as factors are, after them.
 *
 * @param count How many factors and conditions the hypernetwork takes: 1 for a common factor.
 * @throws {ValueError} if the rescaling has another number of factors. @throws {OptionError} for an unknown encoding.
 * @example
 * encodeRescaling(rescaling(0.25), 1, 'linear');            // [0.25, 0.75]
 * encodeRescaling(rescaling([0.25, 0.5]), 2, 'linear');     // [0.25, 0.75, 0.5, 0.5]
 *
 * *Source*: the paper, sections 4.4 and C.2 (linear); Gonzalez Ortiz et al., "Magnitude invariant parametrizations improve
 * hypernetwork learning" (2023) (circular).
 */
export function encodeRescaling(at: Rescaling, count: number, encoding: Encoding): number[] {
  requireOption('encoding', encoding, encodings);
  const inputs = [...at.factors, ...(at.conditions ?? [])];
  if (inputs.length !== count) {
    throw new ValueError({
      where: 'hypernetwork: factors',
      got: inputs,
      expected:
        (count === 1 ? 'one common factor' : `${count} factors, one per downsampling step`) +
        (at.conditions === undefined ? '' : ', conditions included'),
    });
  }
  return inputs.flatMap((factor) => {
    const angle = (Math.PI / 2) * factor;
    return encoding === 'linear' ? [factor, 1 - factor] : [Math.cos(angle), Math.sin(angle)];
  });
}
