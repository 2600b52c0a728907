import type { Image } from '@sshn/data';
import type { Manifest } from '@sshn/model';
import { modelNames, modelPhantoms } from '@sshn/zoo';

/** Edges that differ by more than this factor from training's, and aspect ratios, are told. */
const [scaleTold, aspectTold] = [1.5, 1.25];
/** Generated images that say what is usual, and how far beyond their range an image may be, as a share of it. */
const [compared, slack] = [32, 0.25];

/** What images a model was made for, in a sentence. */
export function purposeOf({ preprocessing, provenance, labels }: Manifest): string {
  const { size, channels, volumes } = preprocessing;
  const kind = volumes?.slices === undefined ? '' : `${volumes.slices} slices of volumes, `;
  const color = channels === 1 ? 'grey' : channels === 3 ? 'color' : `${channels} channels`;
  const names = labels.slice(1).map(({ name }) => name);
  return `Made for: ${kind}${[...size].reverse().join(' × ')} ${size.length === 3 ? 'voxels' : 'pixels'}, ${color}, like its training data “${provenance.dataset}”; it finds ${names.join(', ')}.`;
}

/** How bright and how varied the channels of an image are. */
interface Look {
  readonly means: readonly number[];
  readonly spreads: readonly number[];
}

/** What is usual in the images of training, where those are generated ones. */
export type Usual = readonly Look[];

/** Looks at generated images of a model's training data; undefined where these are others. */
export async function usualOf({ preprocessing, provenance }: Manifest): Promise<Usual | undefined> {
  const name = modelNames.find((one) => {
    if (one === 'registration') return false;
    const { name: dataset, size } = modelPhantoms(one, { count: 1, seed: 1 });
    return dataset === provenance.dataset && size.length === preprocessing.size.length;
  });
  if (name === undefined) return undefined;
  const images = modelPhantoms(name, { count: name === 'ultrasound' ? 8 : compared, seed: 1 });
  const examples = await Promise.all(images.ids.map((id) => images.load(id)));
  return examples.map(({ image }) => lookOf(image));
}

/** In sentences, where an image is unlike those that a model was made for: in size, color, intensities. */
export function outsideOf(image: Image, { preprocessing }: Manifest, usual: Usual | undefined): string[] {
  const color = (channels: number) =>
    channels === 1 ? 'grey' : channels === 3 ? 'in color' : `of ${channels} channels`;
  const colors =
    image.channels === preprocessing.channels
      ? []
      : [
          `Color: it is ${color(image.channels)}, the model was trained on images ${color(preprocessing.channels)}.`,
        ];
  return [...sizeNotes(image, preprocessing), ...colors, ...intensityNotes(image, preprocessing, usual)];
}

function sizeNotes({ size }: Image, { size: trained }: Manifest['preprocessing']): string[] {
  const scales = size.map((edge, axis) => edge / trained[axis]!);
  const [least, most] = [Math.min(...scales), Math.max(...scales)];
  const text = (edges: readonly number[]) => [...edges].reverse().join(' × ');
  const change = least > scaleTold ? 'is shrunk, and what is small may vanish' : 'is brought to that size';
  return [
    ...(most > scaleTold || least < 1 / scaleTold
      ? [`Size: ${text(size)}, the model was trained on ${text(trained)}; the image ${change}.`]
      : []),
    ...(most / least > aspectTold ? [`Shape: it is stretched to ${text(trained)}.`] : []),
  ];
}

function intensityNotes(
  image: Image,
  { intensity, channels }: Manifest['preprocessing'],
  usual: Usual | undefined,
): string[] {
  let [low, high] = [Infinity, -Infinity];
  for (const value of image.values) [low, high] = [Math.min(low, value), Math.max(high, value)];
  if (low === high) return ['Intensities: all pixels are the same.'];
  if (intensity.kind !== 'none') return [];
  const short = (value: number) => String(Number(value.toPrecision(3)));
  if (low < 0 || high > 1)
    return [`Intensities: from ${short(low)} to ${short(high)}, the model was trained on 0 to 1.`];
  // Of grey images for a model of colors every channel is the grey one.
  if (usual === undefined) return [];
  const { means, spreads } = lookOf(image);
  const names = channels === 3 ? ['red', 'green', 'blue'] : ['intensity'];
  const unusual = (what: string, of: (look: Look) => readonly number[], own: readonly number[]) =>
    names.flatMap((name, c) => {
      const [from, to] = rangeOf(usual.map((look) => of(look)[c]!));
      const room = slack * (to - from);
      const value = own[Math.min(c, own.length - 1)]!;
      if (value >= from - room && value <= to + room) return [];
      return [`${what} ${name} ${value.toFixed(2)} (in training ${from.toFixed(2)} to ${to.toFixed(2)})`];
    });
  const told = [
    ...unusual('mean', (look) => look.means, means),
    ...unusual('spread of', (look) => look.spreads, spreads),
  ];
  return told.length === 0 ? [] : [`Intensities: ${told.join(', ')}.`];
}

function rangeOf(values: readonly number[]): readonly [low: number, high: number] {
  return [Math.min(...values), Math.max(...values)];
}

function lookOf({ values, channels }: Image): Look {
  const count = values.length / channels;
  const sums = new Float64Array(channels);
  const squares = new Float64Array(channels);
  for (const [i, value] of values.entries()) {
    sums[i % channels]! += value;
    squares[i % channels]! += value * value;
  }
  const means = [...sums].map((sum) => sum / count);
  return {
    means,
    spreads: means.map((mean, c) => Math.sqrt(Math.max(0, squares[c]! / count - mean * mean))),
  };
}
