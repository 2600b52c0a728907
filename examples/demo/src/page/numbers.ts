/** GFLOPs in the unit that people can read. */
export function flopsText(gflops: number): string {
  return gflops < 0.1 ? `${(1000 * gflops).toFixed(1)} MFLOPs` : `${gflops.toFixed(2)} GFLOPs`;
}

export function millisecondsText(milliseconds: number): string {
  return `${milliseconds.toFixed(milliseconds < 10 ? 1 : 0)} ms`;
}

/** The middle of the last few values, so that one hiccup of the device does not show. */
export class RecentMedian {
  private values: number[] = [];

  add(value: number): number {
    this.values = [...this.values, value].slice(-7);
    const sorted = [...this.values].sort((a, b) => a - b);
    return sorted[Math.floor(sorted.length / 2)]!;
  }

  clear(): void {
    this.values = [];
  }
}
