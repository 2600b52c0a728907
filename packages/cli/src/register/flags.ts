import { ValueError } from '@sshn/core';
import { type IntensityNormalization, type Preprocessing, reorient } from '@sshn/data';
import { type Picture, type Registrar, type SettingChoice, usualObjective } from '@sshn/predict';
import type { AffineKind, AffineRegistrationOptions, RegistrationObjective } from '@sshn/registration';
import { type SettingFlags, settingChoice } from '../commands/setting-options.js';
import type { ComputingFlags } from '../process/backend.js';

/** The flags of `sshn register`. */
export interface RegisterFlags extends ComputingFlags, SettingFlags {
  readonly out?: string;
  readonly field?: string;
  readonly labels?: string;
  readonly movedLabels?: string;
  readonly report?: string;
  readonly resample?: boolean;
  readonly movingFrame?: number;
  readonly fixedFrame?: number;
  readonly affine?: AffineKind;
  readonly affineSimilarity?: RegistrationObjective['similarity'];
  readonly matrix?: string;
  readonly lambda?: number;
  readonly refine: number;
  readonly similarity?: RegistrationObjective['similarity'];
  readonly window?: number;
  readonly regularizer?: RegistrationObjective['regularizer'];
  readonly weight?: number;
  readonly integrationSteps?: number;
  readonly resolution?: 'full' | 'half';
  readonly spacing?: number;
  readonly intensity?: IntensityNormalization;
  readonly levels?: number;
  readonly learningRate?: number;
}

/** At which setting a model predicts. */
export function choiceOf(flags: RegisterFlags): SettingChoice {
  return { ...settingChoice(flags), ...(flags.lambda === undefined ? {} : { lambda: flags.lambda }) };
}

/**
 * What is minimized: flags first, then what the model was trained for, then the usual.
 *
 * @throws {ValueError} if there is a window for a similarity that has none.
 */
export function objectiveOf(model: Registrar | undefined, flags: RegisterFlags): RegistrationObjective {
  const { lambda, ...trained } =
    model?.objectiveAt(choiceOf(flags)) ??
    ({
      ...usualObjective,
      ...(flags.integrationSteps === undefined ? {} : { integrationSteps: flags.integrationSteps }),
    } as RegistrationObjective);
  const objective = {
    ...trained,
    ...(flags.similarity === undefined ? {} : { similarity: flags.similarity }),
    ...(flags.regularizer === undefined ? {} : { regularizer: flags.regularizer }),
    ...(flags.window === undefined ? {} : { window: flags.window }),
    // A weight that is given takes the place of λ.
    ...(flags.weight === undefined ? (lambda === undefined ? {} : { lambda }) : { weight: flags.weight }),
  };
  requireWindow(objective, flags);
  return objective;
}

/** What an alignment is after: its own similarity, else that of two modalities where refinement has it, else the usual. */
export function affineOptions(
  { similarity }: RegistrationObjective,
  { affine, affineSimilarity }: RegisterFlags,
): Pick<AffineRegistrationOptions, 'kind' | 'similarity'> {
  const fallback = similarity === 'mutualInformation' ? similarity : 'globalNcc';
  return { kind: affine!, similarity: affineSimilarity ?? fallback };
}

function requireWindow({ similarity }: RegistrationObjective, { window }: RegisterFlags): void {
  if (window === undefined || similarity === 'localNcc') return;
  throw new ValueError({
    where: '--window',
    got: window,
    expected: `none: it is for the similarity localNcc, and the model was trained with ${similarity}`,
    hint: 'Leave it out, or give --similarity localNcc too.',
  });
}

/** How images are prepared where no model says: grey, at the spacing asked for. */
export function barePreprocessing(
  { format, channels }: Picture,
  { spacing, intensity }: RegisterFlags,
): Preprocessing {
  const { shape, spacingMm } = reorient(channels[0]);
  const scaled = shape.map((n, axis) =>
    spacing === undefined ? n : Math.max(1, Math.round((n * spacingMm[axis]!) / spacing)),
  );
  return {
    size: format === 'volume' ? scaled : scaled.slice(1),
    channels: 1,
    intensity: intensity ?? { kind: 'minMax' },
  };
}
