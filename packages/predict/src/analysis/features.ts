import { observeScopes } from '@sshn/core';
import { cutTile, type Image, type Size3 } from '@sshn/data';
import { dispose, keep, Tensor, tensor, tidy } from '@tensorflow/tfjs-core';
import { type Picture, pictureFrom } from '../picture.js';
import { prepare, seenAxes } from '../prepare.js';
import type { Segmenter } from '../segmenter.js';
import type { SettingChoice } from '../setting-choice.js';

/**
 * What comes out of every layer with a kernel: its convolution, normalization and activation, in the order in which they run. Of
 * an image in tiles, of the one in the middle; of slices, of the middle one.
 *
 * @param model Stays the caller's.
 * @returns by the path of the layer, such as `encoder.0.1`.
 * @throws as `predict` of the model.
 *
 * *Source*: the paper, figure 16.
 */
export async function featuresOf(
  model: Segmenter,
  source: Picture | Image | Blob | Uint8Array,
  setting: SettingChoice = {},
): Promise<ReadonlyMap<string, Image>> {
  const { manifest } = model;
  const { image, window, tile } = prepare(await pictureFrom(source), manifest.preprocessing);
  const { at } = model.choose(setting);
  const begin = tile.map((edge, axis) => Math.floor((window.size[axis]! - edge) / 2)) as unknown as Size3;
  const layers = new Set(model.layers());
  const kept = new Map<string, Tensor>();
  const shape = [1, ...seenAxes(tile, manifest), image.channels];
  const input = tensor(
    cutTile(image.values, { size: window.size, channels: image.channels, begin, tile }),
    shape,
    'float32',
  );
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
