import { blendTiles, cutTile, type Image, padImage, padOrCropValues, size3Of, tilingOf } from '@sshn/data';
import { softmax, type Tensor, tensor, tidy } from '@tensorflow/tfjs-core';

/** How a network looks at an image that is larger than what it sees at a time. */
interface WindowOptions {
  /** Size of a window; images that are smaller are padded as for training. */
  readonly window: readonly number[];
  readonly labelCount: number;
  /** Gives the logits `[1, ...window, labels]` of `[1, ...window, channels]`. */
  readonly apply: (input: Tensor) => Tensor;
}

/** Probabilities `[pixels, labels]` of an image, in overlapping windows that are blended: see `blendTiles` of @sshn/data. */
export async function windowedProbabilities(image: Image, options: WindowOptions): Promise<Float32Array> {
  const { labelCount } = options;
  const size = paddedSize(image, options);
  const map = new Float32Array(size.reduce((product, n) => product * n, labelCount));
  let filled = 0;
  await blendWindows(image, options, (plane) => {
    map.set(plane, filled);
    filled += plane.length;
  });
  return padOrCropValues(map, { from: size, to: image.size, channels: labelCount });
}

/** The most probable label of each pixel of an image, likewise; memory holds a row of windows and the labels. */
export async function windowedLabels(image: Image, options: WindowOptions): Promise<Uint8Array> {
  const { labelCount } = options;
  const size = paddedSize(image, options);
  const labels = new Uint8Array(size.reduce((product, n) => product * n, 1));
  let filled = 0;
  await blendWindows(image, options, (plane) => {
    for (let from = 0; from < plane.length; from += labelCount) {
      let best = 0;
      for (let label = 1; label < labelCount; label++)
        if (plane[from + label]! > plane[from + best]!) best = label;
      labels[filled++] = best;
    }
  });
  return padOrCropValues(labels, { from: size, to: image.size });
}

async function blendWindows(
  image: Image,
  { window, labelCount, apply }: WindowOptions,
  onPlane: (plane: Float32Array) => void,
): Promise<void> {
  const { values, size, channels } = padImage(image, window);
  const tiling = tilingOf(size3Of(size), size3Of(window));
  const predict = async (begin: (typeof tiling)['tile']): Promise<Float32Array> => {
    const part = cutTile(values, { size: tiling.size, channels, begin, tile: tiling.tile });
    const map = tidy(() => softmax(apply(tensor(part, [1, ...window, channels], 'float32'))));
    try {
      return (await map.data<'float32'>()).slice();
    } finally {
      map.dispose();
    }
  };
  await blendTiles(tiling, labelCount, predict, onPlane);
}

function paddedSize({ size }: Image, { window }: WindowOptions): number[] {
  return size.map((n, axis) => Math.max(n, window[axis]!));
}
