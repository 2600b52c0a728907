import { type FolderOptions, fits, sliceAxes } from '@sshn/data';
import { z } from 'zod';

const positiveInteger = z.int().min(1);
const index = z.int().min(0);

/** How the files of a folder become examples; see `FolderOptions` of @sshn/data. */
export const dataConfigSchema = z
  .strictObject({
    slices: z
      .enum(sliceAxes)
      .exactOptional()
      .describe('2D slices of volumes, cut this way, are what is trained on'),
    sliceRange: z
      .array(index)
      .length(2)
      .exactOptional()
      .describe('First and last slice, counted toward the right, the front or the top'),
    sliceStep: positiveInteger.exactOptional().describe('Every how many-th slice'),
    spacingMm: z
      .union([z.number().positive(), z.array(z.number().positive()).length(3)])
      .exactOptional()
      .describe('Edge of voxels in mm that volumes are resampled to: one, or depth, height and width'),
    fit: z
      .enum(fits)
      .exactOptional()
      .describe('Stretch volumes to the common size (resize), or pad and crop'),
    channels: z
      .enum(['grey', 'color'])
      .exactOptional()
      .describe('Bring all images to grey or to color, where a folder mixes both'),
    unpaired: z
      .enum(['refuse', 'skip'])
      .exactOptional()
      .describe('Files without labels, or labels without image: refuse the folder, or skip them'),
  })
  .refine(
    ({ slices, sliceRange, sliceStep }) => slices !== undefined || (sliceRange ?? sliceStep) === undefined,
    {
      path: ['slices'],
      message: 'say which slices: sagittal, coronal or axial',
    },
  )
  .describe('How files become images');

/** The options that open a folder as a configuration says. */
export function folderOptions({
  size,
  data = {},
}: {
  readonly size?: readonly number[] | undefined;
  readonly data?: z.infer<typeof dataConfigSchema>;
}): Pick<FolderOptions, 'size' | 'channels' | 'volumes' | 'unpaired'> {
  const { slices: axis, sliceRange: range, sliceStep: step, spacingMm, fit, channels, unpaired } = data;
  return {
    ...(size === undefined ? {} : { size }),
    ...(channels === undefined ? {} : { channels: channels === 'grey' ? 1 : 3 }),
    ...(unpaired === undefined ? {} : { unpaired }),
    volumes: {
      ...(spacingMm === undefined ? {} : { spacingMm }),
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
