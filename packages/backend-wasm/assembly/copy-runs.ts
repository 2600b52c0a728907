import { CopyArgs } from './layout';

/**
 * Copies one task's runs of `bytes` each, the starts of which lie `fromStride` and `toStride` bytes apart: what concat,
 * split and slice consist of.
 */
export function copyRuns(args: CopyArgs, task: i32): void {
  const first = task * args.grain, bytes = args.bytes, fromStride = args.fromStride, toStride = args.toStride;
  const from = args.from + <usize>first * fromStride, to = args.to + <usize>first * toStride;
  moveRuns(from, fromStride, to, toStride, bytes, min(args.grain, args.runs - first));
}

/** Copies `runs` runs. */
export function moveRuns(from: usize, fromStride: usize, to: usize, toStride: usize, bytes: usize, runs: i32): void {
  if (fromStride == bytes && toStride == bytes) {
    bytes *= <usize>runs;
    runs = 1;
  }
  for (; runs > 0; runs--) {
    copyBytes(from, to, bytes);
    from += fromStride;
    to += toStride;
  }
}

/**
 * Copies bytes that do not overlap. `memory.copy` is a call of the C library, whose string instruction is known to be several times
 * slower on Zen 3 and 4 where the two addresses lie at nearly the same place of a page (glibc bug 30994).
 */
export function copyBytes(from: usize, to: usize, bytes: usize): void {
  const end = from + bytes;
  for (; from + 64 <= end; from += 64, to += 64) {
    const a = v128.load(from), b = v128.load(from, 16), c = v128.load(from, 32), d = v128.load(from, 48);
    v128.store(to, a);
    v128.store(to, b, 16);
    v128.store(to, c, 32);
    v128.store(to, d, 48);
  }
  for (; from + 16 <= end; from += 16, to += 16) v128.store(to, v128.load(from));
  for (; from + 4 <= end; from += 4, to += 4) store<u32>(to, load<u32>(from));
  for (; from < end; from++, to++) store<u8>(to, load<u8>(from));
}
