import { damaged } from '../../refusal.js';

/** Tags of TIFF 6.0 and its supplements that decide how pixels are read. */
export const tags = {
  subfileType: 254,
  width: 256,
  height: 257,
  bits: 258,
  compression: 259,
  photometric: 262,
  fillOrder: 266,
  description: 270,
  stripOffsets: 273,
  orientation: 274,
  samples: 277,
  rowsPerStrip: 278,
  stripByteCounts: 279,
  xResolution: 282,
  yResolution: 283,
  planar: 284,
  resolutionUnit: 296,
  predictor: 317,
  colorMap: 320,
  tileWidth: 322,
  tileHeight: 323,
  tileOffsets: 324,
  tileByteCounts: 325,
  sampleFormat: 339,
  jpegTables: 347,
} as const;

/** One page's directory. */
export interface Directory {
  readonly isLittle: boolean;
  /** The numbers of a tag, undefined if the page does not have it; a fraction is one number. */
  numbers(tag: number): readonly number[] | undefined;
  /** The first number of a tag, or the value that TIFF defines for its absence. */
  number(tag: number, absent: number): number;
  /** The characters of a tag, '' if the page does not have it. */
  text(tag: number): string;
}

const bytesOf: Readonly<Record<number, number>> = { 1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 7: 1, 13: 4, 16: 8, 18: 8 };
const mostPages = 100_000;

/** What differs between TIFF and BigTIFF: where things are, and how long they are. */
interface Widths {
  readonly isBig: boolean;
  /** Of the count of a directory's entries. */
  readonly count: number;
  readonly entry: number;
  readonly offset: number;
}

/**
 * The directories of a file's pages, in order; thumbnails, reduced copies and masks, as pyramids have them, left out.
 *
 * @throws {Refusal} if one of them is broken, or they form a circle.
 *
 * *Source*: Adobe, "TIFF Revision 6.0" (1992), section 2; BigTIFF as libtiff describes it.
 */
export function readDirectories(bytes: Uint8Array): Directories {
  const known = read.get(bytes);
  if (known !== undefined) return known;
  const directories = directoriesOf(bytes);
  read.set(bytes, directories);
  return directories;
}

type Directories = readonly [Directory, ...Directory[]];

/** Pages of one file are asked for one by one. */
const read = new WeakMap<Uint8Array, Directories>();

function directoriesOf(bytes: Uint8Array): Directories {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const isLittle = view.getUint8(0) === 0x49;
  const version = view.getUint16(2, isLittle);
  if (version !== 42 && version !== 43) throw damaged('TIFF', `version ${version}`);
  const isBig = version === 43;
  const widths: Widths = isBig
    ? { isBig, count: 8, entry: 20, offset: 8 }
    : { isBig, count: 2, entry: 12, offset: 4 };
  const offsetAt = (at: number): number =>
    isBig ? Number(view.getBigUint64(at, isLittle)) : view.getUint32(at, isLittle);

  const seen = new Set<number>();
  const all: Directory[] = [];
  for (let at = offsetAt(isBig ? 8 : 4); at !== 0; ) {
    if (seen.has(at) || seen.size === mostPages) throw damaged('TIFF', 'its pages form a circle');
    seen.add(at);
    const count = isBig ? offsetAt(at) : view.getUint16(at, isLittle);
    const next = at + widths.count + widths.entry * count;
    all.push(directoryAt(view, at, count, isLittle, widths));
    at = offsetAt(next);
  }
  const pages = all.filter((directory) => (directory.number(tags.subfileType, 0) & 5) === 0);
  const [first, ...rest] = pages.length > 0 ? pages : all;
  if (first === undefined) throw damaged('TIFF', 'it has no page');
  return [first, ...rest];
}

function directoryAt(
  view: DataView,
  at: number,
  count: number,
  isLittle: boolean,
  widths: Widths,
): Directory {
  if (at + widths.count + widths.entry * count > view.byteLength) {
    throw damaged('TIFF', 'its directory points behind its end');
  }
  const entryOf = (tag: number): number | undefined => {
    for (let i = 0; i < count; i++) {
      const entry = at + widths.count + widths.entry * i;
      if (view.getUint16(entry, isLittle) === tag) return entry;
    }
    return undefined;
  };
  const numbers = (tag: number): readonly number[] | undefined => {
    const entry = entryOf(tag);
    return entry === undefined ? undefined : valuesAt(view, entry, isLittle, widths);
  };
  return {
    isLittle,
    numbers,
    number: (tag, absent) => numbers(tag)?.[0] ?? absent,
    text: (tag) =>
      (numbers(tag) ?? [])
        .map((code) => String.fromCharCode(code))
        .join('')
        .replace(/\0.*$/s, ''),
  };
}

function valuesAt(view: DataView, entry: number, isLittle: boolean, widths: Widths): readonly number[] {
  const type = view.getUint16(entry + 2, isLittle);
  const long = (at: number): number =>
    widths.isBig ? Number(view.getBigUint64(at, isLittle)) : view.getUint32(at, isLittle);
  const count = long(entry + 4);
  const bytes = bytesOf[type];
  if (bytes === undefined) throw damaged('TIFF', `tag ${view.getUint16(entry, isLittle)} of type ${type}`);
  const field = entry + 4 + widths.offset;
  const start = count * bytes <= widths.offset ? field : long(field);
  if (start + count * bytes > view.byteLength) throw damaged('TIFF', 'its directory points behind its end');
  return Array.from({ length: count }, (_, i) => {
    const at = start + i * bytes;
    if (bytes === 1) return view.getUint8(at);
    if (bytes === 2) return view.getUint16(at, isLittle);
    if (bytes === 4) return view.getUint32(at, isLittle);
    if (type === 5) return view.getUint32(at, isLittle) / view.getUint32(at + 4, isLittle);
    return Number(view.getBigUint64(at, isLittle));
  });
}
