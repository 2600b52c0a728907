import { expect, test } from 'vitest';
import { LargeBlocks } from './large-blocks.js';

const MIB = 2 ** 20;

/** An allocator that gives out the first place that is free, and grows by all of a block. Addresses begin at 8. */
class FirstFit {
  readonly #live = new Map<number, number>();
  end = 8;

  constructor(readonly limitBytes = 2 ** 32) {}

  readonly heapBytes = (): number => this.end;

  readonly malloc = (bytes: number, mayGrow: boolean): number => {
    let at = 8;
    for (const [address, size] of [...this.#live].sort(([a], [b]) => a - b)) {
      if (address - at >= bytes) break;
      at = address + size;
    }
    if (at + bytes > this.end) {
      if (!mayGrow || this.end + bytes > this.limitBytes) return 0;
      at = this.end;
      this.end += bytes;
    }
    this.#live.set(at, bytes);
    return at;
  };

  readonly free = (address: number): void => {
    expect(this.#live.delete(address), `${address} is in use`).toBe(true);
  };
}

test('a place that was freed stays whole for the next block of its size', () => {
  const heap = new FirstFit();
  const blocks = new LargeBlocks(heap);
  const first = blocks.malloc(100 * MIB);
  blocks.malloc(100 * MIB);
  blocks.free(first);
  const small = blocks.malloc(2 * MIB);
  expect(small).toBeGreaterThan(first + 100 * MIB);
  expect(blocks.malloc(98 * MIB)).toBe(first);
  expect(heap.end).toBe(202 * MIB + 8);
});

test('it is split for a large block of another size, and once the heap has grown by as much', () => {
  const heap = new FirstFit();
  const blocks = new LargeBlocks(heap);
  const first = blocks.malloc(100 * MIB);
  blocks.malloc(100 * MIB);
  blocks.free(first);
  const half = blocks.malloc(50 * MIB);
  expect(half).toBe(first);
  blocks.free(half);
  const small = Array.from({ length: 60 }, () => blocks.malloc(2 * MIB));
  expect(heap.end).toBe(250 * MIB + 8);
  expect(small.filter((address) => address < first + 100 * MIB).length).toBeGreaterThan(20);
});

test('it is split where there is no room otherwise, and nothing is lost', () => {
  const heap = new FirstFit(210 * MIB);
  const blocks = new LargeBlocks(heap);
  const pair = [blocks.malloc(100 * MIB), blocks.malloc(100 * MIB)];
  blocks.free(pair[0]!);
  expect(blocks.malloc(20 * MIB)).toBe(pair[0]);
  expect(blocks.malloc(200 * MIB)).toBe(0);
  blocks.free(pair[0]!);
  blocks.free(pair[1]!);
  expect(blocks.malloc(200 * MIB)).toBe(8);
});

test('what is free at the end of the heap is used before the heap grows', () => {
  const heap = new FirstFit(150 * MIB);
  const blocks = new LargeBlocks(heap);
  blocks.free(blocks.malloc(100 * MIB));
  expect(blocks.malloc(140 * MIB)).toBe(8);
});

test('the heap does not grow for what it cannot hold', () => {
  const heap = new FirstFit(4000 * MIB);
  const blocks = new LargeBlocks(heap);
  blocks.malloc(200 * MIB);
  blocks.free(blocks.malloc(20 * MIB));
  expect(blocks.malloc(3950 * MIB)).toBe(0);
  expect(heap.end).toBe(220 * MIB + 8);
  expect(blocks.malloc(3700 * MIB)).not.toBe(0);
});

test('a place keeps its size, however often less is put into it', () => {
  const blocks = new LargeBlocks(new FirstFit());
  const place = blocks.malloc(100 * MIB);
  blocks.malloc(100 * MIB);
  for (const size of [95, 90, 80]) {
    blocks.free(place);
    expect(blocks.malloc(size * MIB)).toBe(place);
  }
  // 80 MiB fill too little of 100 to get all of it: the rest is free.
  expect(blocks.malloc(15 * MIB)).toBe(place + 80 * MIB);
});

test('a place is found again although the heap has grown, so that its size is no longer large', () => {
  const heap = new FirstFit();
  const blocks = new LargeBlocks(heap);
  const place = blocks.malloc(100 * MIB);
  blocks.malloc(690 * MIB);
  blocks.free(place);
  blocks.malloc(30 * MIB);
  expect(heap.end).toBe(820 * MIB + 8);
  expect(blocks.malloc(100 * MIB)).toBe(place);
});

test('kernels that ask the allocator itself find room where the heap may not grow by what is kept', () => {
  const full = new FirstFit(210 * MIB);
  const blocks = new LargeBlocks(full);
  const place = blocks.malloc(100 * MIB);
  blocks.malloc(100 * MIB);
  blocks.free(place);
  expect(full.malloc(50 * MIB, true)).toBe(place);

  const growing = new FirstFit(700 * MIB);
  const others = new LargeBlocks(growing);
  const large = others.malloc(300 * MIB);
  others.malloc(10 * MIB);
  others.free(large);
  for (let i = 0; i < 9; i++) others.malloc(10 * MIB);
  expect(growing.malloc(295 * MIB, true)).toBe(large);
});
