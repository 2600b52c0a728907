import { damaged, Refusal, unsupported } from '../../refusal.js';

/** Tags of TIFF 6.0 that decide how pixels are read. */
export const tags = {
  width: 256,
  height: 257,
  bits: 258,
  compression: 259,
  photometric: 262,
  fillOrder: 266,
  stripOffsets: 273,
  orientation: 274,
  samples: 277,
  rowsPerStrip: 278,
  stripByteCounts: 279,
  planar: 284,
  predictor: 317,
  colorMap: 320,
  tileWidth: 322,
  tileHeight: 323,
  tileOffsets: 324,
  tileByteCounts: 325,
  sampleFormat: 339,
} as const;

/** One page's directory. */
export interface Directory {
  readonly isLittle: boolean;
  /** The numbers of a tag, undefined if the page does not have it. */
  numbers(tag: number): readonly number[] | undefined;
  /** The first number of a tag, or the value that TIFF defines for its absence. */
  number(tag: number, absent: number): number;
}

const bytesOf: Readonly<Record<number, number>> = { 1: 1, 3: 2, 4: 4 };
const mostPages = 10_000;

/**
 * The directory of a file of one page.
 *
 * @throws {Refusal} if the file is a BigTIFF, has several pages, or its directory is broken.
 *
 * *Source*: Adobe, "TIFF Revision 6.0" (1992), section 2.
 */
export function readDirectory(bytes: Uint8Array): Directory {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const isLittle = view.getUint8(0) === 0x49;
  const version = view.getUint16(2, isLittle);
  if (version === 43) throw unsupported('TIFF', 'BigTIFF offsets');
  if (version !== 42) throw damaged('TIFF', `version ${version}`);
  const first = view.getUint32(4, isLittle);
  const pages = countPages(view, first, isLittle);
  if (pages > 1) {
    throw new Refusal(
      `is a TIFF stack of ${pages} pages, and a 2D image has one`,
      'Export the page to be used as a file of its own.',
    );
  }
  const entries = new Map<number, number>();
  const count = view.getUint16(first, isLittle);
  for (let i = 0; i < count; i++) {
    const entry = first + 2 + 12 * i;
    entries.set(view.getUint16(entry, isLittle), entry);
  }
  const numbers = (tag: number): number[] | undefined => {
    const entry = entries.get(tag);
    return entry === undefined ? undefined : valuesAt(view, entry, isLittle);
  };
  return { isLittle, numbers, number: (tag, absent) => numbers(tag)?.[0] ?? absent };
}

function countPages(view: DataView, first: number, isLittle: boolean): number {
  let pages = 0;
  for (let at = first; at !== 0; pages++) {
    if (pages === mostPages) throw damaged('TIFF', 'its pages form a circle');
    at = view.getUint32(at + 2 + 12 * view.getUint16(at, isLittle), isLittle);
  }
  if (pages === 0) throw damaged('TIFF', 'it has no page');
  return pages;
}

function valuesAt(view: DataView, entry: number, isLittle: boolean): number[] {
  const type = view.getUint16(entry + 2, isLittle);
  const count = view.getUint32(entry + 4, isLittle);
  const bytes = bytesOf[type];
  if (bytes === undefined) throw damaged('TIFF', `tag ${view.getUint16(entry, isLittle)} of type ${type}`);
  const start = count * bytes <= 4 ? entry + 8 : view.getUint32(entry + 8, isLittle);
  if (start + count * bytes > view.byteLength) throw damaged('TIFF', 'its directory points behind its end');
  return Array.from({ length: count }, (_, i) => {
    const at = start + i * bytes;
    if (bytes === 1) return view.getUint8(at);
    return bytes === 2 ? view.getUint16(at, isLittle) : view.getUint32(at, isLittle);
  });
}
