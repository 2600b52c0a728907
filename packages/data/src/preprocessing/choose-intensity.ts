import { percentileOf, rangeOf } from '@sshn/core';
import type { Dataset, Example, Image } from '../dataset/types.js';
import {
  type IntensityChoice,
  type IntensityNormalization,
  normalizeIntensity,
  short,
} from './preprocess.js';

/** What `chooseIntensity` found. */
export interface ChosenIntensity {
  /** Never 'auto': what to store with a model, and to apply to every image. */
  readonly intensity: IntensityNormalization;
  /** One sentence for people: what happens to intensities, and why. */
  readonly sentence: string;
  /** Sentences about images that the normalization does not suit, each beginning with the image's id. */
  readonly warnings: readonly string[];
}

/** So many images are looked at, spread over the list. */
const mostImages = 24;

/** So many intensities of labelled voxels are kept per image. */
const mostVoxels = 20_000;

/** A CT window is at least so wide, in Hounsfield units; that is the usual one of soft tissue. */
const narrowest = 400;

type Looked = Pick<Example, 'image'> & Partial<Pick<Example, 'id' | 'labels'>>;

/**
 * Chooses how intensities are normalized, from the images that a network is trained on.
 *
 * 'auto' becomes:
 * - 'none' for pictures: 8 bits a channel, scaled to [0, 1] when they were read, or any numbers within [0, 1].
 * - 'window' for CT in Hounsfield units: from −1000 to 1000, or, where structures are labelled, from the 0.5th to the 99.5th
 *   percentile of labelled voxels, rounded outward to tens and at least 400 wide. One window for all images.
 * - 'percentile' 1 to 99 within the foreground for everything else (MR, 16 bits, floating point), image by image, as units of
 *   such scanners differ from scan to scan.
 *
 * Any other choice is returned as it is. Up to 24 of the images are looked at, spread evenly; they are loaded one by one.
 *
 * @param ids The images to look at: those of the training part.
 * @returns The choice as plain data; a dataset without ids gives 'none'.
 * @throws {FileError} if an image cannot be read.
 *
 * *Source*: the window follows nnU-Net (Isensee et al. 2021), which clips CT at these percentiles of labelled voxels.
 * @example
 * const { intensity, sentence } = await chooseIntensity(dataset, split.train, { kind: 'auto' });
 */
export async function chooseIntensity(
  dataset: Pick<Dataset, 'load'>,
  ids: readonly string[],
  choice: IntensityChoice = { kind: 'auto' },
): Promise<ChosenIntensity> {
  const count = Math.min(ids.length, mostImages);
  const looked = Array.from({ length: count }, (_, i) => ids[Math.floor((i * ids.length) / count)]!);
  const looks: Look[] = [];
  if (choice.kind === 'auto') for (const id of looked) looks.push(lookAt(await dataset.load(id)));
  const chosen =
    choice.kind === 'auto' ? decide(looks) : { intensity: choice, sentence: `${sentenceOf(choice)}.` };
  const warnings: string[] = [];
  if (chosen.intensity.kind === 'percentile' || chosen.intensity.kind === 'window') {
    for (const id of looked) warnings.push(...collapse(await dataset.load(id), chosen.intensity));
  }
  return { ...chosen, warnings };
}

/**
 * The same for images in memory, such as the two of a registration without a model: all of them are looked at.
 *
 * @example
 * const { intensity } = intensityOf([{ image: fixed }, { image: moving }]);
 */
export function intensityOf(
  images: readonly Looked[],
  choice: IntensityChoice = { kind: 'auto' },
): ChosenIntensity {
  const chosen =
    choice.kind === 'auto'
      ? decide(images.map(lookAt))
      : { intensity: choice, sentence: `${sentenceOf(choice)}.` };
  return { ...chosen, warnings: images.flatMap((image) => collapse(image, chosen.intensity)) };
}

/** What one image says. */
interface Look {
  readonly kind: 'picture' | 'scanner' | 'hounsfield';
  readonly range: readonly [number, number];
  /** Intensities of labelled voxels, or a part of them. */
  readonly labelled: readonly number[];
}

function lookAt({ image, labels }: Looked): Look {
  const range = rangeOf(image.values);
  const kind = kindOf(image, range);
  if (kind !== 'hounsfield' || labels === undefined) return { kind, range, labelled: [] };
  const places: number[] = [];
  for (let i = 0; i < labels.values.length; i++) if (labels.values[i] !== 0) places.push(i);
  const step = Math.max(1, places.length / mostVoxels);
  const labelled = Array.from(
    { length: Math.min(places.length, mostVoxels) },
    (_, i) => image.values[places[Math.floor(i * step)]! * image.channels]!,
  );
  return { kind, range, labelled };
}

function kindOf(
  { values, intensities, channels }: Image,
  [low, high]: readonly [number, number],
): Look['kind'] {
  if (intensities === 'picture' || intensities === 'hounsfield') return intensities;
  if (channels === 1 && looksLikeHounsfield(values, low, high)) return 'hounsfield';
  return intensities === undefined && low >= 0 && high <= 1 ? 'picture' : 'scanner';
}

/**
 * Whether numbers can only be Hounsfield units: air lies at −1000, so at least one voxel in 200 is below −500, and all but
 * one in a hundred lie between −1100 and 3100 (12 bits from −1024 on), apart from the one value that fills what was not
 * scanned. Phase images of MR, −4096 to 4095, do not.
 */
function looksLikeHounsfield(values: Float32Array, low: number, high: number): boolean {
  if (!(low <= -500 && low >= -32768 && high >= 50 && high <= 32767)) return false;
  let [filling, within, airy] = [0, 0, 0];
  for (const value of values) {
    if (value <= -500) airy++;
    if (value < -1100 && value === low) filling++;
    else if (value >= -1100 && value <= 3100) within++;
  }
  return within >= 0.99 * (values.length - filling) && airy >= values.length / 200;
}

function decide(looks: readonly Look[]): Omit<ChosenIntensity, 'warnings'> {
  const [low, high] = [
    Math.min(...looks.map(({ range }) => range[0])),
    Math.max(...looks.map(({ range }) => range[1])),
  ];
  const seen = looks.length === 1 ? '1 image' : `${looks.length} images`;
  const because = `${short(low)} to ${short(high)} in ${seen}`;
  const chosen = (intensity: IntensityNormalization, why: string): Omit<ChosenIntensity, 'warnings'> => ({
    intensity,
    sentence: `${sentenceOf(intensity)} (${why}).`,
  });
  if (looks.length === 0) return chosen({ kind: 'none' }, 'there is no image to look at');
  if (looks.every(({ kind }) => kind === 'picture')) {
    return chosen({ kind: 'none' }, `pictures, scaled to 0…1: ${because}`);
  }
  // Pieces cut from CT need not hold air, but hold fat.
  const isCt = looks.every(
    ({ kind, range }) => kind === 'hounsfield' || (kind === 'scanner' && range[0] < 0),
  );
  if (isCt && looks.some(({ kind }) => kind === 'hounsfield')) {
    const window = windowOf(looks.flatMap(({ labelled }) => labelled));
    const which = window.isOfLabels
      ? 'the window holds 99 % of the labelled voxels'
      : 'no voxels are labelled';
    return chosen(window.intensity, `CT in Hounsfield units: ${because}; ${which}`);
  }
  return chosen(
    { kind: 'percentile', low: 1, high: 99, within: 'foreground' },
    `numbers of a scanner: ${because}`,
  );
}

function windowOf(labelled: readonly number[]): { intensity: IntensityNormalization; isOfLabels: boolean } {
  if (labelled.length === 0) {
    return { intensity: { kind: 'window', low: -1000, high: 1000 }, isOfLabels: false };
  }
  const [low, high] = [percentileOf(labelled, 0.5), percentileOf(labelled, 99.5)];
  const missing = Math.max(0, narrowest - (high - low)) / 2;
  return {
    intensity: {
      kind: 'window',
      low: Math.floor((low - missing) / 10) * 10,
      high: Math.ceil((high + missing) / 10) * 10,
    },
    isOfLabels: true,
  };
}

function sentenceOf(intensity: IntensityNormalization): string {
  switch (intensity.kind) {
    case 'none':
      return 'Intensities stay as they are';
    case 'minMax':
      return "Each image's smallest and largest intensity become 0 and 1";
    case 'zScore':
      return 'Each image is shifted and scaled to mean 0 and variance 1';
    case 'percentile': {
      const of = intensity.within === 'foreground' ? ' of its foreground' : '';
      return `Each image is clipped from its percentile ${intensity.low} to percentile ${intensity.high}${of}, which become 0 and 1`;
    }
    case 'window':
      return `Images are clipped from ${intensity.low} to ${intensity.high}, which become 0 and 1`;
  }
}

function collapse({ id = 'the image', image }: Looked, intensity: IntensityNormalization): string[] {
  const problems: string[] = [];
  normalizeIntensity(image.values, intensity, (problem) => problems.push(`${id} ${problem}`));
  return problems;
}
