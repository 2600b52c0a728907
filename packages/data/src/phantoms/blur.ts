/**
 * Gaussian blur along every axis of a channels-last array, edges repeated. Returns a new array.
 *
 * @param size Without channels.
 * @param sigma In pixels; the kernel ends at 3 sigma.
 */
export function blur(
  values: Float32Array,
  size: readonly number[],
  channels: number,
  sigma: number,
): Float32Array {
  const reach = Math.ceil(3 * sigma);
  const weights = Array.from({ length: reach + 1 }, (_, i) => Math.exp(-0.5 * (i / sigma) ** 2));
  const total = weights.reduce((sum, w, i) => sum + (i === 0 ? w : 2 * w), 0);
  let current = values;
  let inner = channels;
  for (let axis = size.length - 1; axis >= 0; axis--) {
    current = blurAxis(
      current,
      size[axis]!,
      inner,
      weights.map((w) => w / total),
    );
    inner *= size[axis]!;
  }
  return current;
}

/** Seen as `[outer, length, inner]`, blurs along the middle. */
function blurAxis(values: Float32Array, length: number, inner: number, weights: number[]): Float32Array {
  const result = new Float32Array(values.length);
  const block = length * inner;
  for (let start = 0; start < values.length; start += block) {
    for (let i = 0; i < length; i++) {
      const to = start + i * inner;
      for (let distance = 0; distance < weights.length; distance++) {
        const weight = distance === 0 ? weights[0]! / 2 : weights[distance]!;
        const before = start + Math.max(0, i - distance) * inner;
        const after = start + Math.min(length - 1, i + distance) * inner;
        for (let k = 0; k < inner; k++) {
          result[to + k]! += weight * (values[before + k]! + values[after + k]!);
        }
      }
    }
  }
  return result;
}
