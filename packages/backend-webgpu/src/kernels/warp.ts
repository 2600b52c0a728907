import type { FullSampling } from '@sshn/ops';
import type { TensorInfo } from '@tensorflow/tfjs-core';
import type { DevicePrograms, Program } from './device-programs.js';
import { declarations, forEachElement, groupsFor, mainPerElement, sizeOf } from './wgsl.js';

/** Sizes that `places` uses, of image and field, for `declarations`; along an axis that is not there they are 1. */
export const sizeNames = (rank: number): readonly string[] => [
  'channels',
  'nan',
  ...Array.from({ length: rank }, (_, k) => [`from${k}`, `to${k}`]).flat(),
];

/** The bits of a NaN: WGSL has no literal for it. */
export const NAN_BITS = 0x7fc00000;

/** Their values. */
export function sizesOf(channels: number, from: readonly number[], to: readonly number[]): readonly number[] {
  return [channels, NAN_BITS, ...from.flatMap((n, k) => [n, to[k]!])];
}

const folds: Record<FullSampling['padding'], string> = {
  border: `
  let inside = place > 0.0 && place < last;
  return vec2<f32>(clamp(place, 0.0, last), select(0.0, 1.0, inside));`,
  zeros: `
  let inside = place > -1.0 && place < size;
  return vec2<f32>(clamp(place, -1.0, size), select(0.0, 1.0, inside));`,
  reflect: `
  if (last == 0.0) { return vec2<f32>(0.0, 0.0); }
  let turn = 2.0 * last;
  let phase = place - floor(place / turn) * turn;
  let mirrored = clamp(min(phase, turn - phase), 0.0, last);
  let inside = mirrored > 0.0 && mirrored < last;
  return vec2<f32>(mirrored, select(0.0, select(-1.0, 1.0, phase < last), inside));`,
};

/**
 * WGSL that finds, for `voxel`, one of all places of all images, what it reads: `image`, and along axis k the voxels
 * `index[k][near]`, their `weight[k][near]`, and the `slope[k][near]` of that by the displacement; near is 0 … `NEAR − 1`.
 * A place that is no number has weights that are none.
 */
export function places(
  rank: number,
  { interpolation, padding }: FullSampling,
): { functions: string; body: string } {
  const isNearest = interpolation === 'nearest';
  const near = isNearest ? 1 : 2;
  const axes = Array.from({ length: rank }, (_, k) => k);
  const functions = `
const NEAR = ${near}u;
fn isFinite(x: f32) -> bool { return (bitcast<u32>(x) & 0x7f800000u) != 0x7f800000u; }
// Where the image has values, and the slope of that.
fn fold(place: f32, size: f32) -> vec2<f32> {
  let last = size - 1.0;${folds[padding]}
}
struct Read { index: array<u32, ${near}>, weight: array<f32, ${near}>, slope: array<f32, ${near}> };
fn readAlong(place: f32, size: u32) -> Read {
  var read: Read;
  let known = isFinite(place);
  let folded = fold(select(0.0, place, known), f32(size));
  let low = floor(folded.x${isNearest ? ' + 0.5' : ''});
  for (var near = 0u; near < NEAR; near++) {
    let at = i32(low) + i32(near);
    let exists = at >= 0 && at < i32(size);
    ${isNearest ? 'let weight = 1.0; let slope = 0.0;' : 'let above = folded.x - low;\n    let weight = select(above, 1.0 - above, near == 0u); let slope = select(folded.y, -folded.y, near == 0u);'}
    read.index[near] = u32(clamp(at, 0, i32(size) - 1));
    read.weight[near] = select(bitcast<f32>(args.nan), select(0.0, weight, exists), known);
    read.slope[near] = select(bitcast<f32>(args.nan), select(0.0, slope, exists), known);
  }
  return read;
}`;
  const body = `
  var rest = voxel;
  ${[...axes]
    .reverse()
    .map((k) => `let at${k} = rest % args.to${k}; rest /= args.to${k};`)
    .join('\n  ')}
  let image = rest;
  ${axes.map((k) => `var read${k} = readAlong(f32(at${k}) + field[voxel * ${rank}u + ${k}u], args.from${k});`).join('\n  ')}`;
  return { functions, body };
}

/**
 * WGSL that runs `visit` for every voxel that a place reads: `row` in the flattened image, the `weight` and, for
 * `'slopes'`, `slope0` … by the displacement along each axis.
 */
export function forEachCorner(rank: number, visit: string, { withSlopes = false } = {}): string {
  const axes = Array.from({ length: rank }, (_, k) => k);
  const product = (factors: readonly string[]) => factors.join(' * ');
  const opening = axes.map(
    (k) => `for (var near${k} = 0u; near${k} < NEAR; near${k}++) {
  let row${k} = ${k === 0 ? 'image' : `row${k - 1}`} * args.from${k} + read${k}.index[near${k}];`,
  );
  const slopes = axes.map(
    (k) =>
      `let slope${k} = ${product(axes.map((other) => `read${other}.${other === k ? 'slope' : 'weight'}[near${other}]`))};`,
  );
  return `${opening.join('\n  ')}
  let row = row${rank - 1};
  ${withSlopes ? slopes.join('\n  ') : `let weight = ${product(axes.map((k) => `read${k}.weight[near${k}]`))};`}
  ${visit}
  ${'} '.repeat(rank)}`;
}

/** A thread for each value of the result. */
function forward(rank: number, sampling: FullSampling, isInteger: boolean): Program {
  const type = isInteger ? 'i32' : 'f32';
  return {
    name: `warp ${rank} ${Object.values(sampling).join(' ')} ${type}`,
    code: () => {
      const { functions, body } = places(rank, sampling);
      // Labels stay integers.
      const term = isInteger ? 'i32(weight) * source[' : 'weight * source[';
      return `${declarations([`source: ${type}`, 'field'], [`warped: ${type}`], { integers: ['count', ...sizeNames(rank)] })}
${functions}
${mainPerElement}
  let voxel = index / args.channels;
  let channel = index - voxel * args.channels;
  ${body}
  var value = ${type}(0);
  ${forEachCorner(rank, `value += ${term}row * args.channels + channel];`)}
  warped[index] = value;
}`;
    },
  };
}

/** A thread for each vector of the field. */
function backward(rank: number, sampling: FullSampling): Program {
  const axes = Array.from({ length: rank }, (_, k) => k);
  return {
    name: `warp gradient to field ${rank} ${Object.values(sampling).join(' ')}`,
    code: () => {
      const { functions, body } = places(rank, sampling);
      const visit = `
    var along = 0.0;
    for (var channel = 0u; channel < args.channels; channel++) {
      along += source[row * args.channels + channel] * dy[index * args.channels + channel];
    }
    ${axes.map((k) => `total${k} += slope${k} * along;`).join(' ')}`;
      return `${declarations(['dy', 'source', 'field'], ['gradient'], { integers: ['count', ...sizeNames(rank)] })}
${functions}
${mainPerElement}
  let voxel = index;
  ${body}
  ${axes.map((k) => `var total${k} = 0.0;`).join(' ')}
  ${forEachCorner(rank, visit, { withSlopes: true })}
  ${axes.map((k) => `gradient[index * ${rank}u + ${k}u] = total${k};`).join('\n  ')}
}`;
    },
  };
}

const zeros: Program = {
  name: 'zeros',
  code: () => `${declarations([], ['x'], { integers: ['count'] })}
${mainPerElement}
  x[index] = 0.0;
}`,
};

/** Image `[batch, ...size, channels]` at the places of field `[batch, ...spatial, rank]`: `[batch, ...spatial, channels]`. */
export function warp(
  device: DevicePrograms,
  { image, field }: { readonly image: TensorInfo; readonly field: TensorInfo },
  { interpolation, padding }: FullSampling,
): TensorInfo {
  const channels = image.shape.at(-1)!;
  const [from, to] = [image.shape.slice(1, -1), field.shape.slice(1, -1)];
  const isInteger = device.storedType(image) !== 'float32';
  return forEachElement(device, forward(from.length, { interpolation, padding }, isInteger), {
    inputs: [image, field],
    output: device.output([...field.shape.slice(0, -1), channels], image.dtype),
    integers: sizesOf(channels, from, to),
  });
}

/** The gradient to the field from dy `[batch, ...spatial, channels]`; zeros where the nearest voxel is taken. */
export function warpGradField(
  device: DevicePrograms,
  { dy, image, field }: { readonly dy: TensorInfo; readonly image: TensorInfo; readonly field: TensorInfo },
  { interpolation, padding }: FullSampling,
): TensorInfo {
  const output = device.output(field.shape);
  if (interpolation === 'nearest') return forEachElement(device, zeros, { inputs: [], output });
  const [from, to] = [image.shape.slice(1, -1), field.shape.slice(1, -1)];
  const count = sizeOf(field.shape.slice(0, -1));
  device.run(backward(from.length, { interpolation, padding }), {
    tensors: [dy, image, field, output],
    integers: [count, ...sizesOf(image.shape.at(-1)!, from, to)],
    groups: groupsFor(count, device.mostGroups),
  });
  return output;
}
