import { FileError } from '@sshn/core';
import { looksLikeDicom } from '../formats/readers/dicom/file.js';
import { type DicomVolume, openSeries } from '../volumes/dicom/decode.js';
import { encodeNifti, encodeNiftiHeader } from '../volumes/nifti/encode.js';
import type { Grid } from '../volumes/orientation.js';
import { readVolumeGrid } from '../volumes/read.js';
import { resampleOnto } from '../volumes/resample-onto.js';
import type { Decoders } from './decoders.js';
import type { Color, LabelTable } from './label-names.js';
import { withoutSuffixes } from './pairing.js';
import { isBystander, type PathOf, type SourceFile, stemOf } from './source-file.js';

/** The files of a dataset, those of a DICOM series as one, and what its segmentations call their labels. */
export interface JoinedSeries {
  readonly files: readonly SourceFile[];
  /** Of the segmentations that were read so far. */
  readonly segments: LabelTable;
}

type Warn = (warning: string) => void;

/** How series are read. */
export interface SeriesOptions {
  /** Which volume of series that hold several, from 0. @default series of one volume only */
  readonly frame?: number | undefined;
  readonly onWarning?: Warn | undefined;
  readonly decoders: Decoders;
}

/** How DICOM files end, if they have an ending at all. */
const dicomEnding = /(^|\/)[^./]*$|\.(dcm|dicom|ima|\d+)$/i;

/**
 * Folders below `images/` that hold a DICOM series become one file each, which is read as NIfTI, if there are labels under the
 * folder's name and none for its single files: `images/anna/001.dcm, 002.dcm, …` with `labels/anna.nii.gz`, `labels/anna.dcm` (a DICOM segmentation) or
 * `labels/anna/`, which holds one of these. What else lies in such a folder (a readme, a report) is left out with a warning.
 *
 * Of a series of several volumes (time points, echoes), `frame` chooses one.
 *
 * A segmentation is resampled to the grid of its image, as its file holds only the slices that it reaches.
 */
export async function withSeriesJoined(
  files: readonly SourceFile[],
  path: PathOf,
  { frame, onWarning, decoders }: SeriesOptions,
): Promise<JoinedSeries> {
  const segments = new Map<number, { readonly name: string; readonly color?: Color }>();
  const folder = files.some((file) => file.path.startsWith('masks/')) ? 'masks/' : 'labels/';
  const labels = files.filter((file) => file.path.startsWith(folder) && !isBystander(file.path));
  const groups = await dicomFolders(files);
  if (groups.size === 0 && !labels.some((file) => dicomEnding.test(file.path))) return { files, segments };

  const seriesOf = new Map<string, readonly SourceFile[]>();
  const labelOf = new Map<string, SourceFile>();
  for (const [id, members] of groups) {
    const asFiles = new Set(members.map((file) => stemOf(file.path, 'images/')));
    const named = withoutSuffixes(
      labels.map((file) => [stemOf(file.path, folder), file]),
      [[id, members[0]!]],
    );
    if (named.some(([label]) => asFiles.has(label))) continue;
    const inFolder = labels.filter((file) => file.path.startsWith(`${folder}${id}/`));
    const found =
      named.find(([label]) => label === id)?.[1] ?? (inFolder.length === 1 ? inFolder[0] : undefined);
    if (found === undefined) continue;
    seriesOf.set(id, members);
    labelOf.set(id, found);
  }
  const isTaken = new Set([...seriesOf.values()].flat().concat([...labelOf.values()]));
  const images = new Map<string, SourceFile>();
  for (const file of files) {
    if (file.path.startsWith('images/') && !isTaken.has(file)) images.set(stemOf(file.path, 'images/'), file);
  }
  const joined = [...seriesOf].map(([id, members]) =>
    seriesFile(id, members, path, { frame, onWarning, decoders }),
  );
  for (const [i, id] of [...seriesOf.keys()].entries()) images.set(id, joined[i]!);
  const idOf = new Map([...labelOf].map(([id, file]) => [file, id]));
  const others = files
    .filter(
      (file) =>
        !isTaken.has(file) && ![...seriesOf.keys()].some((id) => file.path.startsWith(`images/${id}/`)),
    )
    .map((file) => {
      if (!file.path.startsWith(folder) || !dicomEnding.test(file.path)) return file;
      const image = images.get(stemOf(file.path, folder));
      return image === undefined ? file : segmentationFile(file, image, file.path, path, segments, decoders);
    });
  const ofSeries = [...idOf].map(([file, id]) => {
    const name = `${folder}${id}/`;
    return dicomEnding.test(file.path)
      ? segmentationFile(file, images.get(id)!, name, path, segments, decoders)
      : { path: name, read: file.read };
  });
  return { files: [...joined, ...ofSeries, ...others], segments };
}

/** The files in each folder below `images/` whose first DICOM name is that of a DICOM file, by the folder's path there. */
async function dicomFolders(files: readonly SourceFile[]): Promise<Map<string, SourceFile[]>> {
  const folders = new Map<string, SourceFile[]>();
  for (const file of files) {
    const folder = /^images\/(.+)\/[^/]*$/.exec(file.path)?.[1]?.normalize('NFC');
    if (folder !== undefined) folders.set(folder, [...(folders.get(folder) ?? []), file]);
  }
  for (const [folder, members] of folders) {
    const first = members.find((file) => dicomEnding.test(file.path) && !isBystander(file.path));
    if (first === undefined || !looksLikeDicom(await first.read(headLength))) folders.delete(folder);
  }
  return folders;
}

const headLength = 1024;

/** A series as one file, which is read as NIfTI. Its path ends in a slash: it is a folder. */
function seriesFile(
  id: string,
  members: readonly SourceFile[],
  path: PathOf,
  { frame, onWarning, decoders }: SeriesOptions,
): SourceFile {
  const sources = async () => {
    const read = [];
    for (const file of members) read.push({ name: path(file.path), bytes: await file.read() });
    return read;
  };
  let isTold = false;
  const warn: Warn = (warning) => {
    if (!isTold) onWarning?.(warning);
  };
  return {
    path: `images/${id}/`,
    isChosenFrame: frame !== undefined,
    read: async (limit) => {
      const chosen = frame === undefined ? {} : { frame };
      if (limit !== undefined) return encodeNiftiHeader(openSeries(await sources(), chosen));
      const volume = await decoders.decodeDicom(await sources(), { ...chosen, onWarning: warn });
      isTold = true;
      return encodeNifti(volume, { gzip: false, version: 2 });
    },
  };
}

/** Labels in a DICOM file: a segmentation, resampled to the grid of its image, is read as NIfTI; anything else as it is. */
function segmentationFile(
  file: SourceFile,
  image: SourceFile,
  name: string,
  path: PathOf,
  segments: Map<number, { readonly name: string; readonly color?: Color }>,
  { decodeDicom }: Decoders,
): SourceFile {
  return {
    path: name,
    read: async (limit) => {
      const bytes = await file.read();
      if (!looksLikeDicom(bytes)) return limit === undefined ? bytes : bytes.subarray(0, limit);
      const labels: DicomVolume = await decodeDicom([{ name: path(file.path), bytes }]);
      if (labels.segments === undefined) return limit === undefined ? bytes : bytes.subarray(0, limit);
      for (const { number, label } of labels.segments) segments.set(number, { name: label });
      const grid: Grid = await readVolumeGrid((most) => image.read(most), path(image.path));
      if (limit !== undefined) return encodeNiftiHeader(grid);
      const onGrid = resampleOnto(labels, grid, { interpolation: 'nearest' });
      if (labels.data.some((label) => label !== 0) && !onGrid.data.some((label) => label !== 0)) {
        throw new FileError({
          path: path(file.path),
          problem: `lies outside of its image ${image.path}`,
          remedy: 'Take the segmentation that was made of this series.',
        });
      }
      return encodeNifti(onGrid, { gzip: false, version: 2 });
    },
  };
}
