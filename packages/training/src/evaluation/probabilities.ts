import type { ParamsOf, Setting, SpecNode } from '@sshn/core';
import type { Dataset } from '@sshn/data';
import type { Scalable, ScalableSpecs } from '@sshn/hypernet';
import { dispose, reverse, softmax, type Tensor, tensor, tidy } from '@tensorflow/tfjs-core';
import { windowedProbabilities } from './windows.js';

/** An image with what a network says of it at several settings. */
export interface JudgedImage {
  /** Label of every pixel. */
  readonly truth: Int32Array;
  /** Softmax of the logits, `[pixels, labels]`, in the order of the passes. */
  readonly maps: readonly Float32Array[];
}

/** A forward pass: a setting, and the axes along which the image is flipped before and the answer after. */
export interface Pass {
  readonly at: Setting;
  /** Spatial axes, the first is 0. @default none */
  readonly flipped?: readonly number[];
}

/**
 * Probabilities of images, one image after the other: all passes of an image are in memory together, those of two images never.
 *
 * @param params Of the model; stays the caller's.
 * @param window Size of the overlapping windows in which images are predicted; a flip is then one of each window. @default the whole image
 */
export async function* probabilities(
  model: Scalable,
  params: ParamsOf<ScalableSpecs>,
  dataset: Dataset,
  ids: readonly string[],
  passes: readonly Pass[],
  window?: readonly number[],
): AsyncGenerator<JudgedImage, void, void> {
  const weights = new Map<Setting, ParamsOf<SpecNode>>();
  try {
    for (const { at } of passes) if (!weights.has(at)) weights.set(at, model.specialize(params, at));
    for (const id of ids) {
      const { image, labels } = await dataset.load(id);
      const maps: Float32Array[] = [];
      for (const { at, flipped = [] } of passes) {
        const axes = flipped.map((axis) => axis + 1);
        const turned = (x: Tensor) => (axes.length > 0 ? reverse(x, axes) : x);
        const apply = (x: Tensor) => turned(model.network.apply(weights.get(at)!, turned(x), at));
        if (window !== undefined) {
          const labelCount = dataset.labelNames.length;
          maps.push(await windowedProbabilities(image, { window, labelCount, apply }));
          continue;
        }
        const map = tidy(() =>
          softmax(apply(tensor(image.values, [1, ...image.size, image.channels], 'float32'))),
        );
        try {
          maps.push((await map.data<'float32'>()).slice());
        } finally {
          map.dispose();
        }
      }
      yield { truth: Int32Array.from(labels.values), maps };
    }
  } finally {
    dispose([...weights.values()] as Tensor[][]);
  }
}
