/** Milliseconds over which a pace is told. */
const span = 3000;

/** How often something happened lately. */
export class Pace {
  private times: number[] = [];

  count(): void {
    const now = performance.now();
    this.times = [...this.times.filter((time) => now - time < span), now];
  }

  /** Intervals per second between the events of the last three seconds. */
  get perSecond(): number {
    const { times } = this;
    if (times.length < 2) return 0;
    return (1000 * (times.length - 1)) / (times.at(-1)! - times[0]!);
  }

  clear(): void {
    this.times = [];
  }
}
