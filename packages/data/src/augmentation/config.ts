import { option, requireOptions, type ValuesOf } from '@sshn/core';

/** Axes of an image, outermost first. */
export const axisNames = ['depth', 'height', 'width'] as const;
export type AxisName = (typeof axisNames)[number];

/** What may be changed at random, and by how much; everything is off unless given. */
export const augmentationOptions = {
  flip: option.list(option.choice(axisNames, { help: '' }), {
    least: 0,
    optional: true,
    help: 'Axes mirrored half of the time',
  }),
  rotationDegrees: option.number({
    least: 0,
    most: 180,
    optional: true,
    help: 'Largest rotation in the plane of height and width; drawn uniformly in ± this many degrees',
  }),
  scale: option.number({
    least: 0,
    optional: true,
    help: 'Largest relative magnification; drawn log-uniformly in [1 / (1 + scale), 1 + scale]',
  }),
  elastic: option.record(
    {
      strength: option.number({
        least: 0,
        help: 'Standard deviation of smooth displacements, in pixels; they shrink where images would fold, from a sixth of the spacing on',
      }),
      spacing: option.number({
        least: 1,
        help: 'Distance of the control points of displacements, in pixels',
      }),
    },
    { optional: true },
  ),
  gamma: option.number({
    least: 0,
    optional: true,
    help: 'Largest relative change of the exponent of intensities, log-uniform in [1 / (1 + gamma), 1 + gamma]',
  }),
  noise: option.number({
    least: 0,
    optional: true,
    help: 'Largest standard deviation of added noise, in units of the intensities',
  }),
};

/** What is changed at random, and by how much; everything is off unless given. */
export type AugmentConfig = ValuesOf<typeof augmentationOptions>;

/**
 * Checks a configuration as it comes from a file.
 *
 * @throws {OptionError} if a key is unknown; {ValueError} if an axis is unknown or a strength is out of range.
 */
export function checkAugmentConfig(config: AugmentConfig): void {
  requireOptions('augment', config, augmentationOptions);
}
