import {
  add,
  cast,
  clipByValue,
  div,
  floor,
  gather,
  greater,
  greaterEqual,
  less,
  lessEqual,
  logicalAnd,
  maximum,
  minimum,
  mul,
  range,
  reshape,
  scalar,
  scatterND,
  slice,
  squeeze,
  stack,
  sub,
  sum,
  type Tensor,
  tidy,
  zerosLike,
} from '@tensorflow/tfjs-core';

/** How a value between voxels is made. */
export const interpolations = ['linear', 'nearest'] as const;
/** How an image goes on outside of its voxels. */
export const paddings = ['border', 'zeros', 'reflect'] as const;

/** `'linear'`: between the 4 (2D) or 8 (3D) voxels around; `'nearest'`: the nearest one, halves up, for label maps. */
export type Interpolation = (typeof interpolations)[number];

/**
 * What lies outside of the image: `'border'` the nearest voxel of its border; `'zeros'` zero, from one voxel beyond the
 * border on, linearly in between; `'reflect'` the image mirrored at the centers of its border voxels, over and over
 * (`c b a b c b a`).
 */
export type Padding = (typeof paddings)[number];

/** How an image is read at places between and beyond its voxels. */
export interface Sampling {
  /** @default 'linear' */
  readonly interpolation?: Interpolation;
  /** @default 'border' */
  readonly padding?: Padding;
}

/** A sampling with nothing left open. */
export type FullSampling = Required<Sampling>;

// Warping and its two gradients from ordinary tfjs ops, for backends without these kernels: rows of the flattened image are
// picked by index, and the gradient to the image adds them up by index.

/** image `[batch, ...size, channels]`, field `[batch, ...spatial, rank]` → `[batch, ...spatial, channels]`. */
export function sample(image: Tensor, field: Tensor, sampling: FullSampling): Tensor {
  return tidy(() => {
    const rows = rowsOf(image);
    // Labels stay integers.
    const values = sumOver(corners(field, image.shape, sampling), (corner) =>
      mul(gather(rows, corner.ids()), cast(corner.weight(), image.dtype)),
    );
    return reshape(values, [...field.shape.slice(0, -1), image.shape.at(-1)!]);
  });
}

/** The gradient to the image, `[batch, ...inputSize, channels]`. */
export function sampleGradImage(
  dy: Tensor,
  field: Tensor,
  { inputSize, ...sampling }: FullSampling & { readonly inputSize: readonly number[] },
): Tensor {
  return tidy(() => {
    const shape = [dy.shape[0]!, ...inputSize, dy.shape.at(-1)!];
    const rows = rowsOf(dy);
    const count = shape.slice(0, -1).reduce((product, n) => product * n, 1);
    const sums = sumOver(corners(field, shape, sampling), (corner) =>
      scatterND(reshape(corner.ids(), [-1, 1]), mul(rows, corner.weight()), [count, shape.at(-1)!]),
    );
    return reshape(sums, shape);
  });
}

/** The gradient to the field, of the field's shape; 0 where the nearest voxel is taken. */
export function sampleGradField(dy: Tensor, image: Tensor, field: Tensor, sampling: FullSampling): Tensor {
  if (sampling.interpolation === 'nearest') return zerosLike(field);
  return tidy(() => {
    const [rows, upstream] = [rowsOf(image), rowsOf(dy)];
    const sums = sumOver(corners(field, image.shape, sampling), (corner) =>
      mul(sum(mul(gather(rows, corner.ids()), upstream), -1, true), corner.slopes()),
    );
    return reshape(sums, field.shape);
  });
}

/** A voxel that each place reads; of the places of all images, one after the other. */
interface Corner {
  /** The voxel's row in the flattened image, int32 `[places]`. */
  ids(): Tensor;
  /** `[places, 1]`. */
  weight(): Tensor;
  /** Derivatives of the weight by the displacement along each axis, `[places, rank]`. */
  slopes(): Tensor;
}

function corners(field: Tensor, shape: readonly number[], sampling: FullSampling): Corner[] {
  const [batch, ...size] = shape.slice(0, -1) as [number, ...number[]];
  const plans = size.map((length, axis) => planAxis(field, axis, { ...sampling, size: length }));
  const images: Tensor = reshape(range(0, batch, 1, 'int32'), [batch, ...size.map(() => 1)]);
  return choices(plans).map((chosen) => ({
    ids: () =>
      reshape(
        chosen.reduce((id, { index }, axis) => add(mul(id, scalar(size[axis]!, 'int32')), index), images),
        [-1],
      ),
    weight: () => reshape(productOf(chosen.map(({ weight }) => weight)), [-1, 1]),
    slopes: () =>
      rowsOf(
        stack(
          chosen.map((_, axis) => slopeAlong(chosen, axis)),
          -1,
        ),
      ),
  }));
}

function slopeAlong(chosen: readonly Neighbor[], axis: number): Tensor {
  return productOf(chosen.map(({ weight, slope }, other) => (other === axis ? slope : weight)));
}

/** All ways to take one entry of each list. */
function choices<Item>(lists: readonly Item[][]): Item[][] {
  return lists.reduce<Item[][]>(
    (begun, list) => begun.flatMap((items) => list.map((item) => [...items, item])),
    [[]],
  );
}

/** Keeps one sum alive, not all its terms. */
function sumOver<Item>(items: readonly Item[], term: (item: Item) => Tensor): Tensor {
  return items.slice(1).reduce(
    (total, item) => {
      const next = tidy(() => add(total, term(item)));
      total.dispose();
      return next;
    },
    tidy(() => term(items[0]!)),
  );
}

const rowsOf = (x: Tensor): Tensor => reshape(x, [-1, x.shape.at(-1)!]);
const productOf = (factors: readonly Tensor[]): Tensor =>
  factors.reduce((product, factor) => mul(product, factor));

/** One of the voxels that are read along an axis, for each place `[batch, ...spatial]`. */
interface Neighbor {
  /** int32, inside of the image. */
  readonly index: Tensor;
  readonly weight: Tensor;
  /** The derivative of the weight by the displacement. */
  readonly slope: Tensor;
}

/**
 * Where a field's places read along one axis: two voxels for linear interpolation, one for the nearest.
 *
 * @param field `[batch, ...spatial, rank]`, voxels.
 * @param size Of the image along this axis.
 */
function planAxis(
  field: Tensor,
  axis: number,
  { size, interpolation, padding }: FullSampling & { readonly size: number },
): Neighbor[] {
  const { place, slope } = fold(placesAlong(field, axis), size, padding);
  if (interpolation === 'nearest') return [neighbor(floor(add(place, 0.5)), size)];
  const low = floor(place);
  const above = sub(place, low);
  return [
    neighbor(low, size, { weight: sub(1, above), slope: mul(slope, -1) }),
    neighbor(add(low, 1), size, { weight: above, slope }),
  ];
}

/** Index plus displacement, `[batch, ...spatial]`. */
function placesAlong(field: Tensor, axis: number): Tensor {
  const spatialRank = field.rank - 2;
  const length = field.shape[axis + 1]!;
  const begin = [...Array<number>(spatialRank + 1).fill(0), axis];
  const displacement = squeeze(slice(field, begin, [...field.shape.slice(0, -1), 1]), [field.rank - 1]);
  const along = Array.from({ length: spatialRank + 1 }, (_, i) => (i === axis + 1 ? length : 1));
  return add(displacement, reshape(range(0, length), along));
}

/**
 * Brings places to where the image has values: `[0, size − 1]`, or one voxel further for `'zeros'`. The slope is the
 * derivative of that: ±1, and 0 where the padding is constant or has a kink.
 */
function fold(place: Tensor, size: number, padding: Padding): { place: Tensor; slope: Tensor } {
  const last = size - 1;
  if (padding === 'reflect' && size > 1) {
    const turn = 2 * last;
    const phase = sub(place, mul(floor(div(place, turn)), turn));
    const mirrored = minimum(maximum(minimum(phase, sub(turn, phase)), 0), last);
    const isInside = cast(logicalAnd(greater(mirrored, 0), less(mirrored, last)), 'float32');
    return { place: mirrored, slope: mul(isInside, sub(mul(cast(less(phase, last), 'float32'), 2), 1)) };
  }
  const [least, most] = padding === 'zeros' ? [-1, size] : [0, last];
  const isInside = logicalAnd(greater(place, least), less(place, most));
  // Not every backend lets a NaN through clipByValue; it has to show.
  const clipped = add(clipByValue(place, least, most), mul(place, 0));
  return { place: clipped, slope: cast(isInside, 'float32') };
}

/** Voxels beyond the border weigh nothing and are read at the border instead. */
function neighbor(at: Tensor, size: number, along?: { weight: Tensor; slope: Tensor }): Neighbor {
  const exists = cast(logicalAnd(greaterEqual(at, 0), lessEqual(at, size - 1)), 'float32');
  return {
    index: cast(clipByValue(at, 0, size - 1), 'int32'),
    weight: along === undefined ? exists : mul(along.weight, exists),
    slope: along === undefined ? zerosLike(exists) : mul(along.slope, exists),
  };
}
