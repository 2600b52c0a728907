import { damaged, Refusal, unsupported } from '../../refusal.js';
import type { DicomFile } from './file.js';
import { tags } from './tags.js';

/** How the numbers of a DICOM file's pixels lie. */
export interface PixelLayout {
  readonly height: number;
  readonly width: number;
  readonly frames: number;
  /** 1, or 3 for colors. */
  readonly samples: number;
  readonly photometric: Photometric;
  readonly number: 'integer' | 'float';
  /** Bits that a sample takes, and bits that mean something, up to the highest of them. */
  readonly bitsAllocated: 1 | 8 | 16 | 32 | 64;
  readonly bitsStored: number;
  readonly highBit: number;
  readonly isSigned: boolean;
  /** Whether all of one color come first, then all of the next. */
  readonly isPlanar: boolean;
}

const photometrics = [
  'MONOCHROME1',
  'MONOCHROME2',
  'PALETTE COLOR',
  'RGB',
  'YBR_FULL',
  'YBR_FULL_422',
  'YBR_ICT',
  'YBR_RCT',
] as const;
type Photometric = (typeof photometrics)[number];

/**
 * Reads how pixels lie, and checks that the file is long enough to hold them before anybody takes memory for them.
 *
 * *Source*: DICOM PS3.3, sections C.7.6.3 (image pixel module), C.7.6.24 and C.7.6.25 (floating-point pixels).
 *
 * @throws {Refusal} if they lie in a way that is not read, or cannot lie so.
 */
export function pixelLayout(file: DicomFile): PixelLayout {
  const layout = layoutOf(file);
  const { height, width } = layout;
  if (height < 1 || width < 1) throw damaged('DICOM', `a size of ${width} × ${height} pixels`);
  return layout;
}

function layoutOf({ elements, pixels }: DicomFile): PixelLayout {
  const whole = (tag: number, what: string, usual?: number): number => {
    const value = elements.uint16(tag) ?? usual;
    if (value === undefined) throw damaged('DICOM', `it does not say its ${what}`);
    return value;
  };
  const [height, width] = [whole(tags.rows, 'rows'), whole(tags.columns, 'columns')];
  const frames = framesIn(elements.text(tags.numberOfFrames));
  const samples = whole(tags.samplesPerPixel, 'samples per pixel', 1);
  const name = elements.text(tags.photometric) ?? 'MONOCHROME2';
  const photometric = photometrics.find((known) => known === name);
  if (photometric === undefined) throw unsupported('DICOM', `pixels of the kind ${name}`);
  const isColor = !photometric.startsWith('MONOCHROME') && photometric !== 'PALETTE COLOR';
  if (samples !== (isColor ? 3 : 1)) throw damaged('DICOM', `${samples} samples per pixel of ${name}`);
  const isPlanar = isColor && whole(tags.planarConfiguration, 'planes', 0) === 1;
  const shape = { height, width, frames, samples, photometric, isPlanar };
  if (pixels.tag !== tags.pixels) {
    const bitsAllocated = pixels.tag === tags.doublePixels ? 64 : 32;
    return {
      ...shape,
      number: 'float',
      bitsAllocated,
      bitsStored: bitsAllocated,
      highBit: bitsAllocated - 1,
      isSigned: true,
    };
  }
  const bitsAllocated = whole(tags.bitsAllocated, 'bits allocated');
  const bitsStored = whole(tags.bitsStored, 'bits stored', bitsAllocated);
  const highBit = whole(tags.highBit, 'high bit', bitsStored - 1);
  if (bitsAllocated !== 1 && bitsAllocated !== 8 && bitsAllocated !== 16 && bitsAllocated !== 32) {
    throw unsupported('DICOM', `${bitsAllocated} bits per sample`);
  }
  if (bitsStored < 1 || bitsStored > highBit + 1 || highBit >= bitsAllocated) {
    throw damaged('DICOM', `bits 1 to ${highBit + 1} for ${bitsStored} of ${bitsAllocated}`);
  }
  if (photometric.startsWith('YBR') && bitsAllocated !== 8) {
    throw unsupported('DICOM', `${name} of ${bitsAllocated} bits per sample`);
  }
  const isSigned = whole(tags.pixelRepresentation, 'sign', 0) === 1;
  return { ...shape, number: 'integer', bitsAllocated, bitsStored, highBit, isSigned };
}

function framesIn(text: string | undefined): number {
  if (text === undefined) return 1;
  const frames = /^\+?\d+$/.test(text) ? Number(text) : 0;
  if (frames < 1 || frames > 2 ** 31 - 1) throw damaged('DICOM', `"${text.slice(0, 20)}" frames`);
  return frames;
}

/** The bytes that a frame takes uncompressed; of single bits, which run on from frame to frame, a fraction. */
export function frameBytes({ height, width, samples, bitsAllocated, photometric }: PixelLayout): number {
  const halved = photometric === 'YBR_FULL_422' ? 2 / 3 : 1;
  return (height * width * samples * halved * bitsAllocated) / 8;
}

/** Frames as large as this need no proof; larger ones must come from files that are not tiny. */
const freePixels = 2 ** 24;
const mostPixelsPerByte = 2 ** 12;

/**
 * Whether a file is long enough for the pixels that it claims: all of them where they are not compressed, else so many that
 * no compression of a real image packs more into a byte.
 *
 * @param present Bytes from the first pixel to the end of the file.
 * @throws {Refusal} if it is not.
 */
export function checkPresent(layout: PixelLayout, present: number, isCompressed: boolean): void {
  const { frames, height, width } = layout;
  if (isCompressed) {
    // An item for each frame, and a byte in it.
    if (present < 9 * frames || height * width > Math.max(freePixels, present * mostPixelsPerByte)) {
      throw new Refusal(
        `claims ${frames} frames of ${width} × ${height} pixels in ${present} compressed bytes`,
        'It is damaged: copy or export it again.',
      );
    }
    return;
  }
  const wanted = Math.ceil(frameBytes(layout) * frames);
  if (present < wanted) throw damaged('DICOM', `${present} of ${wanted} bytes of its pixels are there`);
}
