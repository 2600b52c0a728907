import type { TensorInfo } from '@tensorflow/tfjs-core';
import type { DevicePrograms, Program } from './device-programs.js';
import { COLUMNS, rowGroups, sumOverRows, sumRows } from './reduction.js';
import { declarations, sizeOf } from './wgsl.js';

/** A convolution of stride 1 that keeps the size, its axes as three: planes have a depth of 1. */
export interface Geometry {
  readonly batch: number;
  /** Depth, height, width of the maps. */
  readonly size: readonly [number, number, number];
  /** Of the window. */
  readonly window: readonly [number, number, number];
  readonly inChannels: number;
  readonly outChannels: number;
}

/** From x `[batch, (depth,) height, width, in]` and kernel `[(depth,) height, width, in, out]`. */
export function geometryOf(x: readonly number[], kernel: readonly number[]): Geometry {
  const [inChannels, outChannels] = kernel.slice(-2) as [number, number];
  return {
    batch: x[0]!,
    size: volume(x.slice(1, -1)),
    window: volume(kernel.slice(0, -2)),
    inChannels,
    outChannels,
  };
}

/** Places of the maps, all images together. */
export function placesOf({ batch, size }: Geometry): number {
  return batch * size[0] * size[1] * size[2];
}

function volume(edges: readonly number[]): [number, number, number] {
  return edges.length === 2 ? [1, edges[0]!, edges[1]!] : [edges[0]!, edges[1]!, edges[2]!];
}

/**
 * A convolution as a matrix product that never writes its left matrix: rows are places, the inner axis is window × input
 * channels. A workgroup makes 64 places × 32 channels in registers, 4 × 4 a thread, from tiles of 16 inner entries that lie in
 * its memory.
 */
const PLACES = 64;
const CHANNELS = 32;
const INNER = 16;
const THREADS = 128;

const integers = [
  ...['places', 'depth', 'height', 'width'],
  ...['windowDepth', 'windowHeight', 'windowWidth', 'inChannels', 'outChannels', 'placeGroups'],
];

/** Where the entry of the right matrix for a tap, an input and an output channel stands in the kernel. */
const entries = {
  forward: 'kernel[(tap * args.inChannels + inner) * args.outChannels + channel]',
  // The window turned over, inputs and outputs exchanged: `channel` is one of the kernel's inputs.
  toInput: 'kernel[((taps - 1u - tap) * args.outChannels + channel) * args.inChannels + inner]',
};

const finishes = {
  forward: `let z = value + bias[channel];
        y[at] = select(args.slope * z, z, z > 0.0);`,
  toInput: 'y[at] = value;',
};

function program(pass: 'forward' | 'toInput'): Program {
  return {
    name: `convolution ${pass}`,
    code: () => `${declarations(pass === 'forward' ? ['x', 'kernel', 'bias'] : ['x', 'kernel'], ['y'], {
      integers,
      floats: ['slope'],
    })}
var<workgroup> left: array<f32, ${INNER * (PLACES + 1)}>;
var<workgroup> right: array<vec4<f32>, ${(INNER * CHANNELS) / 4}>;

@compute @workgroup_size(${THREADS})
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) local: u32) {
  let firstPlace = (group.z * args.placeGroups + group.y) * ${PLACES}u;
  let firstChannel = group.x * ${CHANNELS}u;
  let taps = args.windowDepth * args.windowHeight * args.windowWidth;
  // Loading, a thread has one place and eight inner entries.
  let row = local / 2u;
  let part = (local % 2u) * 8u;
  let place = firstPlace + row;
  let column = i32(place % args.width);
  let line = i32((place / args.width) % args.height);
  let slice = i32((place / (args.width * args.height)) % args.depth);
  let image = place / (args.width * args.height * args.depth);
  // Multiplying, four places and four channels.
  let myPlaces = (local / 8u) * 4u;
  let myChannels = local % 8u;
  var sums: array<vec4<f32>, 4>;

  for (var tap = 0u; tap < taps; tap++) {
    let c = column + i32(tap % args.windowWidth) - i32(args.windowWidth / 2u);
    let l = line + i32((tap / args.windowWidth) % args.windowHeight) - i32(args.windowHeight / 2u);
    let s = slice + i32(tap / (args.windowWidth * args.windowHeight)) - i32(args.windowDepth / 2u);
    let isInside = place < args.places && c >= 0 && l >= 0 && s >= 0
        && c < i32(args.width) && l < i32(args.height) && s < i32(args.depth);
    let source = (((image * args.depth + u32(s)) * args.height + u32(l)) * args.width + u32(c)) * args.inChannels;
    for (var firstInner = 0u; firstInner < args.inChannels; firstInner += ${INNER}u) {
      for (var i = 0u; i < 8u; i++) {
        let inner = firstInner + part + i;
        var value = 0.0;
        if (isInside && inner < args.inChannels) { value = x[source + inner]; }
        left[(part + i) * ${PLACES + 1}u + row] = value;
      }
      let rightInner = local / 8u;
      var quad = vec4<f32>();
      for (var i = 0u; i < 4u; i++) {
        let inner = firstInner + rightInner;
        let channel = firstChannel + myChannels * 4u + i;
        if (inner < args.inChannels && channel < args.outChannels) { quad[i] = ${entries[pass]}; }
      }
      right[local] = quad;
      workgroupBarrier();
      let steps = min(${INNER}u, args.inChannels - firstInner);
      for (var k = 0u; k < steps; k++) {
        let b = right[k * ${CHANNELS / 4}u + myChannels];
        let at = k * ${PLACES + 1}u + myPlaces;
        sums[0] += left[at] * b;
        sums[1] += left[at + 1u] * b;
        sums[2] += left[at + 2u] * b;
        sums[3] += left[at + 3u] * b;
      }
      workgroupBarrier();
    }
  }
  for (var i = 0u; i < 4u; i++) {
    let target_ = firstPlace + myPlaces + i;
    if (target_ < args.places) {
      for (var j = 0u; j < 4u; j++) {
        let channel = firstChannel + myChannels * 4u + j;
        if (channel < args.outChannels) {
          let value = sums[i][j];
          let at = target_ * args.outChannels + channel;
          ${finishes[pass]}
        }
      }
    }
  }
}`,
  };
}

const forward = program('forward');
const toInput = program('toInput');

/**
 * y = leaky(conv(x, kernel) + bias), stride 1, 'same' size, 2D and 3D.
 *
 * @param x `[batch, …, in]`. @param kernel `[…, in, out]`.
 */
export function convolve(
  device: DevicePrograms,
  x: TensorInfo,
  kernel: TensorInfo,
  bias: TensorInfo,
  slope: number,
): TensorInfo {
  const geometry = geometryOf(x.shape, kernel.shape);
  const y = device.output([...x.shape.slice(0, -1), geometry.outChannels]);
  run(device, forward, [x, kernel, bias, y], geometry, slope);
  return y;
}

/** The gradient of a convolution to its input, from dy `[batch, …, out]`: `[batch, …, in]`. */
export function convolutionToInput(device: DevicePrograms, dy: TensorInfo, kernel: TensorInfo): TensorInfo {
  const { inChannels, outChannels, ...rest } = geometryOf(dy.shape, kernel.shape);
  const dx = device.output([...dy.shape.slice(0, -1), inChannels]);
  const turned = { ...rest, inChannels: outChannels, outChannels: inChannels };
  run(device, toInput, [dy, kernel, dx], turned, 1);
  return dx;
}

function run(
  device: DevicePrograms,
  pass: Program,
  tensors: readonly TensorInfo[],
  geometry: Geometry,
  slope: number,
): void {
  const { size, window, inChannels, outChannels } = geometry;
  const places = placesOf(geometry);
  const groups = Math.ceil(places / PLACES);
  const layers = Math.ceil(groups / device.mostGroups);
  const perLayer = Math.ceil(groups / layers);
  device.run(pass, {
    tensors,
    integers: [places, ...size, ...window, inChannels, outChannels, perLayer],
    floats: [slope],
    groups: [Math.ceil(outChannels / CHANNELS), perLayer, layers],
  });
}

const rectifier: Program = {
  name: 'rectifier and bias gradient',
  code: () =>
    declarations(['dy', 'y'], ['dz', 'out'], {
      integers: ['rows', 'columns', 'rowsOfGroup'],
      floats: ['slope'],
    }) +
    sumOverRows(`let g = select(args.slope, 1.0, y[at] > 0.0) * dy[at];
      dz[at] = g;
      sum += g;`),
};

/** The gradient to a bias: the sum of dy `[…, channels]` over all axes but the last. Deterministic. */
export function toBias(device: DevicePrograms, dy: TensorInfo): TensorInfo {
  const channels = dy.shape.at(-1)!;
  return sumRows(device, dy, sizeOf(dy.shape) / channels, [channels]);
}

/** `[dz, toBias]` behind a LeakyReLU that put out y: dz is dy where y > 0, else slope · dy. Deterministic. */
export function toRectifierAndBias(
  device: DevicePrograms,
  dy: TensorInfo,
  y: TensorInfo,
  slope: number,
): [TensorInfo, TensorInfo] {
  const channels = dy.shape.at(-1)!;
  const rows = sizeOf(dy.shape) / channels;
  const { rowsOfGroup, groups } = rowGroups(rows, device.mostGroups);
  const dz = device.output(dy.shape);
  const partial = device.output(groups === 1 ? [channels] : [groups, channels]);
  device.run(rectifier, {
    tensors: [dy, y, dz, partial],
    integers: [rows, channels, rowsOfGroup],
    floats: [slope],
    groups: [Math.ceil(channels / COLUMNS), groups, 1],
  });
  if (groups === 1) return [dz, partial];
  const bias = sumRows(device, partial, groups, [channels]);
  device.dispose(partial);
  return [dz, bias];
}
