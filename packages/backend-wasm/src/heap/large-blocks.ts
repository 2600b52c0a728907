/** The allocator whose large blocks are kept. */
interface Allocator {
  /** Address of a block, 0 where there is no room. */
  malloc(bytes: number, mayGrow: boolean): number;
  free(address: number): void;
  heapBytes(): number;
  /** The most that the heap may grow to. */
  readonly limitBytes: number;
}

/** A block that was freed and is kept whole. */
interface Kept {
  readonly address: number;
  readonly bytes: number;
  /** What the heap had when it was freed. */
  readonly heapBytes: number;
}

/** Blocks that take this share of the heap are large, but none of less than `LEAST_BYTES`. */
const LARGE_SHARE = 1 / 8;
const LEAST_BYTES = 2 ** 20;

/** A kept block is given out for so many times less at most. */
const SLACK = 1.125;

/**
 * An allocator that keeps large blocks whole when they are freed, for others of their size.
 *
 * That of tfjs puts the next small block into the place of a large one. In an inference the place of the first map of full resolution
 * then holds coarser maps and packed weights, the decoder's map fits nowhere, and the heap, which never shrinks, grows by it. It
 * also has the heap grow by all of a block where the end of the heap is free.
 *
 * Kept blocks are given back to the allocator where a large block fits none of them, where the heap may not grow by as much as they
 * take, and each once the heap has grown by its size since it was freed.
 */
export class LargeBlocks {
  readonly #allocator: Allocator;
  /** Bytes of blocks in use that may turn out to be large, by address. */
  readonly #sizes = new Map<number, number>();
  #kept: Kept[] = [];

  constructor(allocator: Allocator) {
    this.#allocator = allocator;
  }

  malloc(bytes: number): number {
    const kept = this.#reuse(bytes);
    const address = kept?.address ?? this.#place(bytes);
    if (address !== 0 && bytes >= LEAST_BYTES) this.#sizes.set(address, kept?.bytes ?? bytes);
    this.#giveWorkingMemory();
    return address;
  }

  free(address: number): void {
    const bytes = this.#sizes.get(address) ?? 0;
    this.#sizes.delete(address);
    if (!this.#isLarge(bytes)) this.#allocator.free(address);
    else this.#kept.push({ address, bytes, heapBytes: this.#allocator.heapBytes() });
    this.#giveWorkingMemory();
  }

  #isLarge(bytes: number): boolean {
    return bytes >= Math.max(LEAST_BYTES, LARGE_SHARE * this.#allocator.heapBytes());
  }

  /** Takes the kept block that fits best. */
  #reuse(bytes: number): Kept | undefined {
    const [best] = this.#kept
      .filter((kept) => kept.bytes >= bytes && kept.bytes <= SLACK * bytes)
      .sort((a, b) => a.bytes - b.bytes || a.address - b.address);
    if (best !== undefined) this.#kept.splice(this.#kept.indexOf(best), 1);
    return best;
  }

  #place(bytes: number): number {
    if (this.#isLarge(bytes)) this.#giveBack(() => true);
    const { malloc, heapBytes } = this.#allocator;
    this.#giveBack((kept) => heapBytes() - kept.heapBytes >= kept.bytes);
    if (bytes >= LEAST_BYTES) {
      const address = malloc(bytes, false) || this.#withEnd(bytes, false);
      if (address !== 0) return address;
    }
    const address = malloc(bytes, true);
    if (address !== 0) return address;
    this.#giveBack(() => true);
    return malloc(bytes, true) || this.#withEnd(bytes, true);
  }

  /**
   * A block that may take what is free at the end of the heap: the allocator has the heap grow by all of a block, whatever is free
   * there. What it gets in pieces it puts together when they are freed. The heap, which never shrinks, does not grow where all that
   * is free and all that it may grow by are too little.
   */
  #withEnd(bytes: number, mayGrow: boolean): number {
    const { malloc, free, heapBytes, limitBytes } = this.#allocator;
    const pieces: number[] = [];
    /** Takes all that there is in pieces of a megabyte at least. */
    const fill = (grows: boolean): number => {
      let taken = 0;
      for (let size = bytes; size >= LEAST_BYTES; ) {
        const piece = malloc(size, grows);
        if (piece === 0) {
          size = Math.floor(size / 2);
          continue;
        }
        pieces.push(piece);
        taken += size;
      }
      return taken;
    };
    const taken = fill(false);
    // What was not taken of each free place is less than a megabyte: an eighth of the heap is more than all of that.
    const isInReach = mayGrow && taken + limitBytes - (7 / 8) * heapBytes() >= bytes;
    if (isInReach) fill(true);
    for (const piece of pieces) free(piece);
    return mayGrow && !isInReach ? 0 : malloc(bytes, mayGrow);
  }

  /**
   * Gives all back where the heap may not grow by as much as is kept: kernels ask the allocator itself for working memory, and would
   * find none.
   */
  #giveWorkingMemory(): void {
    const { limitBytes, heapBytes } = this.#allocator;
    const bytes = this.#kept.reduce((sum, kept) => sum + kept.bytes, 0);
    if (bytes > limitBytes - heapBytes()) this.#giveBack(() => true);
  }

  #giveBack(isDue: (kept: Kept) => boolean): void {
    const left: Kept[] = [];
    for (const kept of this.#kept)
      if (isDue(kept)) this.#allocator.free(kept.address);
      else left.push(kept);
    this.#kept = left;
  }
}
