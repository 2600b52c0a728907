import { isTurned } from '../../orientation.js';
import { type Header, isGrey, type Palette } from '../../raster.js';
import { damaged, unsupported } from '../../refusal.js';
import { type Directory, tags } from './directory.js';

/** How the pixels of a page are stored. */
export interface Layout extends Header {
  /** As stored, before the orientation turns it. */
  readonly storedWidth: number;
  readonly storedHeight: number;
  readonly orientation: number;
  readonly samples: number;
  readonly bits: number;
  readonly kind: 'unsigned' | 'signed' | 'float';
  readonly isWhiteZero: boolean;
  readonly palette: Palette | undefined;
  readonly compression: number;
  /** 1: none. 2: differences of samples. 3: differences of the bytes of floating-point numbers. */
  readonly predictor: number;
  /** Whether the bits of each byte are stored from the lowest up. */
  readonly isReversed: boolean;
  /** Of JPEG in TIFF: whether colors are luma and chroma, and the tables that all blocks have in common. */
  readonly isYcc: boolean;
  readonly jpegTables: Uint8Array | undefined;
  /** Whether every sample has blocks of its own instead of lying beside the others of its pixel. */
  readonly isPlanar: boolean;
  /** Strips are blocks as wide as the image. */
  readonly blockWidth: number;
  readonly blockHeight: number;
  readonly isTiled: boolean;
  readonly offsets: readonly number[];
  readonly byteCounts: readonly number[] | undefined;
}

export const compressions = {
  none: 1,
  lzw: 5,
  jpeg: 7,
  deflate: 8,
  oldDeflate: 32946,
  packBits: 32773,
} as const;

/** @throws {Refusal} if the page is of a kind that is not read. */
export function readLayout(directory: Directory): Layout {
  const { number, numbers } = directory;
  const [width, height] = [number(tags.width, 0), number(tags.height, 0)];
  const samples = number(tags.samples, 1);
  const bits = number(tags.bits, 1);
  const kind = ([undefined, 'unsigned', 'signed', 'float', 'unsigned'] as const)[
    number(tags.sampleFormat, 1)
  ];
  // Some writers leave it out: grey by one or two samples, colors by three or four.
  const photometric = number(tags.photometric, samples < 3 ? 1 : 2);
  const compression = number(tags.compression, compressions.none);
  const predictor = number(tags.predictor, 1);
  if (kind === undefined) {
    throw unsupported('TIFF', `samples of format ${number(tags.sampleFormat, 1)}, such as complex numbers`);
  }
  if (!Object.values<number>(compressions).includes(compression)) {
    throw unsupported('TIFF', `compression ${compressionName(compression)}`);
  }
  checkSamples(bits, kind, numbers(tags.bits) ?? [1], samples, photometric, compression);
  const canPredict = predictor === 1 || (predictor === 2 && bits >= 8 && kind !== 'float' && bits !== 12);
  if (!canPredict && !(predictor === 3 && kind === 'float')) {
    throw unsupported('TIFF', `predictor ${predictor} at ${bits} bits`);
  }
  const orientation = number(tags.orientation, 1);
  if (!(orientation >= 1 && orientation <= 8)) throw damaged('TIFF', `orientation ${orientation}`);

  // Some writers put tiles in the fields of strips.
  const isTiled = numbers(tags.tileOffsets) !== undefined || numbers(tags.tileWidth) !== undefined;
  const offsets = numbers(tags.tileOffsets) ?? numbers(tags.stripOffsets);
  if (offsets === undefined) throw damaged('TIFF', 'it does not say where its pixels are');
  const palette = photometric === 3 ? readPalette(directory, bits) : undefined;
  const isColor = photometric === 2 || photometric === 6;
  const tables = numbers(tags.jpegTables);
  return {
    width: isTurned(orientation) ? height : width,
    height: isTurned(orientation) ? width : height,
    storedWidth: width,
    storedHeight: height,
    orientation,
    channels: isColor || (palette !== undefined && !isGrey(palette)) ? 3 : 1,
    samples,
    bits,
    kind,
    isWhiteZero: photometric === 0,
    palette,
    compression,
    predictor,
    isReversed: number(tags.fillOrder, 1) === 2,
    isYcc: photometric === 6,
    jpegTables: tables === undefined ? undefined : Uint8Array.from(tables),
    isPlanar: number(tags.planar, 1) === 2 && samples > 1,
    blockWidth: isTiled ? number(tags.tileWidth, 0) : width,
    blockHeight: isTiled ? number(tags.tileHeight, 0) : Math.min(height, number(tags.rowsPerStrip, height)),
    isTiled,
    offsets,
    byteCounts: numbers(tags.tileByteCounts) ?? numbers(tags.stripByteCounts),
  };
}

function checkSamples(
  bits: number,
  kind: Layout['kind'],
  allBits: readonly number[],
  samples: number,
  photometric: number,
  compression: number,
): void {
  const isRead = {
    unsigned: (bits >= 1 && bits <= 16) || bits === 32,
    signed: bits === 8 || bits === 16 || bits === 32,
    float: (bits === 16 || bits === 32 || bits === 64) && photometric !== 0,
  }[kind];
  if (!isRead) {
    throw unsupported('TIFF', `${bits}-bit ${kind === 'float' ? 'floating-point' : kind} samples`);
  }
  if (allBits.some((b) => b !== bits)) throw unsupported('TIFF', `samples of ${allBits.join(', ')} bits`);
  const isJpeg = compression === compressions.jpeg;
  const colors = { 0: 1, 1: 1, 2: 3, 3: 1, ...(isJpeg ? { 6: 3 } : {}) }[photometric];
  if (colors === undefined)
    throw unsupported('TIFF', `color space ${colorSpaces[photometric] ?? photometric}`);
  if (isJpeg && (bits !== 8 || kind !== 'unsigned' || (samples !== 1 && samples !== 3))) {
    throw unsupported('TIFF', `JPEG of ${samples} samples of ${bits} bits`);
  }
  const most = photometric === 3 ? 1 : colors + 1;
  if (samples < colors || samples > most) {
    throw unsupported('TIFF', `${samples} channels`, 'Save the channels to be used as grey or RGB.');
  }
}

const colorSpaces: Readonly<Record<number, string>> = {
  5: 'CMYK',
  6: 'YCbCr',
  8: 'CIE Lab',
  34892: 'linear raw',
};

/** Colors have 16 bits; but writers that put 8-bit numbers there exist, and are recognized by the lack of larger ones. */
function readPalette(directory: Directory, bits: number): Palette {
  const map = directory.numbers(tags.colorMap) ?? [];
  const count = 2 ** bits;
  if (bits > 16 || map.length !== 3 * count) throw damaged('TIFF', `a palette of ${map.length} numbers`);
  const full = map.some((value) => value > 255) ? 65535 : 255;
  return Array.from({ length: count }, (_, i) => [
    map[i]! / full,
    map[i + count]! / full,
    map[i + 2 * count]! / full,
  ]);
}

function compressionName(compression: number): string {
  const names: Record<number, string> = {
    2: 'CCITT',
    3: 'CCITT Group 3',
    4: 'CCITT Group 4',
    6: 'old JPEG',
    33003: 'JPEG 2000',
    33005: 'JPEG 2000',
    34712: 'JPEG 2000',
    34887: 'LERC',
    34925: 'LZMA',
    50000: 'Zstandard',
    50001: 'WebP',
    50002: 'JPEG XL',
  };
  return names[compression] ?? `${compression}`;
}
