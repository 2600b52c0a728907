import { type Affine, type Volume, volumeOf } from '@sshn/data';

/** A volume with a soft ball around a place in mm, of 100 inside; its labels: 7 inside. */
export function ball(
  shape: Volume['shape'],
  affine: Affine,
  center: readonly [x: number, y: number, z: number],
  radiusMm: number,
): { readonly image: Volume<Float32Array>; readonly labels: Volume<Int16Array> } {
  const values: number[] = [];
  for (let d = 0; d < shape[0]; d++) {
    for (let h = 0; h < shape[1]; h++) {
      for (let w = 0; w < shape[2]; w++) {
        const place = affine.map((row) => row[0] * d + row[1] * h + row[2] * w + row[3]);
        values.push(Math.hypot(...place.map((x, axis) => x - center[axis]!)) - radiusMm);
      }
    }
  }
  return {
    image: volumeOf(
      Float32Array.from(values, (x) => 100 / (1 + Math.exp(x))),
      shape,
      { affine },
    ),
    labels: volumeOf(
      Int16Array.from(values, (x) => (x < 0 ? 7 : 0)),
      shape,
      { affine },
    ),
  };
}
