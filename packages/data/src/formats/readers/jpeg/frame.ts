import type { Bits, Huffman } from './huffman.js';

/** One component of the pixels, and the tables that the current scan codes it with. */
export interface Component {
  readonly id: number;
  readonly quantization: number;
  /** Its samples along each axis, relative to those of other components: 1 to 4. */
  readonly across: number;
  readonly down: number;
  table: Huffman | undefined;
  acTable: Huffman | undefined;
}

/** What the frame header says. */
export interface FrameHeader {
  readonly isLossless: boolean;
  readonly isProgressive: boolean;
  readonly precision: number;
  readonly height: number;
  readonly width: number;
  readonly components: readonly Component[];
}

/** What a scan codes. */
export interface Scan {
  /** Indices of its components. */
  readonly components: readonly number[];
  /** Of lossless coding: which neighbors predict a sample, 1 to 7. Of progressive coding: the first coefficient. */
  readonly first: number;
  /** Of progressive coding: the last coefficient, and which bits came before. */
  readonly last: number;
  readonly before: number;
  /** By how many bits numbers were shifted down. */
  readonly shift: number;
}

/** What coded pixels are decoded with. */
export interface ScanSource {
  readonly bits: Bits;
  /** Coded units from one restart marker to the next; 0 if there are none. */
  readonly restartInterval: number;
  readonly format: string;
}
