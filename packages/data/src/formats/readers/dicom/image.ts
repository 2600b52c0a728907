import type { Header, Palette, Raster } from '../../raster.js';
import { damaged, Refusal, unsupported } from '../../refusal.js';
import type { Elements } from './elements.js';
import { parseDicom } from './file.js';
import { openFrames, type StoredSamples } from './frames.js';
import { type PixelLayout, pixelLayout } from './layout.js';
import { mosaicOf, tileOf } from './mosaic.js';
import { tags } from './tags.js';

/** Size and channels of a DICOM image. @throws {Refusal} if it is not read. */
export function dicomHeader(bytes: Uint8Array): Header {
  const file = parseDicom(bytes);
  const layout = pixelLayout(file);
  const { samples, photometric } = layout;
  const mosaic = mosaicOf(file.elements, layout);
  const { width, height } = mosaic ?? layout;
  const channels = samples === 3 || photometric === 'PALETTE COLOR' ? 3 : 1;
  return { width, height, channels, frames: mosaic?.slices ?? layout.frames };
}

/**
 * A DICOM file of one frame as a picture: rescaled numbers (Hounsfield units) as they are, others by their bits; what is
 * bright on a monitor is bright.
 *
 * *Source*: DICOM PS3.3, sections C.7.6.3 (photometric interpretation) and C.11.1 (modality LUT).
 *
 * @param frame Which one, of several; of a mosaic, which slice. @default the only one
 * @throws {Refusal} if it is damaged, holds several frames and none is chosen, or a kind of pixels that is not read.
 */
export async function readDicom(bytes: Uint8Array, frame?: number): Promise<Raster> {
  const file = parseDicom(bytes);
  const { elements } = file;
  const layout = pixelLayout(file);
  const { samples, photometric } = layout;
  const mosaic = mosaicOf(elements, layout);
  const { width, height } = mosaic ?? layout;
  const frames = mosaic?.slices ?? layout.frames;
  if (frames > 1 && frame === undefined) {
    throw new Refusal(
      `is a DICOM file of ${frames} frames, and one is expected`,
      `Choose one with \`frame\` (--frame), 0 to ${frames - 1}, or read all as a volume with \`decodeDicom\`.`,
    );
  }
  const stacked = mosaic === undefined ? (frame ?? 0) : 0;
  const { samples: all, isRgb } = await openFrames(file, layout)(stacked);
  const stored = mosaic === undefined ? all : tileOf(all, mosaic, frame ?? 0);
  const size = { width, height, samples };
  if (photometric === 'PALETTE COLOR') return { ...size, ...colored(stored, elements) };
  if (samples === 3) {
    const isLuma = photometric.startsWith('YBR') && !isRgb;
    return { ...size, values: isLuma ? rgbOf(stored) : unsignedOf(stored), full: 2 ** layout.bitsStored - 1 };
  }
  return { ...size, ...greyOf(stored, layout, elements, stacked) };
}

function greyOf(
  stored: StoredSamples,
  { bitsStored, isSigned, photometric, number }: PixelLayout,
  elements: Elements,
  frame: number,
): Pick<Raster, 'values' | 'full'> {
  const { scale, isIdentity } = modalityOf(elements, frame);
  const isPlain = isIdentity && !isSigned && bitsStored <= 16;
  if (isPlain && photometric !== 'MONOCHROME1')
    return { values: unsignedOf(stored), full: 2 ** bitsStored - 1 };
  // Negative film: the lowest stored number is the brightest.
  const [lowest, highest] = isSigned
    ? [-(2 ** (bitsStored - 1)), 2 ** (bitsStored - 1) - 1]
    : [0, 2 ** bitsStored - 1];
  if (photometric === 'MONOCHROME1' && number === 'float')
    throw unsupported('DICOM', 'MONOCHROME1 of floating-point numbers');
  const turned =
    photometric === 'MONOCHROME1' ? (value: number) => lowest + highest - value : (value: number) => value;
  if (isPlain) return { values: unsignedOf(stored).map(turned), full: highest };
  // Plain loops here and below, as `from` with a function takes many times as long.
  const values = new Float32Array(stored.length);
  for (let i = 0; i < values.length; i++) values[i] = scale(turned(stored[i]!));
  return { values, full: 1 };
}

function unsignedOf(stored: StoredSamples): Uint8Array | Uint16Array {
  if (stored instanceof Uint8Array || stored instanceof Uint16Array) return stored;
  if (stored instanceof Int8Array || stored instanceof Int16Array)
    throw unsupported('DICOM', 'colors with a sign');
  throw unsupported('DICOM', 'colors of more than 16 bits');
}

/** How stored numbers become those of the modality: Hounsfield units, grays, counts. */
export interface Modality {
  readonly scale: (stored: number) => number;
  readonly isIdentity: boolean;
  /** Whether all that comes out are whole numbers from 0 to 65535. */
  readonly isTable: boolean;
}

const identity: Modality = { scale: (stored) => stored, isIdentity: true, isTable: false };

/**
 * The modality of a frame: a slope and an intercept, for all frames or in the frame's own group; a table; or the scale of a
 * radiotherapy dose.
 *
 * *Source*: DICOM PS3.3, sections C.11.1 (modality LUT), C.7.6.16.2.9 (pixel value transformation), C.8.8.3 (dose).
 *
 * @throws {Refusal} if the slope is 0, the table is cut off, or a dose has no scale.
 */
export function modalityOf(elements: Elements, frame: number): Modality {
  const groups = [elements.items(tags.frameGroups)[frame], elements.item(tags.sharedGroups)];
  const own = groups
    .map((group) => group?.item(tags.pixelTransformation))
    .find((group) => group !== undefined);
  const source = own ?? elements;
  const table = elements.item(tags.modalityTable);
  if (table !== undefined) return tableOf(table);
  const [dose] = elements.decimals(tags.doseGridScaling, 1) ?? [];
  if (dose === undefined && elements.text(tags.modality) === 'RTDOSE') {
    throw damaged('DICOM', 'a radiotherapy dose without its scale, element (3004,000e)');
  }
  const [intercept = 0] = source.decimals(tags.rescaleIntercept, 1) ?? [];
  const [slope = 1] = source.decimals(tags.rescaleSlope, 1) ?? [];
  const factor = slope * (dose ?? 1);
  if (factor === 0) throw damaged('DICOM', 'a slope of 0, which makes all pixels one number');
  if (factor === 1 && intercept === 0) return identity;
  return { scale: (stored) => factor * stored + intercept, isIdentity: false, isTable: false };
}

function tableOf(table: Elements): Modality {
  const { count, first, bits } = descriptorOf(table, tags.tableDescriptor, 'table of its modality');
  const values = tableValues(table, tags.tableData, count, bits, 'the table of its modality');
  // The first entry stands for all numbers below, the last for all above.
  const scale = (stored: number) => values[Math.min(Math.max(stored - first, 0), count - 1)]!;
  return { scale, isIdentity: false, isTable: true };
}

/** *Source*: DICOM PS3.3, sections C.11.1.1.1 and C.7.6.3.1.5 (descriptors of lookup tables). */
function descriptorOf(
  elements: Elements,
  tag: number,
  what: string,
): { count: number; first: number; bits: number } {
  const [entries, first, bits] = elements.uint16s(tag);
  if (entries === undefined || first === undefined || bits === undefined || bits < 8 || bits > 16) {
    throw damaged('DICOM', `it does not describe the ${what}`);
  }
  const isSigned =
    elements.get(tag)?.kind === 'SS' || (elements.get(tag)?.kind === undefined && first > 0x7fff);
  return { count: entries === 0 ? 2 ** 16 : entries, first: isSigned ? (first << 16) >> 16 : first, bits };
}

function tableValues(
  elements: Elements,
  tag: number,
  count: number,
  bits: number,
  what: string,
): readonly number[] {
  const bytes = elements.bytes(tag);
  // 8-bit tables may lie in bytes or in words.
  const isWide = bits > 8 || (bytes !== undefined && bytes.length >= 2 * count);
  if (bytes === undefined || bytes.length < count * (isWide ? 2 : 1))
    throw damaged('DICOM', `${what} is cut off`);
  return Array.from({ length: count }, (_, i) => (isWide ? elements.uint16(tag, i)! : bytes[i]!));
}

/** *Source*: ITU-T T.871 (JFIF), as DICOM PS3.3, C.7.6.3.1.2, YBR_FULL. */
function rgbOf(stored: StoredSamples): Uint8Array {
  const colors = new Uint8ClampedArray(stored.length);
  for (let i = 0; i < stored.length; i += 3) {
    const [y, blue, red] = [stored[i]!, stored[i + 1]! - 128, stored[i + 2]! - 128];
    colors[i] = y + 1.402 * red;
    colors[i + 1] = y - 0.344136 * blue - 0.714136 * red;
    colors[i + 2] = y + 1.772 * blue;
  }
  return new Uint8Array(colors.buffer);
}

/** Indices and the colors that they stand for. */
function colored(stored: StoredSamples, elements: Elements): Pick<Raster, 'values' | 'full' | 'palette'> {
  const { count, first, bits } = descriptorOf(elements, tags.paletteDescriptor, 'palette');
  const component = (tag: number) =>
    tableValues(elements, tag, count, bits, 'its palette').map((value) => value / (2 ** bits - 1));
  const [red, green, blue] = [tags.redPalette, tags.greenPalette, tags.bluePalette].map(component);
  const palette: Palette = Array.from({ length: count }, (_, i) => [red![i]!, green![i]!, blue![i]!]);
  const values = new Uint16Array(stored.length);
  for (let i = 0; i < values.length; i++) values[i] = Math.min(Math.max(stored[i]! - first, 0), count - 1);
  return { values, full: 2 ** bits - 1, palette };
}
