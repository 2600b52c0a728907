/**
 * The Lovász extension of the Jaccard loss of one label, and its gradient to the errors.
 *
 * With pixels in the order of falling error, `J_i` the Jaccard loss if the first i of them were all the wrong ones:
 * `value = Σ_i e_i (J_i − J_{i−1})`, and the gradient at pixel i is `J_i − J_{i−1}`.
 *
 * @param errors `|t − p|` of each pixel, in [0, 1].
 * @param truth t of each pixel, in [0, 1].
 *
 * *Source*: Berman et al., "The Lovász-softmax loss" (2018), equations 8 and 9, algorithm 1.
 */
export function lovaszExtension(
  errors: Float32Array,
  truth: Float32Array,
): { value: number; gradient: Float32Array } {
  const gradient = new Float32Array(errors.length);
  let positives = 0;
  for (const t of truth) positives += t;
  let intersection = positives;
  let union = positives;
  let before = 0;
  let value = 0;
  for (const i of fallingOrder(errors)) {
    intersection -= truth[i]!;
    union += 1 - truth[i]!;
    // Only without a positive and at a truth of 1 can the union be 0; nothing is wrong then.
    const jaccard = union > 0 ? 1 - intersection / union : 0;
    gradient[i] = jaccard - before;
    value += errors[i]! * (jaccard - before);
    before = jaccard;
  }
  return { value, gradient };
}

/**
 * Indices of numbers ≥ 0 from the largest to the smallest, equal ones in their order: a radix sort, linear in their
 * number. The bits of such floats order as integers.
 */
export function fallingOrder(values: Float32Array): Uint32Array {
  const keys = new Uint32Array(values.buffer, values.byteOffset, values.length);
  let order = Uint32Array.from(keys, (_, i) => i);
  let next = new Uint32Array(order.length);
  for (let shift = 0; shift < 32; shift += 11) {
    const places = new Uint32Array(2048);
    const digit = (i: number) => 2047 - ((keys[i]! >>> shift) & 2047);
    for (const i of order) places[digit(i)]! += 1;
    let total = 0;
    for (let d = 0; d < 2048; d++) {
      const count = places[d]!;
      places[d] = total;
      total += count;
    }
    for (const i of order) {
      const d = digit(i);
      next[places[d]!] = i;
      places[d]! += 1;
    }
    [order, next] = [next, order];
  }
  return order;
}
