/** What the controller knows of the moment. */
export interface Load {
  /** In milliseconds, from any beginning. */
  readonly now: number;
  /** Requests that wait, and processes that work on them. */
  readonly queued: number;
  readonly workers: number;
}

/** A request that was answered. */
export interface Served {
  /** When it had arrived whole, when a worker began it and when it was done, in the time of `Load`. */
  readonly arrived: number;
  readonly began: number;
  readonly done: number;
}

/** How many levels between the cheapest setting and the most accurate one. */
const levels = 5;
/** Requests that a percentile is taken of. */
const fewest = 20;
/** Below this share of the target there is room for more accuracy. */
const comfortable = 0.6;
/** After so many milliseconds a request says nothing about now. */
const longestMemory = 10_000;
/** How long it waits, at first and at most, before it tries a higher level. */
const [shortestHold, longestHold] = [1000, 30_000];

/**
 * Holds the 95th percentile of latency at a target: lowers the level of accuracy when latency is above it, or will be by the
 * length of the queue, and raises it again, one level at a time, when there is room. A rise that had to be taken back makes
 * the next one wait twice as long, so that the level does not swing.
 *
 * It has no clock of its own: time comes with what it is given.
 */
export class LatencyController {
  readonly #target: number;
  #level = levels;
  #served: Served[] = [];
  /** When the level last changed, and how. */
  #changedAt = Number.NEGATIVE_INFINITY;
  #lastChange: 'down' | 'up' | undefined;
  #hold = shortestHold;
  #calmSince: number | undefined;
  #pressedSince: number | undefined;

  /** How long ago counts as now; where less comes in, the last requests count for longer. */
  readonly #window: number;

  /** @param targetMs What 95 of 100 requests are to take at most, from arrival to answer. */
  constructor(targetMs: number) {
    this.#target = targetMs;
    this.#window = Math.max(2000, 10 * targetMs);
  }

  /** From 0, the cheapest setting, to 1, the most accurate one. */
  get share(): number {
    return this.#level / levels;
  }

  /** The 95th percentile in milliseconds of what was answered lately; undefined where nothing was. */
  get p95(): number | undefined {
    return this.#served.length === 0 ? undefined : percentile(this.#served);
  }

  /**
   * Whether one request more would miss the target even at the cheapest setting, so that it is better refused. One for each
   * worker may wait in any case, so that a target nobody can meet does not end the service.
   */
  isOverloaded({ queued, workers }: Load): boolean {
    const current = this.#current();
    if (this.#level > 0 || current.length < 2 || queued < workers) return false;
    return expectedMs(current, queued, workers) > 0.8 * this.#target;
  }

  /** Takes notice of a request that was answered. */
  record(served: Served, load: Load): void {
    this.#served.push(served);
    this.update(load);
  }

  /** Decides anew; to be called now and then also where nothing is answered. */
  update({ now, queued, workers }: Load): void {
    this.#served = this.#served.filter(({ done }, i) => {
      const age = now - done;
      return age < this.#window || (age < longestMemory && i >= this.#served.length - fewest);
    });
    const current = this.#current();
    const expected = current.length >= 2 ? expectedMs(current, queued, workers) : 0;
    const latency = Math.max(expected, current.length >= fewest ? percentile(current) : 0);
    this.#pressedSince = expected > this.#target ? (this.#pressedSince ?? now) : undefined;
    if (latency > this.#target) {
      this.#calmSince = undefined;
      // A few that come at once are within the 5 of 100; a queue that stays is not.
      const isPressed = this.#pressedSince !== undefined && now - this.#pressedSince >= this.#target / 2;
      const isLate = expected < latency;
      if (this.#level > 0 && (isPressed || isLate)) this.#lower(now, latency > 2 * this.#target ? 2 : 1);
      return;
    }
    // Where little comes in, an empty queue says enough.
    const isKnown = current.length >= fewest || queued === 0;
    if (latency > comfortable * this.#target || !isKnown) {
      this.#calmSince = undefined;
      return;
    }
    this.#calmSince ??= now;
    if (now - this.#calmSince >= this.#hold && this.#level < levels) this.#raise(now);
  }

  /** What was begun at another level says nothing about this one. */
  #current(): readonly Served[] {
    return this.#served.filter(({ began }) => began >= this.#changedAt);
  }

  #lower(now: number, by: number): void {
    if (this.#lastChange === 'up' && now - this.#changedAt < 2 * this.#hold)
      this.#hold = Math.min(longestHold, 2 * this.#hold);
    else this.#hold = Math.max(shortestHold, this.#hold / 2);
    this.#change(Math.max(0, this.#level - by), now, 'down');
  }

  #raise(now: number): void {
    // A rise that lasted: the next may come sooner.
    if (this.#lastChange === 'up') this.#hold = Math.max(shortestHold, this.#hold / 2);
    this.#change(this.#level + 1, now, 'up');
  }

  #change(level: number, now: number, kind: 'down' | 'up'): void {
    this.#level = level;
    this.#changedAt = now;
    this.#lastChange = kind;
    this.#calmSince = undefined;
    this.#pressedSince = undefined;
  }
}

/** How long a request would take that arrived now; 0 where nothing is known. */
function expectedMs(served: readonly Served[], queued: number, workers: number): number {
  if (served.length === 0) return 0;
  const service = served.reduce((sum, { began, done }) => sum + done - began, 0) / served.length;
  return service * (1 + queued / Math.max(1, workers));
}

function percentile(served: readonly Served[]): number {
  const sorted = served.map(({ arrived, done }) => done - arrived).sort((a, b) => a - b);
  return sorted[Math.ceil(0.95 * sorted.length) - 1]!;
}
