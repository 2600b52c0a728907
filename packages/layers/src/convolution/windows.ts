import {
  addN,
  concat,
  customGrad,
  reshape,
  slice,
  type Tensor,
  type Tensor4D,
  tidy,
  zeros,
} from '@tensorflow/tfjs-core';

/**
 * Cuts windows out of an axis and lays them side by side: `[..., n, ...]` → `[..., begins · window, ...]`.
 *
 * By slices of memory that lies together, as picking pixel by pixel (`gather`) is many times slower on wasm.
 *
 * @param begins First pixels of the windows, increasing.
 */
export function cutWindows(x: Tensor, axis: number, begins: readonly number[], window: number): Tensor {
  const { shape } = x;
  const pixels = shape[axis]!;
  const outer = shape.slice(0, axis).reduce((product, n) => product * n, 1);
  const flat: [number, number, number, number] = [outer, pixels, x.size / (outer * pixels), 1];
  const op = customGrad((input) => {
    const rows = reshape(input as Tensor, flat) as Tensor4D;
    const cut = concat(
      begins.map((begin) => sliceRows(rows, begin, window)),
      1,
    );
    return {
      value: reshape(cut, shape.with(axis, begins.length * window)),
      gradFunc: (dy: Tensor) => tidy(() => reshape(pasteWindows(dy, flat, begins, window), shape)),
    };
  });
  return op(x);
}

/** The transpose: windows that do not overlap go side by side, and at most `window` such rows of windows are added. */
function pasteWindows(
  dy: Tensor,
  flat: readonly [number, number, number, number],
  begins: readonly number[],
  window: number,
): Tensor4D {
  const [outer, pixels, inner] = flat;
  const rows = reshape(dy, [outer, begins.length * window, inner, 1]) as Tensor4D;
  const layers: Array<{ end: number; pieces: Tensor4D[] }> = [];
  const gap = (size: number): Tensor4D[] => (size > 0 ? [zeros([outer, size, inner, 1])] : []);
  begins.forEach((begin, i) => {
    let layer = layers.find(({ end }) => end <= begin);
    if (layer === undefined) {
      layer = { end: 0, pieces: [] };
      layers.push(layer);
    }
    layer.pieces.push(...gap(begin - layer.end), sliceRows(rows, i * window, window));
    layer.end = begin + window;
  });
  return addN(layers.map(({ end, pieces }) => concat([...pieces, ...gap(pixels - end)], 1)));
}

function sliceRows(x: Tensor4D, begin: number, count: number): Tensor4D {
  return slice(x, [0, begin, 0, 0], [x.shape[0], count, x.shape[2], 1]);
}
