/**
 * Where a strided convolution looks along one axis: output i of `to` is centered on the input pixel nearest to the middle of
 * its share, (i + ½)·from/to − ½, the earlier of two that are equally near.
 */
export function sampledPositions(from: number, to: number): number[] {
  // ⌈c − ½⌉, in whole numbers.
  return Array.from({ length: to }, (_, i) => Math.floor(((2 * i + 1) * from - 1) / (2 * to)));
}

/** The distance of positions that are all equally far apart, undefined where they are not. */
export function commonStride(positions: readonly number[]): number | undefined {
  const stride = positions.length > 1 ? positions[1]! - positions[0]! : 1;
  return positions.every((position, i) => position === positions[0]! + i * stride) ? stride : undefined;
}
