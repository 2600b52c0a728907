import type { Elements } from '../../formats/readers/dicom/elements.js';
import { type DicomFile, looksLikeDicom, NoImage, parseDicom } from '../../formats/readers/dicom/file.js';
import { requirePixels } from '../../formats/readers/dicom/frames.js';
import { type Modality, modalityOf } from '../../formats/readers/dicom/image.js';
import { type PixelLayout, pixelLayout } from '../../formats/readers/dicom/layout.js';
import { type Mosaic, mosaicOf } from '../../formats/readers/dicom/mosaic.js';
import { tags } from '../../formats/readers/dicom/tags.js';
import { naming, orDamaged, Refusal, unsupported } from '../../formats/refusal.js';
import { planesOf, planesOfMosaic } from './geometry.js';
import { isSegmentation } from './segmentation.js';
import type { Slice } from './stack.js';

/** A DICOM file and what errors call it. */
export interface DicomSource {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** A file that holds an image, before its pixels are decoded. */
export interface Parsed {
  readonly name: string;
  readonly file: DicomFile;
  readonly layout: PixelLayout;
  /** Of slices that lie side by side in one picture. */
  readonly mosaic: Mosaic | undefined;
}

/** A frame of a series, or a slice of a mosaic, and where it lies. */
export interface SeriesFrame extends Slice {
  readonly source: Parsed;
  /** Of the frame, or of the slice in its mosaic. */
  readonly index: number;
  readonly modality: Modality;
}

/** The files that hold images; segmentations beside images are left out too. */
export function imagesOf(
  files: readonly DicomSource[],
  onWarning: ((warning: string) => void) | undefined,
): Parsed[] {
  const images: Parsed[] = [];
  const others: { readonly name: string; readonly refusal: Refusal }[] = [];
  for (const { name, bytes } of files) {
    const image = reading(name, () => parsed(name, bytes));
    if (image instanceof NoImage) others.push({ name, refusal: image });
    else images.push(image);
  }
  const segmentations = images.filter(({ file }) => isSegmentation(file));
  const areMixed = segmentations.length > 0 && segmentations.length < images.length;
  const kept = areMixed ? images.filter(({ file }) => !isSegmentation(file)) : images;
  if (areMixed) {
    const refusal = new NoImage('is a segmentation beside images', 'Read it alone.');
    for (const { name } of segmentations) others.push({ name, refusal });
  }
  if (kept.length === 0) {
    const { name, refusal } = others[0]!;
    naming(name, () => {
      throw refusal;
    });
  }
  if (segmentations.length > 1 && !areMixed) {
    naming(segmentations[1]!.name, () => {
      throw new Refusal('is a second segmentation', 'Read one segmentation at a time.');
    });
  }
  for (const { name, refusal } of others) onWarning?.(`${name}: ${refusal.problem}, and was left out`);
  return kept;
}

function parsed(name: string, bytes: Uint8Array): Parsed | NoImage {
  if (!looksLikeDicom(bytes)) {
    return new NoImage('is not a DICOM file', 'Take the image files of one series, nothing else.');
  }
  try {
    const file = parseDicom(bytes);
    const layout = pixelLayout(file);
    requirePixels(file, layout);
    return { name, file, layout, mosaic: mosaicOf(file.elements, layout) };
  } catch (error) {
    if (error instanceof NoImage) return error;
    throw error;
  }
}

/** The frames of a file, or the slices of a mosaic. @throws {Refusal} if they are in color. */
export function framesOf(source: Parsed): SeriesFrame[] {
  const { name, file, layout, mosaic } = source;
  const { elements } = file;
  if (layout.samples !== 1 || layout.photometric === 'PALETTE COLOR') {
    throw unsupported('DICOM', 'colors, as a volume', 'Read its frames as images, with `decodeImage`.');
  }
  const identifier = elements.text(tags.sopInstance);
  const planes = planesOf(elements, layout.frames);
  const slices = mosaic === undefined ? planes : planesOfMosaic(planes[0]!, mosaic, layout);
  return slices.map((plane, index) => {
    const frame = mosaic === undefined ? index : 0;
    return {
      name,
      source,
      index,
      plane,
      modality: modalityOf(elements, frame),
      identity: identifier && `${identifier} ${index}`,
      keys: { ...keysOf(elements, frame), 'number in the file': index },
    };
  });
}

/** *Source*: DICOM PS3.3, sections C.7.6.16.2.2 (frame content), C.8.13.5.4 (echo), C.8.13.5.9 (diffusion). */
function keysOf(elements: Elements, index: number): Slice['keys'] {
  const group = elements.items(tags.frameGroups)[index];
  const number = (tag: number) => {
    const value = Number(elements.texts(tag)[0] ?? Number.NaN);
    return Number.isFinite(value) ? value : undefined;
  };
  return {
    'temporal position':
      group?.item(tags.frameContent)?.uint32(tags.temporalIndex) ?? number(tags.temporalPosition),
    'trigger time': number(tags.triggerTime),
    'echo time': group?.item(tags.frameEcho)?.float64(tags.effectiveEchoTime) ?? number(tags.echoTime),
    'b-value': (group?.item(tags.frameDiffusion) ?? elements).float64(tags.bValue),
    'acquisition number': number(tags.acquisitionNumber),
    'instance number': number(tags.instanceNumber),
    'number in the file': index,
  };
}

/** Runs work on a file; what it throws names the file. */
export function reading<Result>(name: string, work: () => Result): Result {
  return naming(name, () => orDamaged('DICOM', work));
}
