/** Memory that the lines of one axis share. */
export interface EnvelopeBuffers {
  readonly line: Float64Array;
  readonly apexes: Int32Array;
  readonly starts: Float64Array;
}

export function envelopeBuffers(length: number): EnvelopeBuffers {
  return {
    line: new Float64Array(length),
    apexes: new Int32Array(length),
    starts: new Float64Array(length),
  };
}

/**
 * One line of squared distances, in place: `out(x) = min_q (s (x − q))² + in(q)`, by the lower envelope of the parabolas,
 * linear in the length of the line.
 *
 * @param values Holds the line from `first` on, as long as the buffers are.
 * @param step `s`, the distance of neighbors on the line.
 *
 * *Source*: Felzenszwalb & Huttenlocher, "Distance transforms of sampled functions" (2012), algorithm 1.
 */
export function lowerEnvelope(
  values: Float64Array,
  first: number,
  step: number,
  { line, apexes, starts }: EnvelopeBuffers,
): void {
  const length = line.length;
  const scale = step * step;
  let count = 0;
  for (let q = 0; q < length; q++) {
    const height = values[first + q]!;
    line[q] = height;
    // A parabola at infinity is nowhere the lowest.
    if (height === Infinity) continue;
    let start = -Infinity;
    while (count > 0) {
      const apex = apexes[count - 1]!;
      start = (q + apex) / 2 + (height - line[apex]!) / (2 * scale * (q - apex));
      if (start > starts[count - 1]!) break;
      count--;
      start = -Infinity;
    }
    apexes[count] = q;
    starts[count] = start;
    count++;
  }
  if (count === 0) return;
  for (let x = 0, k = 0; x < length; x++) {
    while (k + 1 < count && starts[k + 1]! < x) k++;
    const apex = apexes[k]!;
    values[first + x] = scale * (x - apex) * (x - apex) + line[apex]!;
  }
}
