import type { DataSet } from 'dicom-parser';
import type { Header, Palette, Raster } from '../../raster.js';
import { damaged, Refusal } from '../../refusal.js';
import { type PixelLayout, pixelLayout } from './layout.js';
import { decimals, parseDicom } from './parse.js';
import { frameSamples, type StoredSamples } from './samples.js';

/** Size and channels of a DICOM image. @throws {Refusal} if it is not read. */
export function dicomHeader(bytes: Uint8Array): Header {
  const { elements } = parseDicom(bytes);
  const { width, height, samples, photometric, frames } = pixelLayout(elements);
  return { width, height, channels: samples === 3 || photometric === 'PALETTE COLOR' ? 3 : 1, frames };
}

/**
 * A DICOM file of one frame as a picture: rescaled numbers (Hounsfield units) as they are, others by their bits; what is
 * bright on a monitor is bright.
 *
 * *Source*: DICOM PS3.3, sections C.7.6.3 (photometric interpretation) and C.11.1 (modality LUT).
 *
 * @throws {Refusal} if it is damaged, holds several frames or a kind of pixels that is not read.
 */
export function readDicom(bytes: Uint8Array): Raster {
  const file = parseDicom(bytes);
  const layout = pixelLayout(file.elements);
  if (layout.frames > 1) {
    throw new Refusal(
      `is a DICOM file of ${layout.frames} frames, and one is expected`,
      'Export one frame alone, or read it as a volume with `decodeDicom`.',
    );
  }
  const stored = frameSamples(file, layout, 0);
  const { width, height, samples } = layout;
  const isByLuminance = layout.photometric.startsWith('YBR') && file.coding !== 'jpeg';
  const plain = { width, height, samples, ...greyOrColors(stored, layout, file.elements) };
  if (layout.photometric === 'PALETTE COLOR') return { ...plain, ...colored(stored, file.elements) };
  return isByLuminance ? { ...plain, values: rgbOf(stored) } : plain;
}

function greyOrColors(
  stored: StoredSamples,
  { bitsStored, isSigned, photometric }: PixelLayout,
  elements: DataSet,
): Pick<Raster, 'values' | 'full'> {
  const { slope, intercept } = rescaleOf(elements);
  const [lowest, highest] = isSigned
    ? [-(2 ** (bitsStored - 1)), 2 ** (bitsStored - 1) - 1]
    : [0, 2 ** bitsStored - 1];
  const isInverse = photometric === 'MONOCHROME1';
  const isPlain = slope === 1 && intercept === 0 && !isSigned && bitsStored <= 16;
  const values = isPlain
    ? bitsStored > 8
      ? new Uint16Array(stored.length)
      : new Uint8Array(stored.length)
    : new Float32Array(stored.length);
  for (let i = 0; i < values.length; i++)
    values[i] = slope * (isInverse ? lowest + highest - stored[i]! : stored[i]!) + intercept;
  return { values, full: isPlain ? highest : 1 };
}

/** What stored numbers are multiplied by and what is added, to become those of the modality. @throws {Refusal} */
export function rescaleOf(elements: DataSet): { slope: number; intercept: number } {
  const [intercept] = decimals(elements, 'x00281052', 1) ?? [0];
  const [slope] = decimals(elements, 'x00281053', 1) ?? [1];
  return { slope: slope!, intercept: intercept! };
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

/** *Source*: DICOM PS3.3, section C.7.6.3.1.5 (palette color lookup table descriptor). */
function colored(stored: StoredSamples, elements: DataSet): Pick<Raster, 'values' | 'full' | 'palette'> {
  const described = [0, 1, 2].map((i) => elements.uint16('x00281101', i));
  const [count, first, bits] = [described[0] === 0 ? 2 ** 16 : described[0], described[1], described[2]];
  if (count === undefined || first === undefined || (bits !== 8 && bits !== 16)) {
    throw damaged('DICOM', 'it does not describe its palette');
  }
  const component = (tag: string): number[] => {
    const element = elements.elements[tag];
    const isWide = bits === 16 || (element?.length ?? 0) >= 2 * count;
    return Array.from({ length: count }, (_, i) => {
      const value = isWide ? elements.uint16(tag, i) : elements.byteArray[element!.dataOffset + i];
      if (element === undefined || value === undefined) throw damaged('DICOM', 'its palette is cut off');
      return value / (2 ** bits - 1);
    });
  };
  const [red, green, blue] = ['x00281201', 'x00281202', 'x00281203'].map(component);
  const palette: Palette = Array.from({ length: count }, (_, i) => [red![i]!, green![i]!, blue![i]!]);
  const values = Uint16Array.from(stored, (value) => Math.min(Math.max(value - first, 0), count - 1));
  return { values, full: 2 ** bits - 1, palette };
}
