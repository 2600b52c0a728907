import type { TensorInfo } from '@tensorflow/tfjs-core';
import type { DevicePrograms, Program } from './device-programs.js';
import { declarations, groupsFor, isNan, mainPerElement, sizeOf } from './wgsl.js';

/**
 * A map that treats every spatial axis alike: value i along an axis is made of values first … last of it.
 *
 * The functions are WGSL of `i`, of the sizes `n` that is read and `m` that is written, all i32, and of `args.reach`, a u32.
 */
export interface AxisMap {
  readonly name: string;
  /** Bodies of `first(i, n, m)` and `last(i, n, m)`: the range that is read; empty where last < first. */
  readonly first: string;
  readonly last: string;
  /** Body of `weight(i, j, n, m)` of the value at j; absent for the maximum instead of a sum. */
  readonly weight?: string;
  /** How many values one value is made of, about. */
  taps(n: number, m: number): number;
}

/** Reads of one thread beyond which axes are mapped one after the other. */
const MOST_TAPS = 32;

/**
 * Maps x `[batch, ...spatial, channels]` to `[batch, ...size, channels]`; in one pass where that takes few reads, else axis
 * by axis, the one that shrinks most first.
 */
export function mapAxes(
  device: DevicePrograms,
  map: AxisMap,
  x: TensorInfo,
  size: readonly number[],
  reach = 0,
): TensorInfo {
  const from = x.shape.slice(1, -1);
  const taps = from.map((n, axis) => map.taps(n, size[axis]!));
  const axes = taps.flatMap((count, axis) => (count > 1 ? [axis] : []));
  if (axes.length < 2 || taps.reduce((product, count) => product * count, 1) <= MOST_TAPS)
    return mapView(device, map, x, { outer: x.shape[0]!, from, to: size, inner: x.shape.at(-1)!, reach });
  const shrinking = axes.sort((a, b) => size[a]! / from[a]! - size[b]! / from[b]!);
  return shrinking.reduce((before, axis) => {
    const after = mapAxis(device, map, before, { axis: axis + 1, length: size[axis]!, reach });
    if (before !== x) device.dispose(before);
    return after;
  }, x);
}

/** Maps one axis of a tensor of any shape to another length. */
export function mapAxis(
  device: DevicePrograms,
  map: AxisMap,
  x: TensorInfo,
  { axis, length, reach = 0 }: { readonly axis: number; readonly length: number; readonly reach?: number },
): TensorInfo {
  const [outer, inner] = [sizeOf(x.shape.slice(0, axis)), sizeOf(x.shape.slice(axis + 1))];
  const y = mapView(device, map, x, { outer, from: [x.shape[axis]!], to: [length], inner, reach });
  return { ...y, shape: x.shape.with(axis, length) };
}

/** A tensor as `[outer, ...from, inner]`, of which the axes between become `to`. */
interface View {
  readonly outer: number;
  readonly from: readonly number[];
  readonly to: readonly number[];
  readonly inner: number;
  readonly reach: number;
}

function mapView(
  device: DevicePrograms,
  map: AxisMap,
  x: TensorInfo,
  { outer, from, to, inner, reach }: View,
): TensorInfo {
  // Four neighbors at once where they have the same place along all axes.
  const isWide = inner % 4 === 0 && map.weight !== undefined;
  const output = device.output([outer, ...to, inner]);
  const count = sizeOf(output.shape) / (isWide ? 4 : 1);
  device.run(programOf(map, from.length, isWide), {
    tensors: [x, output],
    integers: [count, isWide ? inner / 4 : inner, reach, ...from.flatMap((n, axis) => [n, to[axis]!])],
    groups: groupsFor(count, device.mostGroups),
  });
  return output;
}

/** A loop for each of the axes, one inside of the other. */
function programOf(map: AxisMap, rank: number, isWide: boolean): Program {
  const type = isWide ? 'vec4<f32>' : 'f32';
  const axes = Array.from({ length: rank }, (_, k) => k);
  const forAxes = (write: (k: number) => string, order = axes) => order.map(write).join('\n  ');
  const weight = (k: number) =>
    `let weight${k} = ${k === 0 ? '' : `weight${k - 1} * `}weight(i${k}, j${k}, n${k}, m${k});`;
  const isSum = map.weight !== undefined;
  const integers = ['count', 'inner', 'reach', ...axes.flatMap((k) => [`n${k}`, `m${k}`])];
  return {
    name: `axes ${map.name} ${rank} ${type}`,
    code: () => `${declarations([`x: ${type}`], [`y: ${type}`], { integers })}
${isNan}
fn first(i: i32, n: i32, m: i32) -> i32 { ${map.first} }
fn last(i: i32, n: i32, m: i32) -> i32 { ${map.last} }
${isSum ? `fn weight(i: i32, j: i32, n: i32, m: i32) -> f32 { ${map.weight} }` : ''}
${mainPerElement}
  let inner = i32(args.inner);
  var rest = i32(index) / inner;
  let channel = i32(index) - rest * inner;
  ${forAxes((k) => `let n${k} = i32(args.n${k}); let m${k} = i32(args.m${k});`)}
  ${forAxes((k) => `let i${k} = rest % m${k}; rest = rest / m${k};`, [...axes].reverse())}
  ${forAxes((k) => `let first${k} = first(i${k}, n${k}, m${k}); let last${k} = last(i${k}, n${k}, m${k});`)}
  var value = ${type}(0.0);
  ${isSum ? '' : 'var isFirst = true;'}
  ${forAxes(
    (k) => `for (var j${k} = first${k}; j${k} <= last${k}; j${k}++) {
  let row${k} = ${k === 0 ? 'rest' : `row${k - 1}`} * n${k} + j${k};
  ${isSum ? weight(k) : ''}`,
  )}
  let pixel = x[row${rank - 1} * inner + channel];
  ${isSum ? `value += weight${rank - 1} * pixel;` : 'if (isFirst || isNan(pixel) || (pixel > value && !isNan(value))) { value = pixel; }\n  isFirst = false;'}
  ${forAxes(() => '}')}
  y[index] = value;
}`,
  };
}

/*
 * Places along an axis are fractions; as whole numbers of (1 / 2m)ths of a pixel they and the weights made of them are
 * exact, as long as 2 · n · m fits 31 bits.
 */

/** Linear interpolation with half-pixel centers from n values to m. */
export const interpolation: AxisMap = {
  name: 'interpolation',
  first: `return clamp((2 * i + 1) * n - m, 0, 2 * m * (n - 1)) / (2 * m);`,
  last: `return (clamp((2 * i + 1) * n - m, 0, 2 * m * (n - 1)) + 2 * m - 1) / (2 * m);`,
  weight: `return 1.0 - f32(abs(clamp((2 * i + 1) * n - m, 0, 2 * m * (n - 1)) - 2 * m * j)) / f32(2 * m);`,
  taps: (n, m) => (n === m ? 1 : 2),
};

/** Its transpose, from the n values that were made to the m that were read: those whose place is less than a pixel off. */
export const interpolationTransposed: AxisMap = {
  name: 'interpolation-transposed',
  first: `
  let least = (2 * i - 1) * n - m;
  return select(least / (2 * m) + 1, 0, least < 0);`,
  last: `
  let most = (2 * i + 3) * n - m;
  return select(min((most - 1) / (2 * m), n - 1), -1, most <= 0);`,
  weight: `
  let place = clamp((2 * j + 1) * m - n, 0, 2 * n * (m - 1));
  return max(0.0, 1.0 - f32(abs(place - 2 * n * i)) / f32(2 * n));`,
  taps: (n, m) => (n === m ? 1 : Math.ceil((2 * n) / m) + 1),
};

/** Means over the adaptive windows ⌊i·n/m⌋ … ⌈(i+1)·n/m⌉ − 1. */
export const average: AxisMap = {
  name: 'average',
  first: 'return i * n / m;',
  last: 'return ((i + 1) * n + m - 1) / m - 1;',
  weight: 'return 1.0 / f32(last(i, n, m) - first(i, n, m) + 1);',
  taps: (n, m) => (n === m ? 1 : Math.ceil(n / m) + 1),
};

/** Its transpose: a value sums over the windows that hold it, which are again a window. */
export const averageTransposed: AxisMap = {
  name: 'average-transposed',
  first: 'return i * n / m;',
  last: 'return ((i + 1) * n + m - 1) / m - 1;',
  weight: 'return 1.0 / f32(((j + 1) * m + n - 1) / n - j * m / n);',
  taps: (n, m) => (n === m ? 1 : Math.ceil(n / m) + 1),
};

/** Maxima over adaptive windows. */
export const maximum: AxisMap = {
  name: 'maximum',
  first: average.first,
  last: average.last,
  taps: average.taps,
};

/** Sums over the values at most `reach` away. */
export const boxSum: AxisMap = {
  name: 'box-sum',
  first: 'return max(i - i32(args.reach), 0);',
  last: 'return min(i + i32(args.reach), n - 1);',
  weight: 'return 1.0;',
  // Axis after axis costs less from three voxels on.
  taps: (n) => (n === 1 ? 1 : 7),
};

/** At every voxel of x `[batch, ...spatial, channels]` the sum over the window around it, cropped at the border. */
export function sumOverWindows(device: DevicePrograms, x: TensorInfo, window: number): TensorInfo {
  return mapAxes(device, boxSum, x, x.shape.slice(1, -1), (window - 1) / 2);
}
