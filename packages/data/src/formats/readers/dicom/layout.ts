import type { DataSet } from 'dicom-parser';
import { damaged, unsupported } from '../../refusal.js';

/** How the numbers of a DICOM file's pixels lie. */
export interface PixelLayout {
  readonly height: number;
  readonly width: number;
  readonly frames: number;
  /** 1, or 3 for colors. */
  readonly samples: number;
  readonly photometric: Photometric;
  /** Bits that a sample takes, and bits that mean something, up to the highest of them. */
  readonly bitsAllocated: 8 | 16 | 32;
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
] as const;
type Photometric = (typeof photometrics)[number];

/**
 * Reads how pixels lie.
 *
 * *Source*: DICOM PS3.3, section C.7.6.3 (image pixel module).
 *
 * @throws {Refusal} if they lie in a way that is not read, or cannot lie so.
 */
export function pixelLayout(elements: DataSet): PixelLayout {
  const whole = (tag: string, what: string, usual?: number): number => {
    const value = elements.uint16(tag) ?? usual;
    if (value === undefined) throw damaged('DICOM', `it does not say its ${what}`);
    return value;
  };
  const [height, width] = [whole('x00280010', 'rows'), whole('x00280011', 'columns')];
  const samples = whole('x00280002', 'samples per pixel', 1);
  const bitsAllocated = whole('x00280100', 'bits allocated');
  const bitsStored = whole('x00280101', 'bits stored', bitsAllocated);
  const highBit = whole('x00280102', 'high bit', bitsStored - 1);
  const name = elements.string('x00280004') ?? 'MONOCHROME2';
  const photometric = photometrics.find((known) => known === name);
  if (photometric === undefined) throw unsupported('DICOM', `pixels of the kind ${name}`);
  if (bitsAllocated !== 8 && bitsAllocated !== 16 && bitsAllocated !== 32) {
    throw unsupported('DICOM', `${bitsAllocated} bits per sample`);
  }
  const isColor = !photometric.startsWith('MONOCHROME') && photometric !== 'PALETTE COLOR';
  if (samples !== (isColor ? 3 : 1)) throw damaged('DICOM', `${samples} samples per pixel of ${name}`);
  if (bitsStored < 1 || bitsStored > highBit + 1 || highBit >= bitsAllocated) {
    throw damaged('DICOM', `bits 1 to ${highBit + 1} for ${bitsStored} of ${bitsAllocated}`);
  }
  if (photometric.startsWith('YBR') && bitsAllocated !== 8) {
    throw unsupported('DICOM', `${name} of ${bitsAllocated} bits per sample`);
  }
  const frames = elements.intString('x00280008') ?? 1;
  if (!(frames >= 1)) throw damaged('DICOM', `${frames} frames`);
  return {
    height,
    width,
    frames,
    samples,
    photometric,
    bitsAllocated,
    bitsStored,
    highBit,
    isSigned: whole('x00280103', 'sign', 0) === 1,
    isPlanar: isColor && whole('x00280006', 'planes', 0) === 1,
  };
}
