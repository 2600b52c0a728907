import { Rng } from '@sshn/core';
import { describe, expect, test } from 'vitest';
import { LatencyController, type Served } from './controller.js';

/** Milliseconds that a worker takes at each share of accuracy: from 20 at the cheapest to 100 at the most accurate. */
const serviceMs = (share: number) => 20 + 80 * share;
const workers = 2;
const target = 200;

interface Phase {
  readonly seconds: number;
  /** Requests per second. */
  readonly rate: number;
}

interface Simulated extends Served {
  readonly share: number;
}

/**
 * A queue before two workers in simulated time: requests arrive at random (Poisson), service varies by a tenth. The controller
 * hears of each answer, and four times a second of the time.
 */
function simulate(
  phases: readonly Phase[],
  seed = 1,
  controller: LatencyController | null = new LatencyController(target),
) {
  const random = Rng.fromSeed(seed);
  const served: Simulated[] = [];
  const shares: { at: number; share: number }[] = [];
  let refused = 0;
  const waiting: number[] = [];
  const busy: Simulated[] = [];
  let now = 0;
  const load = () => ({ now, queued: waiting.length, workers });
  const begin = () => {
    while (busy.length < workers && waiting.length > 0) {
      const share = controller?.share ?? 1;
      const done = now + serviceMs(share) * random.uniform(0.9, 1.1);
      busy.push({ arrived: waiting.shift()!, began: now, done, share });
    }
  };
  let end = 0;
  let tick = 0;
  for (const { seconds, rate } of phases) {
    const gap = () => (-Math.log(1 - random.uniform()) / rate) * 1000;
    let next = end + gap();
    end += 1000 * seconds;
    for (;;) {
      const first = Math.min(...busy.map(({ done }) => done));
      now = Math.min(next, first, tick);
      if (now > end) break;
      if (now === tick) {
        controller?.update(load());
        shares.push({ at: now, share: controller?.share ?? 1 });
        tick += 250;
      } else if (now === next) {
        if (controller?.isOverloaded(load())) refused++;
        else waiting.push(now);
        next = now + gap();
      } else {
        const [one] = busy.splice(
          busy.findIndex(({ done }) => done === first),
          1,
        );
        served.push(one!);
        controller?.record(one!, load());
      }
      begin();
    }
  }
  const between = (from: number, to: number) =>
    served.filter(({ arrived }) => arrived >= 1000 * from && arrived < 1000 * to);
  return {
    refused,
    count: served.length,
    p95: (from: number, to: number) => {
      const sorted = between(from, to)
        .map(({ arrived, done }) => done - arrived)
        .sort((a, b) => a - b);
      return sorted[Math.ceil(0.95 * sorted.length) - 1]!;
    },
    meanShare: (from: number, to: number) => {
      const some = between(from, to);
      return some.reduce((sum, { share }) => sum + share, 0) / some.length;
    },
    changes: (from: number, to: number) => {
      const some = shares.filter(({ at }) => at >= 1000 * from && at < 1000 * to);
      return some.filter(({ share }, i) => i > 0 && share !== some[i - 1]!.share).length;
    },
    lastShare: shares.at(-1)!.share,
  };
}

describe.each([1, 2, 3])('simulated load, seed %d', (seed) => {
  test('little load: the most accurate setting throughout', () => {
    const run = simulate([{ seconds: 60, rate: 5 }], seed);
    // A chance crowd may cost a little of it.
    expect(run.meanShare(0, 60)).toBeGreaterThan(0.95);
    expect(run.lastShare).toBe(1);
  });

  test('load that the most accurate setting cannot bear: the target is held with less accuracy, which returns', () => {
    // Two workers do 20 requests a second at the most accurate setting, and 100 at the cheapest.
    const phases = [
      { seconds: 20, rate: 5 },
      { seconds: 60, rate: 50 },
      { seconds: 60, rate: 5 },
    ];
    const run = simulate(phases, seed);
    const without = simulate(phases, seed, null);
    expect(without.p95(25, 80)).toBeGreaterThan(10 * target);
    expect(run.p95(25, 80)).toBeLessThan(1.1 * target);
    // While the queue of the first second is worked off.
    expect(run.refused / run.count).toBeLessThan(0.01);
    expect(run.meanShare(25, 80)).toBeLessThan(0.5);
    expect(run.meanShare(25, 80)).toBeGreaterThan(0.05);
    expect(run.lastShare).toBe(1);
    // It does not swing: some tries to rise in a minute of even load.
    expect(run.changes(30, 80)).toBeLessThan(30);
  });

  test('more than the cheapest setting can bear: what is taken is on time, the rest refused', () => {
    const run = simulate([{ seconds: 60, rate: 300 }], seed);
    expect(run.meanShare(10, 60)).toBeLessThan(0.05);
    expect(run.p95(10, 60)).toBeLessThan(1.1 * target);
    // Of 300 a second it does about 100.
    expect(run.count / 60).toBeGreaterThan(80);
    expect(run.refused / 60).toBeGreaterThan(150);
  });
});

test('an idle service goes back to its most accurate setting', () => {
  const controller = new LatencyController(100);
  const load = { queued: 20, workers: 1 };
  for (let i = 0; i < 10; i++)
    controller.record({ arrived: 0, began: i * 500, done: i * 500 + 500 }, { ...load, now: i * 500 + 500 });
  expect(controller.share).toBeLessThan(1);
  for (let now = 6000; now < 40_000; now += 250) controller.update({ now, queued: 0, workers: 1 });
  expect(controller.share).toBe(1);
  expect(controller.p95).toBeUndefined();
});

test('a target that no setting meets: requests are taken while workers have nothing to do', () => {
  const controller = new LatencyController(10);
  let now = 0;
  for (let i = 0; i < 40; i++) {
    now += 100;
    controller.record({ arrived: now - 100, began: now - 100, done: now }, { now, queued: 2, workers: 2 });
  }
  expect(controller.share).toBe(0);
  expect(controller.isOverloaded({ now, queued: 1, workers: 2 })).toBe(false);
  expect(controller.isOverloaded({ now, queued: 2, workers: 2 })).toBe(true);
});
