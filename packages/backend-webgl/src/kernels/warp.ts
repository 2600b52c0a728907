import type { FullSampling } from '@sshn/ops';
import type { MathBackendWebGL } from '@tensorflow/tfjs-backend-webgl';
import { type TensorInfo, util } from '@tensorflow/tfjs-core';
import { type FlatProgram, run } from './program.js';

/** Integers that `placesOf` uses; `sizesOf` gives them. */
export const sizeNames = (rank: number): readonly string[] => [
  'channels',
  ...Array.from({ length: rank }, (_, k) => [`from${k}`, `to${k}`]).flat(),
];

/** Channels, and along each axis the size of the image and that of the field. */
export function sizesOf(channels: number, from: readonly number[], to: readonly number[]): readonly number[] {
  return [channels, ...from.flatMap((n, k) => [n, to[k]!])];
}

const folds: Record<FullSampling['padding'], string> = {
  border: `
  return vec2(clamp(place, 0.0, last), place > 0.0 && place < last ? 1.0 : 0.0);`,
  zeros: `
  return vec2(clamp(place, -1.0, size), place > -1.0 && place < size ? 1.0 : 0.0);`,
  reflect: `
  if (last == 0.0) return vec2(0.0);
  float turn = 2.0 * last;
  float phase = place - floor(place / turn) * turn;
  float mirrored = clamp(min(phase, turn - phase), 0.0, last);
  bool inside = mirrored > 0.0 && mirrored < last;
  return vec2(mirrored, inside ? (phase < last ? 1.0 : -1.0) : 0.0);`,
};

/**
 * GLSL of a function `Read readAlong(float place, int size)`: the voxels `low + near` that a place reads along an axis, near
 * being 0 … NEAR − 1, their `weight`, and the `slope` of that by the displacement. A place that is no number has weights
 * that are none.
 */
export function readFunctions({ interpolation, padding }: FullSampling): string {
  const isNearest = interpolation === 'nearest';
  return `
#define NEAR ${isNearest ? 1 : 2}
vec2 fold(float place, float size) {
  float last = size - 1.0;${folds[padding]}
}
struct Read { ivec2 at; vec2 weight; vec2 slope; };
Read readAlong(float place, int size) {
  bool known = (floatBitsToUint(place) & 0x7f800000u) != 0x7f800000u;
  vec2 folded = fold(known ? place : 0.0, float(size));
  float low = floor(folded.x${isNearest ? ' + 0.5' : ''});
  float above = folded.x - low;
  ivec2 at = ivec2(int(low), int(low) + 1);
  vec2 exists = vec2(at.x >= 0 && at.x < size, at.y >= 0 && at.y < size);
  vec2 weight = ${isNearest ? 'vec2(1.0, 0.0)' : 'vec2(1.0 - above, above)'} * exists;
  vec2 slope = ${isNearest ? 'vec2(0.0)' : 'vec2(-folded.y, folded.y)'} * exists;
  at = clamp(at, ivec2(0), ivec2(size - 1));
  return Read(at, known ? weight : vec2(NAN), known ? slope : vec2(NAN));
}`;
}

/** GLSL that finds what `voxel`, one of all places of all images, reads: `image`, and `read0` … along each axis. */
export function placesOf(rank: number): string {
  const axes = Array.from({ length: rank }, (_, k) => k);
  return `
  int rest = voxel;
  ${[...axes]
    .reverse()
    .map((k) => `int at${k} = rest % to${k}; rest /= to${k};`)
    .join('\n  ')}
  int image = rest;
  ${axes.map((k) => `Read read${k} = readAlong(float(at${k}) + getField(voxel * ${rank} + ${k}), from${k});`).join('\n  ')}`;
}

/** GLSL that runs `visit` for each voxel that a place reads; `row` is its row in the flattened image. */
export function forEachCorner(rank: number, visit: string): string {
  const opening = Array.from(
    { length: rank },
    (_, k) => `for (int near${k} = 0; near${k} < NEAR; near${k}++) {
  int row${k} = ${k === 0 ? 'image' : `row${k - 1}`} * from${k} + read${k}.at[near${k}];`,
  );
  return `${opening.join('\n  ')}
  int row = row${rank - 1};
  ${visit}
  ${'} '.repeat(rank)}`;
}

/** The product of what is read along the axes: of weights, but of the slope along `sloped`. */
export function productOf(rank: number, sloped?: number): string {
  return Array.from(
    { length: rank },
    (_, k) => `read${k}.${k === sloped ? 'slope' : 'weight'}[near${k}]`,
  ).join(' * ');
}

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
