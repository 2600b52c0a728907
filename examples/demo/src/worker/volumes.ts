import { FileError, ValueError } from '@sshn/core';
import {
  encodeNifti,
  generatePhantoms,
  type Image,
  normalizeIntensity,
  reorient,
  resampleImage,
  resizeLabels,
  type Volume,
  volumeOf,
} from '@sshn/data';
import { nameOf, openFiles } from './open-file.js';
import type { NamedFile, Segmentation, ShownVolume } from './protocol.js';

/** Longest edge of what is shown, in voxels: a viewer takes more on the page's own thread. */
const longestEdge = 128;
const generatedEdge = 32;

/** A volume with its name, and labels where they are known. */
export interface NamedVolume {
  readonly name: string;
  readonly volume: Volume;
  readonly truth?: Uint8Array;
}

/** A generated volume that the packaged model was not trained on. */
export async function generatedVolume(number: number): Promise<NamedVolume> {
  const size = [generatedEdge, generatedEdge, generatedEdge] as const;
  const dataset = generatePhantoms({ kind: 'blobs', count: 1000, size, seed: 7 });
  const { image, labels } = await dataset.load(dataset.ids[number % 1000]!);
  return { name: `Generated volume ${number}`, volume: volumeOf(image.values, size), truth: labels.values };
}

/** @throws {FileError} if the files hold no volume. */
export async function volumeIn(files: readonly NamedFile[]): Promise<NamedVolume> {
  const [opened, name] = [await openFiles(files), nameOf(files)];
  if (opened.kind === 'volume') return { name, volume: opened.volume };
  throw new FileError({
    path: name,
    problem: 'it holds one flat image, no volume',
    remedy: "Open it in 'Segment'.",
  });
}

/** Turns volumes to what a viewer and a network want, and labels back to what the viewer shows. */
export class VolumeDesk {
  private shownSize: readonly number[] = [];
  private opened: NamedVolume | undefined;

  /** @param look Called with the volume as an image for the network. */
  constructor(private readonly look: (image: Image, truth: Uint8Array | undefined) => void) {}

  /** The volume that is shown. @throws {ValueError} if there is none. */
  get open(): NamedVolume {
    if (this.opened === undefined)
      throw new ValueError({ where: 'volume', got: 'none', expected: 'an open one' });
    return this.opened;
  }

  show(opened: NamedVolume): ShownVolume {
    const { name, volume, truth } = opened;
    this.opened = opened;
    const upright = reorient(volume);
    const { shape } = upright;
    this.look({ values: Float32Array.from(upright.data), size: shape, channels: 1 }, truth);
    const scale = Math.min(1, longestEdge / Math.max(...shape));
    const shown =
      scale < 1
        ? resampleImage(upright, {
            spacingMm: upright.spacingMm.map((edge) => edge / scale) as [number, number, number],
          })
        : upright;
    this.shownSize = shown.shape;
    return {
      name,
      nifti: encodeNifti({ ...shown, data: bytesOf(shown) }, { gzip: false }),
      shape,
      shownShape: shown.shape,
    };
  }

  /** A segmentation on the grid that is shown. */
  onShownGrid(segmentation: Segmentation): Segmentation {
    const { labels, size } = segmentation;
    const { values } = resizeLabels({ values: labels, size }, this.shownSize);
    return { ...segmentation, labels: values, size: this.shownSize };
  }
}

/** Intensities as bytes, clipped at the percentiles 1 and 99. */
function bytesOf({ data }: Volume): Uint8Array {
  const values = normalizeIntensity(Float32Array.from(data), { kind: 'percentile', low: 1, high: 99 });
  return Uint8Array.from(values, (value) => Math.round(255 * value));
}
