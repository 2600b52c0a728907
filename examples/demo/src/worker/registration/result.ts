import { encodeNifti, volumeOf } from '@sshn/data';
import { rescaleField, warp } from '@sshn/registration';
import { type Tensor, tidy } from '@tensorflow/tfjs-core';
import type { RegistrationResult } from '../protocol.js';
import type { RegistrationPair } from './pair.js';

/**
 * The moving image, warped on the grid of the fixed file, and the field as `sshn register --field` writes it: a NIfTI image
 * of vectors in millimeters, of pixels of 1 mm.
 */
export async function resultOf({ whole }: RegistrationPair, fitted: Tensor): Promise<RegistrationResult> {
  const size = [whole.shape[1]!, whole.shape[2]!] as const;
  const [field, image] = tidy(() => {
    const onGrid = rescaleField(fitted, [...size]);
    return [onGrid, warp(whole, onGrid)];
  }) as [Tensor, Tensor];
  try {
    const [vectors, moved] = await Promise.all([field.data<'float32'>(), image.data<'float32'>()]);
    const component = (read: (pixel: number) => number) =>
      volumeOf(
        Float32Array.from({ length: size[0] * size[1] }, (_, i) => read(i)),
        [1, ...size],
      );
    const components = [
      component((i) => vectors[2 * i + 1]!),
      component((i) => vectors[2 * i]!),
      component(() => 0),
    ] as const;
    return {
      moved: Float32Array.from(moved),
      size,
      field: Uint8Array.from(encodeNifti(components, { series: 'vector' })),
    };
  } finally {
    field.dispose();
    image.dispose();
  }
}
