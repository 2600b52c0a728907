import { resampleOnto } from '@sshn/data';
import type { FieldMm } from './field-file.js';
import type { Picture } from './picture.js';

/**
 * An image moved by a field, on the grid of the field: every voxel shows what is at its own place, displaced, in the moving
 * image. Images are read linearly, labels by the nearest voxel; what lies outside is 0.
 */
export function warpPicture(moving: Picture, field: FieldMm, interpolation: 'linear' | 'nearest'): Picture {
  const { grid, displacementMm } = field;
  const [first, ...more] = moving.channels.map((channel) =>
    resampleOnto(channel, grid, { interpolation, displacementMm }),
  );
  return { ...moving, channels: [first!, ...more] };
}
