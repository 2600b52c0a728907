import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { nearestWord, ValueError } from '@sshn/core';

/** An image of a published dataset, and the files of its labels. */
export interface Item {
  /** In the prepared folder. */
  readonly id: string;
  /** Images of one subject never go to different parts. */
  readonly subject: string;
  readonly image: string;
  /** A map with the labels as values, or masks. */
  readonly labels: readonly string[];
  /** Whether each file is the mask of one label, the first of label 1; a later one lies above. @default false */
  readonly areMasks?: boolean;
}

/** A tar archive on a server, compressed or not. */
export interface Archive {
  readonly url: string;
  /** Where its terms are; what has to be agreed to before it is downloaded. */
  readonly terms: string;
  /** Whether a user has to say that they agree. */
  readonly asks: boolean;
  /** How many folders of each path in it are left out. */
  readonly strip: number;
  /** Of the archive, where it is known. */
  readonly md5?: string;
}

/** A dataset of the paper, as it is published. */
export interface Source {
  readonly name: string;
  readonly title: string;
  /** Where it is available, and on what terms. */
  readonly obtain: string;
  /** What the unpacked folder looks like. */
  readonly layout: string;
  /** Absent where its terms ask for a registration. */
  readonly archive?: Archive;
  /** How many images there should be. */
  readonly expected: number;
  /** SHA-256 of a list of all files as `sha256sum` prints it, in the order of their paths, where it is known. */
  readonly sha256?: string;
  /** 'raster' becomes PNG files; 'volume' is copied; 'asIs' is read as it is published. */
  readonly kind: 'raster' | 'volume' | 'asIs';
  /** The images in an unpacked folder. */
  find(folder: string): Promise<Item[]>;
  /** Names by label value, the background included. */
  names(folder: string): Promise<Readonly<Record<number, string>>>;
}

const neuriteTerms =
  'the data use agreement of OASIS (https://www.oasis-brains.org), and to cite Marcus 2007 and Hoopes 2022';

const neurite =
  'https://github.com/adalca/medical-datasets/blob/master/neurite-oasis.md (data use agreement of OASIS, https://www.oasis-brains.org; cite Marcus 2007 and Hoopes 2022)';

/** The datasets of section 4.2, by name. */
export const sources: readonly Source[] = [
  {
    name: 'wbc',
    title: 'White blood cells (Zheng 2018): 400 images, nucleus and cytoplasm',
    obtain: 'https://github.com/zxaoyou/segmentation_WBC (GPL-3.0)',
    layout: 'Dataset 1/001.bmp beside Dataset 1/001.png, and Dataset 2 alike',
    archive: {
      url: 'https://github.com/zxaoyou/segmentation_WBC/archive/refs/heads/master.tar.gz',
      terms: 'GPL-3.0',
      asks: false,
      strip: 1,
    },
    expected: 400,
    sha256: 'd56a70b90a084b9d9748820c2e5ee1b9df02486240006109674a190882c2a99c',
    kind: 'asIs',
    find: (folder) =>
      itemsIn(folder, /^(?:Dataset [^/]+\/)?(\d+)\.bmp$/i, ([path]) => {
        const id = path!.replace(/\.bmp$/i, '');
        return { id, subject: id, labels: [`${id}.png`] };
      }),
    names: async () => ({ 0: 'background', 1: 'cytoplasm', 2: 'nucleus' }),
  },
  {
    name: 'oasis-2d',
    title: 'Neurite-OASIS, 2D: a mid-coronal slice of 414 brains, 24 structures',
    obtain: `neurite-oasis.2d.v1.0.tar from ${neurite}`,
    layout: 'OASIS_OAS1_0001_MR1/slice_norm.nii.gz and slice_seg24.nii.gz, seg24_labels.txt',
    archive: {
      url: 'https://surfer.nmr.mgh.harvard.edu/ftp/data/neurite/data/neurite-oasis.2d.v1.0.tar',
      terms: neuriteTerms,
      asks: true,
      strip: 0,
      md5: 'c9ae5864f250c7e4b8d83a104e51ae8e',
    },
    expected: 414,
    kind: 'raster',
    find: (folder) => brains(folder, 'slice_norm.nii.gz', 'slice_seg24.nii.gz'),
    names: (folder) => freesurferNames(join(folder, 'seg24_labels.txt')),
  },
  {
    name: 'oasis-3d',
    title: 'Neurite-OASIS, 3D: 414 brains in one space, 35 structures',
    obtain: `neurite-oasis.v1.0.tar from ${neurite}`,
    layout: 'OASIS_OAS1_0001_MR1/aligned_norm.nii.gz and aligned_seg35.nii.gz, seg35_labels.txt',
    archive: {
      url: 'https://surfer.nmr.mgh.harvard.edu/ftp/data/neurite/data/neurite-oasis.v1.0.tar',
      terms: neuriteTerms,
      asks: true,
      strip: 0,
    },
    expected: 414,
    kind: 'volume',
    find: (folder) => brains(folder, 'aligned_norm.nii.gz', 'aligned_seg35.nii.gz'),
    names: (folder) => freesurferNames(join(folder, 'seg35_labels.txt')),
  },
  {
    name: 'camus',
    title:
      'CAMUS (Leclerc 2019): ultrasound of 500 hearts, two and four chambers, end of diastole and systole',
    obtain: 'https://www.creatis.insa-lyon.fr/Challenge/camus/ (registration; for research)',
    layout: 'database_nifti/patient0001/patient0001_2CH_ED.nii.gz and patient0001_2CH_ED_gt.nii.gz',
    expected: 2000,
    kind: 'raster',
    find: (folder) =>
      itemsIn(
        folder,
        /^(?:database_nifti\/)?(patient\d+)\/\1_([24]CH)_(E[DS])\.nii\.gz$/,
        ([path, subject, view, phase]) => ({
          id: `${subject}-${view}-${phase}`,
          subject: subject!,
          labels: [path!.replace(/\.nii\.gz$/, '_gt.nii.gz')],
        }),
      ),
    names: async () => ({ 0: 'background', 1: 'left ventricle', 2: 'myocardium', 3: 'left atrium' }),
  },
  {
    name: 'pandental',
    title:
      'Panoramic dental X-rays with segmented mandibles (Abdi 2015): 116 images; the paper counts 215, with teeth',
    obtain: 'https://data.mendeley.com/datasets/hxt48yk462 (CC BY 4.0)',
    layout:
      'Images/1.png and Segmentation1/1.png (the first annotator of the mandible); masks of teeth, if you have them, in Teeth/1.png',
    expected: 116,
    kind: 'raster',
    async find(folder) {
      const teeth = await stat(join(folder, 'Teeth')).catch(() => undefined);
      return itemsIn(folder, /^Images\/(\d+)\.png$/i, ([, id]) => ({
        id: id!,
        subject: id!,
        areMasks: true,
        labels: [`Segmentation1/${id}.png`, ...(teeth?.isDirectory() ? [`Teeth/${id}.png`] : [])],
      }));
    },
    async names(folder) {
      const teeth = await stat(join(folder, 'Teeth')).catch(() => undefined);
      return { 0: 'background', 1: 'mandible', ...(teeth?.isDirectory() ? { 2: 'teeth' } : {}) };
    },
  },
];

/** A source by its name. @throws {ValueError} naming the nearest one. */
export function sourceOf(name: string): Source {
  const found = sources.find((one) => one.name === name);
  if (found !== undefined) return found;
  const names = sources.map((one) => one.name);
  const near = nearestWord(name, names);
  throw new ValueError({
    where: 'dataset',
    got: name,
    expected: `one of ${names.join(', ')}`,
    ...(near === undefined ? {} : { hint: `Did you mean '${near}'?` }),
  });
}

function brains(folder: string, image: string, labels: string): Promise<Item[]> {
  const pattern = new RegExp(`^([^/]+)/${image.replaceAll('.', '\\.')}$`);
  return itemsIn(folder, pattern, ([, subject]) => ({
    id: subject!,
    subject: subject!,
    labels: [`${subject}/${labels}`],
  }));
}

/** The files in a folder whose paths match, two levels down, in order, with absolute paths. */
async function itemsIn(
  folder: string,
  pattern: RegExp,
  itemOf: (match: RegExpMatchArray) => Omit<Item, 'image'>,
): Promise<Item[]> {
  const entries = await readdir(folder, { recursive: true });
  return entries
    .map((path) => path.replaceAll('\\', '/'))
    .sort()
    .flatMap((path) => {
      const match = path.match(pattern);
      if (match === null) return [];
      const { labels, ...item } = itemOf(match);
      return [{ ...item, image: join(folder, path), labels: labels.map((one) => join(folder, one)) }];
    });
}

/** Lines such as `1 Left-Cerebral-White-Matter 245 245 245 0`; without the file, labels have no names. */
async function freesurferNames(path: string): Promise<Record<number, string>> {
  const text = await readFile(path, 'utf8').catch(() => '');
  const named = text.split('\n').flatMap((line) => {
    const match = line.match(/^\s*(\d+)[\s:]+([A-Za-z][\w-]*)/);
    return match === null ? [] : [[Number(match[1]), match[2]!] as const];
  });
  return named.length === 0
    ? {}
    : { 0: 'background', ...Object.fromEntries(named.filter(([value]) => value > 0)) };
}
