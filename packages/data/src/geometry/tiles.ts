/** Sizes along three axes. Raster images have their rows on the first, their columns on the second, and 1 on the third. */
export type Size3 = readonly [number, number, number];

/** A size along two or three axes as one along three. */
export function size3Of(size: readonly number[]): Size3 {
  return [size[0]!, size[1]!, size[2] ?? 1];
}

/** How an image is cut into overlapping tiles, along three axes. */
export interface Tiling {
  /** Of the image, each at least that of a tile. */
  readonly size: Size3;
  readonly tile: Size3;
  /** Where tiles begin along each axis. */
  readonly starts: readonly [readonly number[], readonly number[], readonly number[]];
}

/** Where a tile lies in an array. */
export interface TilePlace {
  /** Of the array. */
  readonly size: Size3;
  readonly channels: number;
  readonly begin: Size3;
  /** Of the tile. */
  readonly tile: Size3;
}

/** Share of a tile that its neighbor covers too, at least. */
const overlap = 0.25;

/** Tiles that cover the image, as few as overlap enough, evenly spread. */
export function tilingOf(size: Size3, tile: Size3): Tiling {
  const along = (axis: 0 | 1 | 2): number[] => {
    const room = size[axis] - tile[axis];
    if (room <= 0) return [0];
    const count = 1 + Math.ceil(room / Math.max(1, Math.floor(tile[axis] * (1 - overlap))));
    return Array.from({ length: count }, (_, i) => Math.round((i * room) / (count - 1)));
  };
  return { size, tile, starts: [along(0), along(1), along(2)] };
}

/** How many tiles there are. */
export function tileCount({ starts }: Tiling): number {
  return starts.reduce((product, along) => product * along.length, 1);
}

/**
 * Predicts tile by tile and hands out the blended probabilities plane by plane along the first axis. Memory holds one row of
 * tiles, whatever the length of the image along that axis.
 *
 * Where tiles overlap, each counts the more, the nearer a voxel is to the tile's middle: by a Gaussian whose standard deviation is
 * an eighth of the tile.
 *
 * @param labelCount Numbers per voxel that `predict` gives.
 * @param predict Probabilities `[...tile, labelCount]` of the tile that begins there.
 * @param onPlane Called with `[size[1], size[2], labelCount]`, in rising order.
 *
 * *Source*: Isensee et al., "nnU-Net" (2021), for the Gaussian.
 */
export async function blendTiles(
  { size, tile, starts }: Tiling,
  labelCount: number,
  predict: (begin: Size3) => Promise<Float32Array>,
  onPlane: (plane: Float32Array) => void,
): Promise<void> {
  const rowLength = size[2] * labelCount;
  const planeLength = size[1] * rowLength;
  if (starts[0].length * tile[0] === size[0] && tile[1] === size[1] && tile[2] === size[2]) {
    // No tile meets another: there is nothing to blend.
    for (const first of starts[0]) {
      const values = await predict([first, 0, 0]);
      for (let a = 0; a < tile[0]; a++) onPlane(values.subarray(a * planeLength, (a + 1) * planeLength));
    }
    return;
  }
  const shares = tile.map((length, axis) => shareOf(length, starts[axis]!.length > 1));
  let sums = new Float32Array(tile[0] * planeLength);
  let weights = new Float32Array(tile[0] * size[1] * size[2]);
  for (const [i, first] of starts[0].entries()) {
    for (const second of starts[1]) {
      for (const third of starts[2]) {
        const values = await predict([first, second, third]);
        let from = 0;
        for (let a = 0; a < tile[0]; a++) {
          for (let b = 0; b < tile[1]; b++) {
            const voxel = (a * size[1] + second + b) * size[2] + third;
            for (let c = 0; c < tile[2]; c++) {
              const weight = shares[0]![a]! * shares[1]![b]! * shares[2]![c]!;
              weights[voxel + c]! += weight;
              const to = (voxel + c) * labelCount;
              for (let label = 0; label < labelCount; label++) sums[to + label]! += weight * values[from++]!;
            }
          }
        }
      }
    }
    // Planes before the next row of tiles are complete.
    const done = (starts[0][i + 1] ?? size[0]) - first;
    for (let plane = 0; plane < done; plane++) {
      const result = sums.slice(plane * planeLength, (plane + 1) * planeLength);
      let voxel = plane * size[1] * size[2];
      for (let k = 0; k < result.length; voxel++) {
        for (const end = k + labelCount; k < end; k++) result[k]! /= weights[voxel]!;
      }
      onPlane(result);
    }
    sums = shifted(sums, done * planeLength);
    weights = shifted(weights, done * size[1] * size[2]);
  }
}

/**
 * A part of an array with channels last, of an image or of its labels; the whole of it is not copied. Raster images have their
 * rows on the first and their columns on the second axis.
 */
export function cutTile<Values extends Float32Array | Uint8Array>(
  values: Values,
  { size, channels, begin, tile }: TilePlace,
): Values {
  if (tile.every((edge, axis) => edge === size[axis])) return values;
  const Numbers = values.constructor as new (length: number) => Values;
  const result = new Numbers(tile[0] * tile[1] * tile[2] * channels);
  // Where the last axis is whole, so are the runs along the second: of raster images it has length 1.
  const rows = tile[2] === size[2] ? tile[1] : 1;
  const length = rows * tile[2] * channels;
  let to = 0;
  for (let a = 0; a < tile[0]; a++) {
    for (let b = 0; b < tile[1]; b += rows, to += length) {
      const from = (((begin[0] + a) * size[1] + begin[1] + b) * size[2] + begin[2]) * channels;
      result.set(values.subarray(from, from + length), to);
    }
  }
  return result;
}

/** A Gaussian around the middle of a tile; flat where there is no neighbor. */
function shareOf(length: number, hasNeighbors: boolean): Float32Array {
  const middle = (length - 1) / 2;
  return Float32Array.from({ length }, (_, i) =>
    hasNeighbors ? Math.exp(-0.5 * ((8 * (i - middle)) / length) ** 2) : 1,
  );
}

function shifted(values: Float32Array, by: number): Float32Array<ArrayBuffer> {
  const result = new Float32Array(values.length);
  result.set(values.subarray(by));
  return result;
}
