import { mkdir, readFile, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { FileError } from '@sshn/core';
import { type DicomSource, encodeNifti, encodeSegmentation, reorient } from '@sshn/data';
import { writeFileAtomic } from '@sshn/model/node';
import {
  encodeLabelNifti,
  encodeSegmentationNrrd,
  type LabelAmount,
  type NamedLabel,
  type Picture,
  type Segmentation,
  segmentsOf,
  withFileValues,
} from '@sshn/predict';
import { encode } from 'fast-png';
import { z } from 'zod';
import type { Input } from './inputs.js';

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
  if (format === 'volume') {
    await writeFileAtomic(`${stem}.uncertainty.nii.gz`, encodeNifti(map));
    return;
  }
  const [, height, width] = map.shape;
  const data = Uint16Array.from(map.data, (value) => Math.round(65535 * value));
  await writeFileAtomic(`${stem}.uncertainty.png`, encode({ width, height, channels: 1, depth: 16, data }));
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

const amountSchema = z.object({
  name: z.string(),
  voxels: z.int(),
  mm3: z.number().nullable(),
  dice: z.number().nullable().exactOptional(),
  /** Of --uncertainty and --cascade: what is expected, and how far off that is on average; null where nothing is. */
  predictedDice: z.object({ dice: z.number(), error: z.number() }).nullable().exactOptional(),
});

/** What is known of one image that is done. */
const entrySchema = z.object({
  input: z.string(),
  bytes: z.number(),
  modified: z.number(),
  output: z.string(),
  factor: z.array(z.number()),
  // Absent in files of older releases.
  width: z.number().default(1),
  resolution: z.number().default(1),
  /** Of --uncertainty and --cascade: over the labels, and how many settings were run with how many FLOPs. */
  predictedDice: z.object({ mean: z.number().nullable(), error: z.number() }).exactOptional(),
  settings: z.int().exactOptional(),
  gflops: z.number().exactOptional(),
  notes: z.array(z.string()),
  labels: z.array(amountSchema),
});
export type Entry = z.infer<typeof entrySchema>;

const journalSchema = z.object({
  model: z.string(),
  options: z.string(),
  images: z.record(z.string(), entrySchema),
});

/** All of the journal is written at once, which takes longer the more images there are. */
const millisecondsBetweenWrites = 1000;

/**
 * The record of a folder of predictions, `predictions.json`: written after every image, so that an interrupted command goes on
 * where it was, and a table for other programs.
 */
export class Journal {
  #writing: Promise<void> = Promise.resolve();
  #writtenAt = Number.NEGATIVE_INFINITY;
  #isWritten = true;

  private constructor(
    readonly folder: string,
    private readonly key: { readonly model: string; readonly options: string },
    readonly images: Map<string, Entry>,
    private readonly order: ReadonlyMap<string, number>,
  ) {}

  /**
   * Entries of an earlier call stay if the model and the options are the same.
   *
   * @param names Of the images of this call: tables have them in this order, behind those of earlier calls.
   */
  static async open(
    folder: string,
    key: { model: string; options: string },
    names: readonly string[],
  ): Promise<Journal> {
    await mkdir(folder, { recursive: true });
    const text = await readFile(join(folder, 'predictions.json'), 'utf8').catch(() => '{}');
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch {
      value = {};
    }
    const known = journalSchema.safeParse(value);
    const isSame = known.success && known.data.model === key.model && known.data.options === key.options;
    const images = new Map(isSame ? Object.entries(known.data.images) : []);
    return new Journal(folder, key, images, new Map(names.map((name, i) => [name, i])));
  }

  /** Whether an image is done, and neither it nor its result has changed since. */
  async holds({ path, name }: Input, bytes: number, modified: number): Promise<boolean> {
    const known = this.images.get(name);
    if (known?.input !== path || known.bytes !== bytes || known.modified !== modified) return false;
    return (await stat(join(this.folder, known.output)).catch(() => undefined)) !== undefined;
  }

  get #inOrder(): Array<[name: string, entry: Entry]> {
    const placeOf = (name: string) => this.order.get(name) ?? -1;
    return [...this.images].sort(([a], [b]) => placeOf(a) - placeOf(b));
  }

  /** Takes an image in; what a kill may lose is a second of work, which is then done again. */
  async add(name: string, entry: Entry): Promise<void> {
    this.images.set(name, entry);
    this.#isWritten = false;
    if (performance.now() - this.#writtenAt >= millisecondsBetweenWrites) await this.#flush();
  }

  async #flush(): Promise<void> {
    if (this.#isWritten) return;
    this.#isWritten = true;
    this.#writtenAt = performance.now();
    // One after the other: the last one that is written has all.
    this.#writing = this.#writing.then(() => this.#write());
    await this.#writing;
  }

  async #write(): Promise<void> {
    const record = { ...this.key, images: Object.fromEntries(this.#inOrder) };
    await writeFileAtomic(join(this.folder, 'predictions.json'), `${JSON.stringify(record, null, 1)}\n`);
  }

  /** Writes what is left, and `volumes.csv`: a row for each image and label. */
  async writeTable(): Promise<void> {
    await this.#flush();
    const entries = this.#inOrder.map(([, entry]) => entry);
    const isPredicted = entries.some(({ predictedDice }) => predictedDice !== undefined);
    const rows = entries.flatMap(({ input, output, factor, labels }) =>
      labels.map(({ name, voxels, mm3, dice, predictedDice }) =>
        [
          input,
          output,
          factor.join(' '),
          name,
          voxels,
          mm3 ?? '',
          mm3 === null ? '' : mm3 / 1000,
          dice ?? '',
          ...(isPredicted ? [predictedDice?.dice ?? '', predictedDice?.error ?? ''] : []),
        ]
          .map((cell) => csvCell(String(cell)))
          .join(','),
      ),
    );
    const head = `input,output,factor,label,voxels,mm3,ml,dice${isPredicted ? ',predictedDice,predictedDiceError' : ''}`;
    await writeFileAtomic(join(this.folder, 'volumes.csv'), `${[head, ...rows].join('\n')}\n`);
  }
}

/** What a table row holds of one label. */
export function amountRow({ name, voxels, mm3 }: LabelAmount, dice?: number): Entry['labels'][number] {
  return {
    name,
    voxels,
    mm3: mm3 ?? null,
    ...(dice === undefined ? {} : { dice: Number.isNaN(dice) ? null : dice }),
  };
}

function csvCell(text: string): string {
  return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
