import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { gzipSync } from 'node:zlib';
import { FileError } from '@sshn/core';
import { type DicomSource, encodeSegmentation, reorient } from '@sshn/data';
import { writeFileAtomic } from '@sshn/model/node';
import {
  encodeLabelNifti,
  encodeSegmentationNrrd,
  encodeUncertainty,
  type NamedLabel,
  type Picture,
  type Segmentation,
  segmentsOf,
  withFileValues,
} from '@sshn/predict';
import { encode } from 'fast-png';

/** Formats of label maps: 'auto' is PNG for raster images and NIfTI for volumes; the DICOM ones need a DICOM series. */
export const labelFormats = ['auto', 'nii.gz', 'nii', 'nrrd', 'png', 'dicom', 'dicom-labelmap'] as const;
export type LabelFormat = (typeof labelFormats)[number];

/** The ending of a label map. @throws {FileError} if volumes are to become PNG. */
export function endingOf(
  format: LabelFormat,
  { format: kind, path }: Pick<Picture, 'format' | 'path'>,
): string {
  if (format === 'auto') return kind === 'volume' ? '.nii.gz' : '.png';
  if (format === 'png' && kind === 'volume') {
    throw new FileError({
      path,
      problem: 'is a volume, and a PNG holds one slice',
      remedy: 'Write nii.gz or nrrd; --overlays gives a picture.',
    });
  }
  if (isDicom(format)) return '.dcm';
  return format === 'nrrd' ? '.seg.nrrd' : `.${format}`;
}

/** Whether label maps become DICOM segmentations. */
export function isDicom(format: LabelFormat): format is 'dicom' | 'dicom-labelmap' {
  return format === 'dicom' || format === 'dicom-labelmap';
}

/**
 * Writes a label map as a DICOM segmentation of its series: single bits for each label, or as a label map.
 *
 * @throws {FileError} if it cannot be written.
 */
export async function writeDicomLabels(
  path: string,
  { labels }: Pick<Segmentation, 'labels'>,
  names: readonly NamedLabel[],
  {
    series,
    format,
    frame,
  }: {
    readonly series: readonly DicomSource[];
    readonly format: LabelFormat;
    readonly frame?: number;
  },
): Promise<void> {
  const kind = format === 'dicom' ? 'binary' : 'labelMap';
  const bytes = encodeSegmentation(labels, series, {
    segments: segmentsOf(names),
    kind,
    ...(frame === undefined ? {} : { frame }),
  });
  await mkdir(dirname(path), { recursive: true });
  await writeFileAtomic(path, bytes);
}

/** Writes a label map; the ending decides the format. @throws {FileError} if it cannot be written. */
export async function writeLabels(
  path: string,
  { labels }: Pick<Segmentation, 'labels'>,
  names: readonly NamedLabel[],
): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  if (/\.nii(\.gz)?$/i.test(path)) await writeFileAtomic(path, encodeLabelNifti(labels, names, path));
  else if (/\.nrrd$/i.test(path))
    await writeFileAtomic(path, encodeSegmentationNrrd(labels, names, gzipSync));
  else {
    const [, height, width] = labels.shape;
    const { data } = withFileValues(labels, names);
    const depth = data instanceof Uint16Array ? 16 : 8;
    await writeFileAtomic(path, encode({ width, height, channels: 1, depth, data }));
  }
}

/**
 * Writes the uncertainty of every pixel beside its label map: of raster images `NAME.uncertainty.png` with 16 bits, where 65535 is 1; of
 * volumes `NAME.uncertainty.nii.gz`, in [0, 1].
 *
 * @throws {FileError} if it cannot be written.
 */
export async function writeUncertainty(
  stem: string,
  map: NonNullable<Segmentation['uncertainty']>,
  format: Picture['format'],
): Promise<void> {
  await mkdir(dirname(stem), { recursive: true });
  const ending = format === 'volume' ? 'nii.gz' : 'png';
  await writeFileAtomic(`${stem}.uncertainty.${ending}`, encodeUncertainty(map, format));
}

/** How strongly a label's color covers the image. */
const opacity = 0.45;

/**
 * Writes the image with its labels painted over it, as a PNG: raster images as they are, of volumes the axial slice with the
 * most labeled voxels.
 */
export async function writeOverlay(
  path: string,
  { channels, format }: Picture,
  { labels }: Pick<Segmentation, 'labels'>,
  names: readonly NamedLabel[],
): Promise<void> {
  const upright = format === 'volume' ? 'RPS' : undefined;
  const turned = (volume: Picture['channels'][0]) =>
    upright === undefined ? volume : reorient(volume, upright);
  const map = turned(labels);
  const images = channels.map(turned);
  const [depth, height, width] = map.shape;
  const area = height * width;
  const filled = Array.from(
    { length: depth },
    (_, z) => map.data.subarray(z * area, (z + 1) * area).filter((v) => v > 0).length,
  );
  const slice = filled.indexOf(Math.max(...filled));
  const ranges = images.map(({ data }) => {
    let [low, high] = [Infinity, -Infinity];
    for (const value of data) [low, high] = [Math.min(low, value), Math.max(high, value)];
    return [low, high > low ? 255 / (high - low) : 0] as const;
  });
  const data = new Uint8Array(area * 3);
  for (let i = 0; i < area; i++) {
    const label = map.data[slice * area + i]!;
    for (let c = 0; c < 3; c++) {
      const [low, scale] = ranges[Math.min(c, ranges.length - 1)]!;
      const value = (images[Math.min(c, images.length - 1)]!.data[slice * area + i]! - low) * scale;
      const color = names[label]!.color[c]!;
      data[3 * i + c] = Math.round(label === 0 ? value : (1 - opacity) * value + opacity * color);
    }
  }
  await mkdir(dirname(path), { recursive: true });
  await writeFileAtomic(path, encode({ width, height, channels: 3, depth: 8, data }));
}
