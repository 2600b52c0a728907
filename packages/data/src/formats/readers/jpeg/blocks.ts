import { damaged } from '../../refusal.js';
import type { Component, FrameHeader, Scan, ScanSource } from './frame.js';

/** Reads the coefficients of one block after the other from a scan. */
export interface BlockDecoder {
  /** Reads what a scan says of one block; returns what the next block's first coefficient is predicted by. */
  block(component: Component, block: Int16Array, prediction: number): number;
  restart(): void;
}

/** What reads the blocks of a scan, as its frame is coded. */
export function blockDecoder(
  { isProgressive }: FrameHeader,
  scan: Scan,
  { bits, format }: Pick<ScanSource, 'bits' | 'format'>,
): BlockDecoder {
  return isProgressive ? new ProgressiveScan(scan, bits, format) : new SequentialScan(bits, format);
}

/** Whole blocks. *Source*: ITU-T T.81, section F.2.2. */
class SequentialScan implements BlockDecoder {
  constructor(
    private readonly bits: ScanSource['bits'],
    private readonly format: string,
  ) {}

  block({ table, acTable }: Component, block: Int16Array, prediction: number): number {
    const { bits } = this;
    const first = prediction + bits.signed(bits.decode(table!) & 15);
    block[0] = first;
    for (let k = 1; k < 64; k++) {
      const code = bits.decode(acTable!);
      const [run, size] = [code >> 4, code & 15];
      if (size === 0 && run !== 15) break;
      k += run;
      if (k > 63) throw damaged(this.format, 'a block of more than 64 numbers in its JPEG');
      if (size > 0) block[k] = bits.signed(size);
    }
    return first;
  }

  restart(): void {}
}

/** A band of coefficients, or one more bit of it. *Source*: ITU-T T.81, sections G.1.2 and G.2. */
class ProgressiveScan implements BlockDecoder {
  /** Blocks to come without a new coefficient in this band. */
  #emptyBlocks = 0;

  constructor(
    private readonly scan: Scan,
    private readonly bits: ScanSource['bits'],
    private readonly format: string,
  ) {}

  restart(): void {
    this.#emptyBlocks = 0;
  }

  block({ table, acTable }: Component, block: Int16Array, prediction: number): number {
    const { bits } = this;
    const { first, before, shift } = this.scan;
    if (first > 0) {
      if (before === 0) this.#band(block, acTable!);
      else this.#refinedBand(block, acTable!);
      return 0;
    }
    if (before !== 0) {
      block[0]! |= bits.take(1) << shift;
      return 0;
    }
    const value = prediction + bits.signed(bits.decode(table!) & 15);
    block[0] = value << shift;
    return value;
  }

  #band(block: Int16Array, table: NonNullable<Component['acTable']>): void {
    const { bits } = this;
    const { first, last, shift } = this.scan;
    if (this.#emptyBlocks > 0) {
      this.#emptyBlocks--;
      return;
    }
    for (let k = first; k <= last; k++) {
      const code = bits.decode(table);
      const [run, size] = [code >> 4, code & 15];
      if (size === 0 && run !== 15) {
        this.#emptyBlocks = 2 ** run - 1 + bits.take(run);
        return;
      }
      k += run;
      if (k > last) {
        if (size === 0) return;
        throw damaged(this.format, 'a block of more than 64 numbers in its JPEG');
      }
      if (size > 0) block[k] = bits.signed(size) << shift;
    }
  }

  #refinedBand(block: Int16Array, table: NonNullable<Component['acTable']>): void {
    const { bits } = this;
    const { first, last, shift } = this.scan;
    const refine = (k: number): void => {
      const known = block[k]!;
      if (bits.take(1) === 1) block[k] = known + Math.sign(known) * (1 << shift);
    };
    let k = first;
    while (this.#emptyBlocks === 0 && k <= last) {
      const code = bits.decode(table);
      let run = code >> 4;
      const size = code & 15;
      if (size === 0 && run !== 15) {
        this.#emptyBlocks = 2 ** run + bits.take(run);
        break;
      }
      const value = size === 0 ? 0 : bits.take(1) === 1 ? 1 << shift : -(1 << shift);
      // Zeros are counted, and what is not zero gets one more bit on the way.
      for (; k <= last; k++) {
        if (block[k] !== 0) refine(k);
        else if (run-- === 0) break;
      }
      if (k <= last && value !== 0) block[k] = value;
      k++;
    }
    if (this.#emptyBlocks === 0) return;
    for (; k <= last; k++) if (block[k] !== 0) refine(k);
    this.#emptyBlocks--;
  }
}
