import type { FullSampling } from '@sshn/ops';
import type { MathBackendWebGL } from '@tensorflow/tfjs-backend-webgl';
import { type TensorInfo, util } from '@tensorflow/tfjs-core';
import { type FlatProgram, run } from '../program.js';
import { forEachCorner, placesOf, productOf, readFunctions, sizeNames, sizesOf } from './sampling.js';

const forward = (rank: number, sampling: FullSampling): FlatProgram => ({
  inputs: ['source', 'field'],
  integers: sizeNames(rank),
  code: `${readFunctions(sampling)}
float valueAt(int index) {
  int voxel = index / channels;
  int channel = index - voxel * channels;
  ${placesOf(rank)}
  float total = 0.0;
  ${forEachCorner(rank, `total += ${productOf(rank)} * getSource(row * channels + channel);`)}
  return total;
}`,
});

/** A value for each axis of each voxel, which reads the same as its neighbors. */
const backward = (rank: number, sampling: FullSampling): FlatProgram => ({
  inputs: ['dy', 'source', 'field'],
  integers: sizeNames(rank),
  code: `${readFunctions(sampling)}
float valueAt(int index) {
  int voxel = index / ${rank};
  int axis = index - voxel * ${rank};
  ${placesOf(rank)}
  float total = 0.0;
  ${forEachCorner(
    rank,
    `
  float along = 0.0;
  for (int channel = 0; channel < channels; channel++)
    along += getSource(row * channels + channel) * getDy(voxel * channels + channel);
  ${Array.from({ length: rank }, (_, k) => `if (axis == ${k}) total += along * ${productOf(rank, k)};`).join('\n  ')}`,
  )}
  return total;
}`,
});

/** Image `[batch, ...size, channels]` at the places of field `[batch, ...spatial, rank]`: `[batch, ...spatial, channels]`. */
export function warp(
  backend: MathBackendWebGL,
  { image, field }: { readonly image: TensorInfo; readonly field: TensorInfo },
  { interpolation, padding }: FullSampling,
): TensorInfo {
  const channels = image.shape.at(-1)!;
  const [from, to] = [image.shape.slice(1, -1), field.shape.slice(1, -1)];
  return run(backend, forward(from.length, { interpolation, padding }), {
    inputs: [image, field],
    integers: sizesOf(channels, from, to),
    shape: [...field.shape.slice(0, -1), channels],
    dtype: image.dtype,
  });
}

/** The gradient to the field from dy `[batch, ...spatial, channels]`; zeros where the nearest voxel is taken. */
export function warpGradField(
  backend: MathBackendWebGL,
  { dy, image, field }: { readonly dy: TensorInfo; readonly image: TensorInfo; readonly field: TensorInfo },
  { interpolation, padding }: FullSampling,
): TensorInfo {
  if (interpolation === 'nearest') {
    const zeros = new Float32Array(util.sizeFromShape(field.shape));
    return backend.makeTensorInfo(field.shape, 'float32', zeros);
  }
  const [from, to] = [image.shape.slice(1, -1), field.shape.slice(1, -1)];
  return run(backend, backward(from.length, { interpolation, padding }), {
    inputs: [dy, image, field],
    integers: sizesOf(image.shape.at(-1)!, from, to),
    shape: field.shape,
  });
}
