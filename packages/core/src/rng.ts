import { ValueError } from './errors.js';

/** Four unsigned 32-bit words: all there is to know about a generator. */
export type RngState = readonly [number, number, number, number];

/**
 * A seeded random generator that can be split, stored and resumed: xoshiro128** with states mixed from seeds and names.
 *
 * The same seed gives the same numbers on every backend and platform, because nothing here touches tfjs.
 *
 * *Source*: Blackman & Vigna, "Scrambled linear pseudorandom number generators" (2021), xoshiro128** 1.1.
 *
 * @example
 * const rng = Rng.fromSeed(7);
 * const weights = rng.split('weights');   // independent of how often `rng` itself is used
 */
export class Rng {
  private constructor(private readonly words: Uint32Array) {}

  /** @param seed Any integer from 0 to 2^53 − 1. */
  static fromSeed(seed: number): Rng {
    if (!Number.isSafeInteger(seed) || seed < 0) {
      throw new ValueError({ where: 'Rng.fromSeed', got: seed, expected: 'an integer from 0 to 2^53 - 1' });
    }
    return new Rng(mixed([seed >>> 0, Math.floor(seed / 2 ** 32)]));
  }

  /** Continues where `state()` was taken. @throws {ValueError} if the state is not four words, not all zero. */
  static fromState(state: readonly number[]): Rng {
    const isWord = (word: number) => Number.isInteger(word) && word >= 0 && word < 2 ** 32;
    if (state.length !== 4 || !state.every(isWord) || state.every((word) => word === 0)) {
      throw new ValueError({
        where: 'Rng.fromState',
        got: state,
        expected: 'four 32-bit words, not all zero',
      });
    }
    return new Rng(Uint32Array.from(state));
  }

  /** The state now, to be stored in a checkpoint. */
  state(): RngState {
    const [a, b, c, d] = this.words;
    return [a!, b!, c!, d!];
  }

  /** A generator of its own for one purpose; depends on this state and the name, and does not advance this one. */
  split(name: string | number): Rng {
    const letters = Array.from(`${name}`, (letter) => letter.codePointAt(0)!);
    return new Rng(mixed([...this.words, ...letters]));
  }

  /** A whole number from 0 to 2^32 − 1. */
  word(): number {
    const s = this.words;
    const result = Math.imul(rotate(Math.imul(s[1]!, 5), 7), 9) >>> 0;
    const t = s[1]! << 9;
    s[2]! ^= s[0]!;
    s[3]! ^= s[1]!;
    s[1]! ^= s[2]!;
    s[0]! ^= s[3]!;
    s[2]! ^= t;
    s[3] = rotate(s[3]!, 11);
    return result;
  }

  /** A number in [low, high), with 53 random bits. */
  uniform(low = 0, high = 1): number {
    const bits = (this.word() >>> 5) * 2 ** 26 + (this.word() >>> 6);
    return low + (high - low) * (bits / 2 ** 53);
  }

  /** A whole number from 0 to `count` − 1, without bias. */
  integer(count: number): number {
    if (!Number.isInteger(count) || count < 1 || count > 2 ** 32) {
      throw new ValueError({ where: 'Rng.integer', got: count, expected: 'an integer from 1 to 2^32' });
    }
    const limit = 2 ** 32 - (2 ** 32 % count);
    let word = this.word();
    while (word >= limit) word = this.word();
    return word % count;
  }

  /** A sample of the normal distribution with mean 0 and standard deviation 1 (Box–Muller, the cosine half). */
  normal(): number {
    const radius = Math.sqrt(-2 * Math.log(1 - this.uniform()));
    return radius * Math.cos(2 * Math.PI * this.uniform());
  }

  /** A new array with the items in random order (Fisher–Yates). */
  shuffle<T>(items: readonly T[]): T[] {
    const shuffled = [...items];
    for (let i = shuffled.length - 1; i > 0; i--) {
      const j = this.integer(i + 1);
      [shuffled[i], shuffled[j]] = [shuffled[j]!, shuffled[i]!];
    }
    return shuffled;
  }
}

function rotate(x: number, bits: number): number {
  return (x << bits) | (x >>> (32 - bits));
}

/** A state of four words, each of which depends on all of `entropy` and on its order. */
function mixed(entropy: readonly number[]): Uint32Array {
  const words = Uint32Array.from({ length: 4 }, (_, lane) => {
    let hash = Math.imul(lane + 1, 0x9e3779b9);
    for (const word of entropy) hash = (scramble(hash ^ word) + 0x9e3779b9) | 0;
    return scramble(hash);
  });
  // The one state that xoshiro never leaves.
  if (words.every((word) => word === 0)) words[0] = 1;
  return words;
}

/** The output function of splitmix32: every bit of the input reaches every bit of the output. */
function scramble(word: number): number {
  let z = word ^ (word >>> 16);
  z = Math.imul(z, 0x21f0aaad);
  z ^= z >>> 15;
  z = Math.imul(z, 0x735a2d97);
  return (z ^ (z >>> 15)) >>> 0;
}
