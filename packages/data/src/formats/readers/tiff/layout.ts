import { type Header, isGrey, type Palette } from '../../raster.js';
import { damaged, unsupported } from '../../refusal.js';
import { type Directory, tags } from './directory.js';

/** How the pixels of a page are stored. */
export interface Layout extends Header {
  readonly samples: number;
  readonly bits: number;
  readonly isFloat: boolean;
  readonly isWhiteZero: boolean;
  readonly palette: Palette | undefined;
  readonly compression: number;
  readonly hasPredictor: boolean;
  /** Whether every sample has blocks of its own instead of lying beside the others of its pixel. */
  readonly isPlanar: boolean;
  /** Strips are blocks as wide as the image. */
  readonly blockWidth: number;
  readonly blockHeight: number;
  readonly isTiled: boolean;
  readonly offsets: readonly number[];
  readonly byteCounts: readonly number[] | undefined;
}

const compressions = { none: 1, lzw: 5, deflate: 8, oldDeflate: 32946, packBits: 32773 } as const;

/** @throws {Refusal} if the page is of a kind that is not read. */
export function readLayout(directory: Directory): Layout {
  const { number, numbers } = directory;
  const [width, height] = [number(tags.width, 0), number(tags.height, 0)];
  const samples = number(tags.samples, 1);
  const bits = number(tags.bits, 1);
  const format = number(tags.sampleFormat, 1);
  const photometric = number(tags.photometric, -1);
  if (photometric === -1) throw damaged('TIFF', 'it does not say whether it is grey or color');
  const compression = number(tags.compression, compressions.none);
  const predictor = number(tags.predictor, 1);
  checkSamples(bits, format, numbers(tags.bits) ?? [1], samples, photometric);
  if (!Object.values<number>(compressions).includes(compression)) {
    throw unsupported('TIFF', `compression ${compressionName(compression)}`);
  }
  if (predictor > 2 || (predictor === 2 && bits !== 8 && bits !== 16)) {
    throw unsupported('TIFF', `predictor ${predictor} at ${bits} bits`);
  }
  if (number(tags.orientation, 1) !== 1)
    throw unsupported('TIFF', `orientation ${number(tags.orientation, 1)}`);
  if (number(tags.fillOrder, 1) !== 1) throw unsupported('TIFF', 'bits in reverse order');

  const offsets = numbers(tags.tileOffsets) ?? numbers(tags.stripOffsets);
  if (offsets === undefined) throw damaged('TIFF', 'it does not say where its pixels are');
  const isTiled = numbers(tags.tileOffsets) !== undefined;
  const palette = photometric === 3 ? readPalette(directory, bits) : undefined;
  return {
    width,
    height,
    channels: photometric === 2 || (palette !== undefined && !isGrey(palette)) ? 3 : 1,
    samples,
    bits,
    isFloat: format === 3,
    isWhiteZero: photometric === 0,
    palette,
    compression,
    hasPredictor: predictor === 2,
    isPlanar: number(tags.planar, 1) === 2 && samples > 1,
    blockWidth: isTiled ? number(tags.tileWidth, 0) : width,
    blockHeight: isTiled ? number(tags.tileHeight, 0) : Math.min(height, number(tags.rowsPerStrip, height)),
    isTiled,
    offsets,
    byteCounts: numbers(isTiled ? tags.tileByteCounts : tags.stripByteCounts),
  };
}

function checkSamples(
  bits: number,
  format: number,
  allBits: readonly number[],
  samples: number,
  photometric: number,
): void {
  const isInteger = format === 1 && [1, 2, 4, 8, 16].includes(bits);
  const isFloat = format === 3 && (bits === 32 || bits === 64) && photometric !== 0;
  const kind = ['unknown', 'unsigned', 'signed', 'floating-point'][format] ?? 'unknown';
  if (!isInteger && !isFloat) throw unsupported('TIFF', `${bits}-bit ${kind} samples`);
  if (allBits.some((b) => b !== bits)) throw unsupported('TIFF', `samples of ${allBits.join(', ')} bits`);
  const colors = { 0: 1, 1: 1, 2: 3, 3: 1 }[photometric];
  if (colors === undefined) throw unsupported('TIFF', `color space ${photometric}`);
  const most = photometric === 3 ? 1 : colors + 1;
  if (samples < colors || samples > most) {
    throw unsupported('TIFF', `${samples} channels`, 'Save the channels to be used as grey or RGB.');
  }
}

/** Colors have 16 bits; but writers that put 8-bit numbers there exist, and are told by the lack of larger ones. */
function readPalette(directory: Directory, bits: number): Palette {
  const map = directory.numbers(tags.colorMap) ?? [];
  const count = 2 ** bits;
  if (bits > 8 || map.length !== 3 * count) throw damaged('TIFF', `a palette of ${map.length} numbers`);
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
    7: 'JPEG',
    34712: 'JPEG 2000',
    34887: 'LERC',
    50000: 'Zstandard',
    50001: 'WebP',
  };
  return names[compression] ?? `${compression}`;
}
