import { gzipSync } from 'node:zlib';
import { ValueError } from '@sshn/core';
import { type DicomSource, encodeSegmentation, type Volume } from '@sshn/data';
import {
  decodeSeries,
  encodeField,
  encodeLabelNifti,
  encodePicture,
  encodeSegmentationNrrd,
  labelAmounts,
  type NamedLabel,
  type Picture,
  type Registered,
  type Segmentation,
  segmentsOf,
  warpPicture,
  withFileValues,
} from '@sshn/predict';
import { encode } from 'fast-png';
import type { Input } from './input.js';
import type { AnswerFormat, Prediction, RegistrationFormat } from './protocol.js';

/**
 * The answer to a request in the format it asks for, and how much of each label there is.
 *
 * @throws {ValueError} if the image has no such format: volumes have no PNG, and only DICOM images have a DICOM segmentation.
 */
export async function answer(
  format: AnswerFormat,
  { picture, series }: Input,
  { labels }: Pick<Segmentation, 'labels'>,
  names: readonly NamedLabel[],
): Promise<Pick<Prediction, 'file' | 'labels'>> {
  const amounts = labelAmounts({ labels, format: picture.format }, names);
  if (format === 'json') return { file: undefined, labels: amounts };
  const chosen = format === 'auto' ? (picture.format === 'volume' ? 'nii.gz' : 'png') : format;
  if (chosen === 'png' && picture.format === 'volume') {
    throw new ValueError({
      where: 'format',
      got: 'png',
      expected: 'nii.gz, nrrd, dicom or json for a volume, as a PNG holds one slice',
    });
  }
  const file = {
    png: { type: 'image/png', ending: 'png', write: () => pngOf(withFileValues(labels, names)) },
    'nii.gz': {
      type: 'application/gzip',
      ending: 'nii.gz',
      write: () => encodeLabelNifti(labels, names, 'labels.nii.gz'),
    },
    nrrd: {
      type: 'application/octet-stream',
      ending: 'seg.nrrd',
      write: () => encodeSegmentationNrrd(labels, names, gzipSync),
    },
    dicom: {
      type: 'application/dicom',
      ending: 'dcm',
      write: () => dicomOf(labels, series, names, 'binary'),
    },
    'dicom-labelmap': {
      type: 'application/dicom',
      ending: 'dcm',
      write: () => dicomOf(labels, series, names, 'labelMap'),
    },
  }[chosen];
  const { type, ending, write } = file;
  return { file: { bytes: await write(), type, name: `labels.${ending}` }, labels: amounts };
}

/**
 * The answer to a registration: the moving image as the field warps it, on the grid of the fixed one, or the field itself.
 *
 * @throws {ValueError} if volumes are asked for as PNG.
 */
export function registrationAnswer(
  format: RegistrationFormat,
  moving: Picture,
  { field }: Pick<Registered, 'field'>,
): Prediction['file'] {
  if (format === 'json') return undefined;
  const gzip = { gzip: true } as const;
  if (format === 'field')
    return { bytes: encodeField(field, gzip), type: 'application/gzip', name: 'field.nii.gz' };
  const chosen = format === 'auto' ? (moving.format === 'volume' ? 'nii.gz' : 'png') : format;
  if ((chosen === 'png') !== (moving.format === 'raster')) {
    throw new ValueError({
      where: 'format',
      got: chosen,
      expected: `${moving.format === 'volume' ? 'nii.gz' : 'png'}, field or json for ${moving.format === 'volume' ? 'volumes' : 'raster images'}`,
    });
  }
  const bytes = encodePicture(warpPicture(moving, field, 'linear'), gzip);
  return chosen === 'png'
    ? { bytes, type: 'image/png', name: 'moved.png' }
    : { bytes, type: 'application/gzip', name: 'moved.nii.gz' };
}

function pngOf({ shape, data }: Volume<Uint8Array | Uint16Array>): Uint8Array {
  const [, height, width] = shape;
  return encode({ width, height, channels: 1, depth: data instanceof Uint16Array ? 16 : 8, data });
}

/** A DICOM segmentation that refers to the images it was made of. */
async function dicomOf(
  labels: Volume<Uint8Array>,
  series: readonly DicomSource[] | undefined,
  names: readonly NamedLabel[],
  kind: 'binary' | 'labelMap',
): Promise<Uint8Array> {
  if (series === undefined) {
    throw new ValueError({
      where: 'format',
      got: kind === 'binary' ? 'dicom' : 'dicom-labelmap',
      expected:
        'another format for this image: a DICOM segmentation refers to the DICOM images it was made of',
      hint: 'Send DICOM files, or ask for nii.gz, nrrd or json.',
    });
  }
  // A raster image has no place in space, its DICOM file may have one.
  const { shape, affine, spacingMm } = (await decodeSeries(series, 'the series')).channels[0];
  return encodeSegmentation({ ...labels, shape, affine, spacingMm }, series, {
    segments: segmentsOf(names),
    kind,
  });
}
