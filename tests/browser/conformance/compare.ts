/** Numbers by name. */
type Values = Readonly<Record<string, readonly number[]>>;

/**
 * How far a result is off, as a share of the largest value of its tensor, or of a thousandth of the largest of the case
 * where that is more: gradients that cancel out are nothing but rounding. Infinity where one has numbers and the other none.
 */
export function deviation(got: Values, want: Values): number {
  const names = Object.keys(want);
  if (names.join() !== Object.keys(got).join()) return Infinity;
  const sizes = new Map(names.map((name) => [name, Math.max(...want[name]!.map(Math.abs))]));
  const floor = Math.max(...sizes.values()) / 1000;
  const worst = names.map((name) => {
    const [a, b] = [got[name]!, want[name]!];
    if (a.length !== b.length) return Infinity;
    const scale = Math.max(sizes.get(name)!, floor);
    const off = Math.max(...a.map((value, i) => Math.abs(value - b[i]!))) / scale;
    return Number.isNaN(off) ? Infinity : off;
  });
  return Math.max(...worst);
}
