import { observeScopes } from '@sshn/core';
import { cutTile, type Image, padImage, type Size3, size3Of } from '@sshn/data';
import { inputSize, type Manifest } from '@sshn/model';
import { dispose, keep, Tensor, tensor, tidy } from '@tensorflow/tfjs-core';
import { type Picture, pictureFrom } from '../picture.js';
import { prepare } from '../prepare.js';
import type { Segmenter } from '../segmenter.js';
import type { SettingChoice } from '../setting-choice.js';

/**
 * What comes out of every layer with a kernel: its convolution, normalization and activation, in the order in which they run. Of
 * an image in tiles, of the one in the middle; of slices, of the middle one.
 *
 * @param model Stays the caller's.
 * @param source As `predict` of the model takes it; or an image of its training, `prepared` as the network saw it: a slice, not the
 *   volume that it is of.
 * @returns by the path of the layer, such as `encoder.0.1`.
 * @throws as `predict` of the model.
 *
 * *Source*: the paper, figure 16.
 */
export async function featuresOf(
  model: Segmenter,
  source: Picture | Image | Blob | Uint8Array | { readonly prepared: Image },
  setting: SettingChoice = {},
): Promise<ReadonlyMap<string, Image>> {
  const { manifest } = model;
  const { image, size, tile } =
    'prepared' in source ? seenAsIs(source.prepared, manifest) : seenOf(await pictureFrom(source), manifest);
  const { at } = model.choose(setting);
  const begin = tile.map((edge, axis) => Math.floor((size[axis]! - edge) / 2)) as unknown as Size3;
  const layers = new Set(model.layers());
  const kept = new Map<string, Tensor>();
  const { values, channels } = image;
  const shape = [1, ...inputSize(manifest), channels];
  const input = tensor(cutTile(values, { size, channels, begin, tile }), shape, 'float32');
  try {
    tidy(() => {
      observeScopes(
        (path, output) => {
          if (layers.has(path) && output instanceof Tensor) kept.set(path, keep(output.clone()));
        },
        () => model.network.apply(model.weightsAt(at), input, at),
      );
    });
    const maps = new Map<string, Image>();
    for (const [path, features] of kept) {
      const values = (await features.data<'float32'>()).slice();
      maps.set(path, { values, size: features.shape.slice(1, -1), channels: features.shape.at(-1)! });
    }
    return maps;
  } finally {
    dispose([input, ...kept.values()]);
  }
}

/** What a network sees, and the tile that it sees of it at a time, on three axes. */
interface Seen {
  readonly image: Image;
  readonly size: Size3;
  readonly tile: Size3;
}

function seenOf(picture: Picture, { preprocessing }: Manifest): Seen {
  const { image, window, tile } = prepare(picture, preprocessing);
  return { image, size: window.size, tile };
}

function seenAsIs(prepared: Image, manifest: Manifest): Seen {
  const tile = size3Of(inputSize(manifest));
  const image = padImage(prepared, inputSize(manifest));
  return { image, size: size3Of(image.size), tile };
}
