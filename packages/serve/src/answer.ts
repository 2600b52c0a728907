import { gzipSync } from 'node:zlib';
import { ValueError } from '@sshn/core';
import { type DicomSource, encodeSegmentation, type Volume } from '@sshn/data';
import {
  decodeSeries,
  encodeField,
  encodeLabelNifti,
  encodePicture,
  encodeSegmentationNrrd,
  encodeUncertainty,
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
import type { AnswerFile, AnswerFormat, Prediction, RegistrationFormat } from './protocol.js';

/**
 * The answer to a request in the format it asks for, and how much of each label there is.
 *
 * @throws {ValueError} if the image has no such format: volumes have no PNG, and only DICOM images have a DICOM segmentation.
 */
export async function answer(
  format: AnswerFormat,
  { picture, series }: Input,
  { labels, uncertainty }: Pick<Segmentation, 'labels' | 'uncertainty'>,
  names: readonly NamedLabel[],
): Promise<Pick<Prediction, 'files' | 'labels'>> {
  const amounts = labelAmounts({ labels, format: picture.format }, names);
  const unsure = uncertainty === undefined ? [] : [uncertaintyFile(uncertainty, picture)];
  if (format === 'json') return { files: [], labels: amounts };
  if (format === 'uncertainty') return { files: unsure, labels: amounts };
  const usual = picture.format === 'volume' ? 'nii.gz' : 'png';
  const chosen = format === 'auto' || format === 'form' ? usual : format;
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
  const labelMap = { field: 'labels', bytes: await write(), type, name: `labels.${ending}` } as const;
  return { files: format === 'form' ? [labelMap, ...unsure] : [labelMap], labels: amounts };
}

function uncertaintyFile(
  map: NonNullable<Segmentation['uncertainty']>,
  { format }: Pick<Picture, 'format'>,
): AnswerFile {
  const [type, ending] = format === 'volume' ? ['application/gzip', 'nii.gz'] : ['image/png', 'png'];
  return { field: 'uncertainty', bytes: encodeUncertainty(map, format), type, name: `uncertainty.${ending}` };
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
): readonly AnswerFile[] {
  if (format === 'json') return [];
  const gzip = { gzip: true } as const;
  if (format === 'field') {
    const bytes = encodeField(field, gzip);
    return [{ field: 'field', bytes, type: 'application/gzip', name: 'field.nii.gz' }];
  }
  const chosen = format === 'auto' ? (moving.format === 'volume' ? 'nii.gz' : 'png') : format;
  if ((chosen === 'png') !== (moving.format === 'raster')) {
    throw new ValueError({
      where: 'format',
      got: chosen,
      expected: `${moving.format === 'volume' ? 'nii.gz' : 'png'}, field or json for ${moving.format === 'volume' ? 'volumes' : 'raster images'}`,
    });
  }
  const bytes = encodePicture(warpPicture(moving, field, 'linear'), gzip);
  const type = chosen === 'png' ? 'image/png' : 'application/gzip';
  return [{ field: 'moved', bytes, type, name: `moved.${chosen}` }];
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
