import type { FullSampling, Padding } from '@sshn/ops';

/** Numbers in double precision, row-major. */
export interface Grid {
  readonly shape: readonly number[];
  readonly data: ArrayLike<number>;
}

/**
 * Warping by its definition, in double precision: the image is continued to an endless lattice, and each place is
 * interpolated between the lattice's points around it.
 */
export function naiveWarp(image: Grid, field: Grid, sampling: FullSampling): number[] {
  const channels = image.shape.at(-1)!;
  const result = new Array<number>(count(field.shape.slice(0, -1)) * channels).fill(0);
  visit(image, field, sampling, ({ to, from, weight }) => {
    for (let c = 0; c < channels; c++)
      result[to * channels + c]! += weight * (from === undefined ? 0 : image.data[from * channels + c]!);
  });
  return result;
}

/** The transpose of `naiveWarp` applied to dy: the gradient to an image of that shape. */
export function naiveGradImage(
  dy: Grid,
  field: Grid,
  shape: readonly number[],
  sampling: FullSampling,
): number[] {
  const channels = shape.at(-1)!;
  const result = new Array<number>(count(shape)).fill(0);
  visit({ shape }, field, sampling, ({ to, from, weight }) => {
    if (from === undefined) return;
    for (let c = 0; c < channels; c++) result[from * channels + c]! += weight * dy.data[to * channels + c]!;
  });
  return result;
}

/** Central differences of `⟨dy, naiveWarp⟩` by each entry of the field. */
export function naiveGradField(
  dy: Grid,
  image: Grid,
  field: Grid,
  sampling: FullSampling,
  step = 1e-5,
): number[] {
  const rank = field.shape.at(-1)!;
  const channels = image.shape.at(-1)!;
  const moved = (axis: number, by: number): number[] =>
    naiveWarp(
      image,
      { ...field, data: Array.from(field.data, (u, i) => (i % rank === axis ? u + by : u)) },
      sampling,
    );
  const derivatives = Array.from({ length: rank }, (_, axis) => {
    const [ahead, behind] = [moved(axis, step), moved(axis, -step)];
    return ahead.map((value, i) => ((value - behind[i]!) / (2 * step)) * dy.data[i]!);
  });
  return Array.from(field.data, (_, i) => {
    const place = Math.floor(i / rank);
    return derivatives[i % rank]!.slice(place * channels, (place + 1) * channels).reduce(
      (sum, d) => sum + d,
      0,
    );
  });
}

/** Scaling and squaring, in double precision. */
export function naiveIntegral(velocity: Grid, steps: number): number[] {
  let data = Array.from(velocity.data, (v) => v / 2 ** steps);
  for (let step = 0; step < steps; step++) {
    const field = { shape: velocity.shape, data };
    const further = naiveWarp(field, field, { interpolation: 'linear', padding: 'border' });
    data = data.map((u, i) => u + further[i]!);
  }
  return data;
}

/** Calls back with every lattice point that a place reads; `from` is undefined where the image is zero. */
function visit(
  { shape }: Pick<Grid, 'shape'>,
  field: Grid,
  { interpolation, padding }: FullSampling,
  onPair: (pair: { to: number; from: number | undefined; weight: number }) => void,
): void {
  const size = shape.slice(1, -1);
  const spatial = field.shape.slice(1, -1);
  for (let to = 0; to < count(field.shape.slice(0, -1)); to++) {
    const at = indicesOf(to, [field.shape[0]!, ...spatial]);
    const place = size.map((_, axis) => at[axis + 1]! + field.data[to * size.length + axis]!);
    for (let corner = 0; corner < 2 ** size.length; corner++) {
      const points = place.map((p, axis) => Math.floor(p) + ((corner >> axis) & 1));
      const near = place.map((p, axis) => 1 - Math.abs(p - points[axis]!));
      const nearest = place.map((p, axis) => (Math.floor(p + 0.5) === points[axis] ? 1 : 0));
      const weight = (interpolation === 'linear' ? near : nearest).reduce((product, w) => product * w, 1);
      const inside = points.map((point, axis) => continued(point, size[axis]!, padding));
      const isInside = inside.every((index) => index !== undefined);
      const from = inside.reduce<number>((row, index, axis) => row * size[axis]! + (index ?? 0), at[0]!);
      onPair({ to, from: isInside ? from : undefined, weight });
    }
  }
}

/** Which voxel the endless lattice has at a point. */
function continued(point: number, size: number, padding: Padding): number | undefined {
  if (point >= 0 && point < size) return point;
  if (padding === 'zeros') return undefined;
  if (padding === 'border' || size === 1) return point < 0 ? 0 : size - 1;
  return continued(point < 0 ? -point : 2 * (size - 1) - point, size, padding);
}

function indicesOf(flat: number, shape: readonly number[]): number[] {
  const indices: number[] = [];
  let rest = flat;
  for (const length of [...shape].reverse()) {
    indices.unshift(rest % length);
    rest = Math.floor(rest / length);
  }
  return indices;
}

function count(shape: readonly number[]): number {
  return shape.reduce((product, n) => product * n, 1);
}
