/**
 * Label maps at another size: each pixel takes the label at its center, so that labels are never mixed.
 *
 * @param labels Of `count` maps, one after the other.
 * @param from Their size.
 * @param to The size wanted.
 */
export function labelsAt(
  labels: Int32Array,
  count: number,
  from: readonly number[],
  to: readonly number[],
): Int32Array {
  if (from.join() === to.join()) return labels;
  const offsets = to.reduce<number[]>(
    (starts, size, axis) => {
      const length = from[axis]!;
      const nearest = Array.from({ length: size }, (_, i) => Math.floor(((i + 0.5) * length) / size));
      return starts.flatMap((start) => nearest.map((i) => start * length + i));
    },
    [0],
  );
  const pixels = from.reduce((product, size) => product * size, 1);
  const taken = new Int32Array(count * offsets.length);
  for (let map = 0; map < count; map++) {
    for (const [i, offset] of offsets.entries())
      taken[map * offsets.length + i] = labels[map * pixels + offset]!;
  }
  return taken;
}
