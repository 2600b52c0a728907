/** What one new element of an axis is made of: `weights[k]` of old element `first + k`. */
export interface Taps {
  readonly first: number;
  readonly weights: readonly number[];
}

/**
 * Replaces one axis of an array by weighted sums along it.
 *
 * @param values Seen as `[outer, from, inner]`.
 * @param taps One entry per element of the new axis.
 * @returns `[outer, taps.length, inner]`
 */
export function mixAxis(
  values: Float32Array,
  from: number,
  inner: number,
  taps: readonly Taps[],
): Float32Array {
  const outer = values.length / (from * inner);
  const result = new Float32Array(outer * taps.length * inner);
  for (let block = 0; block < outer; block++) {
    for (let i = 0; i < taps.length; i++) {
      const { first, weights } = taps[i]!;
      const to = (block * taps.length + i) * inner;
      for (let k = 0; k < weights.length; k++) {
        const weight = weights[k]!;
        const at = (block * from + first + k) * inner;
        for (let c = 0; c < inner; c++) result[to + c]! += weight * values[at + c]!;
      }
    }
  }
  return result;
}
