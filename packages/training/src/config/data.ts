import { option, type ValuesOf } from '@sshn/core';
import { type FolderOptions, fits, sliceAxes } from '@sshn/data';

const options = {
  slices: option.choice(sliceAxes, {
    optional: true,
    help: '2D slices of volumes, cut this way, are what is trained on',
  }),
  sliceRange: option.list(option.integer({ least: 0, help: '' }), {
    least: 2,
    most: 2,
    optional: true,
    help: 'First and last slice, counted toward the right, the front or the top',
  }),
  sliceStep: option.integer({ least: 1, optional: true, usually: '1', help: 'Every how many-th slice' }),
  spacingMm: option.oneOrList(option.number({ above: 0, help: '' }), {
    least: 3,
    most: 3,
    optional: true,
    help: 'Edge of voxels in mm that volumes are resampled to: one, or depth, height and width',
  }),
  frame: option.integer({
    least: 0,
    optional: true,
    help: 'Which volume of images that hold several (time points, modalities), from 0',
  }),
  fit: option.choice(fits, {
    optional: true,
    usually: "'resize'",
    help: 'Stretch volumes to the common size (resize), or pad and crop',
  }),
  channels: option.choice(['grey', 'color'], {
    optional: true,
    help: 'Bring all images to grey or to color, where a folder mixes both',
  }),
  unpaired: option.choice(['refuse', 'skip'], {
    optional: true,
    usually: "'refuse'",
    help: 'Files without labels, or labels without image: refuse the folder, or skip them',
  }),
};

/** How files become images. */
export type DataConfig = ValuesOf<typeof options>;

/** How the files of a folder become examples; see `FolderOptions` of @sshn/data. */
export const dataOptions = option.record(options, {
  optional: true,
  help: 'How files become images',
  check: ({ slices, sliceRange, sliceStep }) =>
    slices !== undefined || (sliceRange ?? sliceStep) === undefined
      ? []
      : [{ path: ['slices'], message: 'say which slices: sagittal, coronal or axial' }],
});

/** The options that open a folder as a configuration says. */
export function folderOptions({
  size,
  data = {},
}: {
  readonly size?: readonly number[] | undefined;
  readonly data?: DataConfig;
}): Pick<FolderOptions, 'size' | 'channels' | 'volumes' | 'unpaired'> {
  const {
    slices: axis,
    sliceRange: range,
    sliceStep: step,
    spacingMm,
    frame,
    fit,
    channels,
    unpaired,
  } = data;
  return {
    ...(size === undefined ? {} : { size }),
    ...(channels === undefined ? {} : { channels: channels === 'grey' ? 1 : 3 }),
    ...(unpaired === undefined ? {} : { unpaired }),
    volumes: {
      ...(spacingMm === undefined ? {} : { spacingMm }),
      ...(frame === undefined ? {} : { frame }),
      ...(fit === undefined ? {} : { fit }),
      ...(axis === undefined
        ? {}
        : {
            slices: {
              axis,
              ...(range === undefined ? {} : { range }),
              ...(step === undefined ? {} : { step }),
            },
          }),
    },
  };
}
