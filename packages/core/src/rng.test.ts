import { describe, expect, test } from 'vitest';
import { ValueError } from './errors.js';
import { Rng } from './rng.js';

/** xoshiro128** by the letter of its authors' C source, in arbitrary precision. */
function* xoshiro(state: readonly number[]): Generator<number> {
  const mask = 0xffff_ffffn;
  const rotate = (x: bigint, bits: bigint) => ((x << bits) | (x >> (32n - bits))) & mask;
  const s = state.map(BigInt) as [bigint, bigint, bigint, bigint];
  for (;;) {
    yield Number((rotate((s[1] * 5n) & mask, 7n) * 9n) & mask);
    const t = (s[1] << 9n) & mask;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotate(s[3], 11n);
  }
}

const words = (rng: Rng, count: number) => Array.from({ length: count }, () => rng.word());

/** Mean, variance and the correlation of neighbors. */
function statistics(values: readonly number[]) {
  const mean = values.reduce((sum, x) => sum + x, 0) / values.length;
  const centered = values.map((x) => x - mean);
  const variance = centered.reduce((sum, x) => sum + x * x, 0) / values.length;
  const product = centered.slice(1).reduce((sum, x, i) => sum + x * centered[i]!, 0);
  return { mean, variance, neighbors: product / values.length / variance };
}

describe('word', () => {
  test('is what the reference implementation publishes', () => {
    // Blackman & Vigna's xoshiro128starstar.c 1.1 with the state 1, 2, 3, 4; also in the tests of Rust's rand_xoshiro.
    expect(words(Rng.fromState([1, 2, 3, 4]), 10)).toEqual([
      11520, 0, 5927040, 70819200, 2031721883, 1637235492, 1287239034, 3734860849, 3729100597, 4258142804,
    ]);
  });

  test('follows the recurrence from any state', () => {
    const rng = Rng.fromSeed(2 ** 53 - 1);
    const reference = xoshiro(rng.state());
    for (const word of words(rng, 1000)) expect(word).toBe(reference.next().value);
  });

  test('sets every bit half of the time', () => {
    const drawn = words(Rng.fromSeed(5), 4000);
    for (let bit = 0; bit < 32; bit++) {
      const set = drawn.filter((word) => (word >>> bit) & 1).length;
      // Five standard deviations of a fair coin.
      expect(Math.abs(set - 2000)).toBeLessThan(5 * Math.sqrt(1000));
    }
  });
});

describe('fromSeed', () => {
  test('the same seed gives the same numbers, another one others', () => {
    expect(words(Rng.fromSeed(7), 5)).toEqual(words(Rng.fromSeed(7), 5));
    const seeds = [0, 1, 2, 7, 2 ** 32, 2 ** 32 + 1, 2 ** 52, 2 ** 53 - 1];
    expect(new Set(seeds.map((seed) => Rng.fromSeed(seed).state().join())).size).toBe(seeds.length);
  });

  test('neighboring seeds share half of their bits', () => {
    const bits = (word: number) => [...(word >>> 0).toString(2)].filter((digit) => digit === '1').length;
    let differing = 0;
    for (let seed = 0; seed < 500; seed++) {
      differing += bits(Rng.fromSeed(seed).word() ^ Rng.fromSeed(seed + 1).word());
    }
    // 500 · 32 fair coins.
    expect(Math.abs(differing - 8000)).toBeLessThan(5 * Math.sqrt(4000));
  });

  test.each([-1, 0.5, Number.NaN, 2 ** 53])('refuses %s', (seed) => {
    expect(() => Rng.fromSeed(seed)).toThrow(ValueError);
    expect(() => Rng.fromSeed(seed)).toThrow(
      `Rng.fromSeed: got ${seed}, expected an integer from 0 to 2^53 - 1.`,
    );
  });
});

describe('state', () => {
  test('resumes where it was taken', () => {
    const rng = Rng.fromSeed(3);
    words(rng, 17);
    const stored = JSON.parse(JSON.stringify(rng.state()));
    expect(words(Rng.fromState(stored), 20)).toEqual(words(rng, 20));
  });

  test('is a copy', () => {
    const rng = Rng.fromSeed(3);
    const stored = rng.state();
    rng.word();
    expect(rng.state()).not.toEqual(stored);
  });

  test.each([
    { state: [0, 0, 0, 0] },
    { state: [1, 2, 3] },
    { state: [1, 2, 3, 2 ** 32] },
    { state: [1, 2, 3, -4] },
    { state: [1, 2, 3, 0.5] },
  ])('refuses $state', ({ state }) => {
    expect(() => Rng.fromState(state)).toThrow(
      `Rng.fromState: got ${JSON.stringify(state)}, expected four 32-bit words, not all zero.`,
    );
  });
});

describe('split', () => {
  test('depends on the state and the name, and leaves the state alone', () => {
    const rng = Rng.fromSeed(11);
    const before = rng.state();
    const first = words(rng.split('weights'), 3);
    expect(rng.state()).toEqual(before);
    expect(words(rng.split('weights'), 3)).toEqual(first);
    expect(words(rng.split('weight'), 3)).not.toEqual(first);
    rng.word();
    expect(words(rng.split('weights'), 3)).not.toEqual(first);
  });

  test('a number is a name like any other', () => {
    expect(Rng.fromSeed(1).split(12).state()).toEqual(Rng.fromSeed(1).split('12').state());
  });

  test('the order of names counts', () => {
    const rng = Rng.fromSeed(1);
    expect(rng.split('a').split('b').state()).not.toEqual(rng.split('b').split('a').state());
    expect(rng.split('ab').state()).not.toEqual(rng.split('ba').state());
  });

  test('no two of many share a stream', () => {
    const rng = Rng.fromSeed(1);
    const streams = new Set(Array.from({ length: 30_000 }, (_, i) => rng.split(i).state().join()));
    expect(streams.size).toBe(30_000);
  });

  test('streams of neighboring names, and of parent and child, are not correlated', () => {
    const rng = Rng.fromSeed(1);
    const draw = (stream: Rng) => Array.from({ length: 5000 }, () => stream.uniform() - 0.5);
    const streams = [draw(rng.split(0)), draw(rng.split(1)), draw(rng.split('a')), draw(rng)];
    for (const [i, a] of streams.entries()) {
      for (const b of streams.slice(i + 1)) {
        const correlation = a.reduce((sum, x, j) => sum + 12 * x * b[j]!, 0) / a.length;
        expect(Math.abs(correlation)).toBeLessThan(5 / Math.sqrt(5000));
      }
    }
  });

  test('first numbers of many streams are spread evenly', () => {
    const rng = Rng.fromSeed(9);
    const { mean, variance, neighbors } = statistics(
      Array.from({ length: 5000 }, (_, i) => rng.split(i).uniform()),
    );
    expect(mean).toBeCloseTo(0.5, 1);
    expect(variance).toBeCloseTo(1 / 12, 2);
    expect(Math.abs(neighbors)).toBeLessThan(5 / Math.sqrt(5000));
  });
});

describe('distributions', () => {
  test('uniform fills its interval evenly', () => {
    const rng = Rng.fromSeed(2);
    const values = Array.from({ length: 20_000 }, () => rng.uniform(-3, 5));
    const { mean, variance, neighbors } = statistics(values);
    expect(Math.min(...values)).toBeGreaterThanOrEqual(-3);
    expect(Math.max(...values)).toBeLessThan(5);
    expect(Math.abs(mean - 1)).toBeLessThan(0.1);
    expect(Math.abs(variance - 64 / 12)).toBeLessThan(0.2);
    expect(Math.abs(neighbors)).toBeLessThan(0.03);
  });

  test('uniform has 53 bits', () => {
    const rng = Rng.fromSeed(2);
    const parts = Array.from({ length: 200 }, () => rng.uniform() * 2 ** 53);
    expect(parts.every(Number.isSafeInteger)).toBe(true);
    expect(parts.some((part) => part % 2 === 1)).toBe(true);
  });

  test('normal has the moments of the standard normal distribution', () => {
    const rng = Rng.fromSeed(4);
    const values = Array.from({ length: 40_000 }, () => rng.normal());
    const { mean, variance, neighbors } = statistics(values);
    expect(Math.abs(mean)).toBeLessThan(0.025);
    expect(Math.abs(variance - 1)).toBeLessThan(0.04);
    expect(Math.abs(neighbors)).toBeLessThan(0.025);
    const fourth = values.reduce((sum, x) => sum + x ** 4, 0) / values.length;
    expect(Math.abs(fourth - 3)).toBeLessThan(0.3);
    const beyondTwo = values.filter((x) => Math.abs(x) > 2).length / values.length;
    expect(beyondTwo).toBeCloseTo(0.0455, 2);
  });

  test('integer is even over counts that do not divide 2^32', () => {
    const rng = Rng.fromSeed(6);
    const counts = new Array<number>(7).fill(0);
    for (let i = 0; i < 14_000; i++) counts[rng.integer(7)]!++;
    const chiSquare = counts.reduce((sum, n) => sum + (n - 2000) ** 2 / 2000, 0);
    // 99.9 % of samples with 6 degrees of freedom lie below.
    expect(chiSquare).toBeLessThan(22.5);
  });

  test('integer draws again where taking the rest would favor small numbers', () => {
    // 3·2^30 of 2^32 words are used; the reference draws the same and skips the same.
    const count = 3 * 2 ** 30;
    const rng = Rng.fromSeed(8);
    const reference = xoshiro(rng.state());
    const wanted: number[] = [];
    while (wanted.length < 100) {
      const word = reference.next().value as number;
      if (word < count) wanted.push(word);
    }
    expect(Array.from({ length: 100 }, () => rng.integer(count))).toEqual(wanted);
  });

  test.each([0, -1, 1.5, 2 ** 32 + 1])('integer refuses %s', (count) => {
    expect(() => Rng.fromSeed(1).integer(count)).toThrow(
      `Rng.integer: got ${count}, expected an integer from 1 to 2^32.`,
    );
  });

  test('integer reaches both ends of its range', () => {
    expect(Rng.fromSeed(1).integer(1)).toBe(0);
    expect(Rng.fromSeed(1).integer(2 ** 32)).toBe(Rng.fromSeed(1).word());
  });
});

describe('shuffle', () => {
  test('keeps all items, leaves the list alone, is repeatable', () => {
    const items = Object.freeze([...'abcdefgh']);
    const shuffled = Rng.fromSeed(1).shuffle(items);
    expect(shuffled).not.toEqual(items);
    expect([...shuffled].sort()).toEqual(items);
    expect(Rng.fromSeed(1).shuffle(items)).toEqual(shuffled);
    expect(Rng.fromSeed(1).shuffle([])).toEqual([]);
  });

  test('gives every order equally often', () => {
    const rng = Rng.fromSeed(10);
    const orders = new Map<string, number>();
    for (let i = 0; i < 12_000; i++) {
      const order = rng.shuffle(['a', 'b', 'c', 'd']).join('');
      orders.set(order, (orders.get(order) ?? 0) + 1);
    }
    expect(orders.size).toBe(24);
    const chiSquare = [...orders.values()].reduce((sum, n) => sum + (n - 500) ** 2 / 500, 0);
    // 99.9 % of samples with 23 degrees of freedom lie below.
    expect(chiSquare).toBeLessThan(49.7);
  });
});
