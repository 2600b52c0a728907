import {
  addN,
  concat,
  customGrad,
  reshape,
  slice,
  type Tensor,
  type Tensor2D,
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
  const inner = x.size / (outer * pixels);
  const layout = { outer, pixels, inner };
  const op = customGrad((input) => {
    const rows: Tensor2D = reshape(input as Tensor, [outer, pixels * inner]);
    const cut = concat(
      begins.map((begin) => sliceRows(rows, begin * inner, window * inner)),
      1,
    );
    return {
      value: reshape(cut, shape.with(axis, begins.length * window)),
      gradFunc: (dy: Tensor) => tidy(() => reshape(pasteWindows(dy, layout, begins, window), shape)),
    };
  });
  return op(x);
}

/** The transpose: windows that do not overlap go side by side, and at most `window` such rows of windows are added. */
function pasteWindows(
  dy: Tensor,
  { outer, pixels, inner }: { readonly outer: number; readonly pixels: number; readonly inner: number },
  begins: readonly number[],
  window: number,
): Tensor {
  const rows: Tensor2D = reshape(dy, [outer, begins.length * window * inner]);
  const layers: Array<{ end: number; pieces: Tensor2D[] }> = [];
  const gap = (size: number): Tensor2D[] => (size > 0 ? [zeros([outer, size * inner])] : []);
  begins.forEach((begin, i) => {
    let layer = layers.find(({ end }) => end <= begin);
    if (layer === undefined) {
      layer = { end: 0, pieces: [] };
      layers.push(layer);
    }
    layer.pieces.push(...gap(begin - layer.end), sliceRows(rows, i * window * inner, window * inner));
    layer.end = begin + window;
  });
  return addN(layers.map(({ end, pieces }) => concat([...pieces, ...gap(pixels - end)], 1)));
}

function sliceRows(x: Tensor2D, begin: number, count: number): Tensor2D {
  return slice(x, [0, begin], [x.shape[0], count]);
}
