import type { TensorInfo } from '@tensorflow/tfjs-core';
import { geometryOf, placesOf } from './convolution.js';
import type { DevicePrograms, Program } from './device-programs.js';
import { sumRows } from './reduction.js';
import { declarations, sizeOf } from './wgsl.js';

/**
 * The gradient to the kernel: for each tap of the window a product of the shifted input, transposed, with dy, over all places. A
 * workgroup makes 32 × 32 entries for one tap and a share of the places; the shares are summed afterwards, always in one order.
 */
const EDGE = 32;
const INNER = 16;
const THREADS = 64;
/** About how many workgroups keep a device busy. */
const GROUPS = 2048;
/** Fewest places of a share. */
const LEAST = 128;

const program: Program = {
  name: 'convolution to kernel',
  code: () => `${declarations(['x', 'dy'], ['out'], {
    integers: [
      ...['places', 'depth', 'height', 'width', 'windowDepth', 'windowHeight', 'windowWidth'],
      ...['inChannels', 'outChannels', 'share', 'outTiles'],
    ],
  })}
var<workgroup> left: array<f32, ${INNER * EDGE}>;
var<workgroup> right: array<vec4<f32>, ${(INNER * EDGE) / 4}>;

@compute @workgroup_size(${THREADS})
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) local: u32) {
  let firstIn = (group.x / args.outTiles) * ${EDGE}u;
  let firstOut = (group.x % args.outTiles) * ${EDGE}u;
  let tap = group.y;
  let taps = args.windowDepth * args.windowHeight * args.windowWidth;
  let begin = group.z * args.share;
  let end = min(begin + args.share, args.places);
  let shiftColumn = i32(tap % args.windowWidth) - i32(args.windowWidth / 2u);
  let shiftLine = i32((tap / args.windowWidth) % args.windowHeight) - i32(args.windowHeight / 2u);
  let shiftSlice = i32(tap / (args.windowWidth * args.windowHeight)) - i32(args.windowDepth / 2u);
  // Loading, a thread has one place and eight channels of either side.
  let row = local / 4u;
  let part = local % 4u;
  let myIns = (local / 8u) * 4u;
  let myOuts = local % 8u;
  var sums: array<vec4<f32>, 4>;

  for (var first = begin; first < end; first += ${INNER}u) {
    let place = first + row;
    let column = i32(place % args.width) + shiftColumn;
    let line = i32((place / args.width) % args.height) + shiftLine;
    let slice = i32((place / (args.width * args.height)) % args.depth) + shiftSlice;
    let image = place / (args.width * args.height * args.depth);
    let isPlace = place < end;
    let isInside = isPlace && column >= 0 && line >= 0 && slice >= 0
        && column < i32(args.width) && line < i32(args.height) && slice < i32(args.depth);
    let source = (((image * args.depth + u32(slice)) * args.height + u32(line)) * args.width + u32(column))
        * args.inChannels + firstIn;
    for (var i = 0u; i < 8u; i++) {
      let at = i * 4u + part;
      var value = 0.0;
      if (isInside && firstIn + at < args.inChannels) { value = x[source + at]; }
      left[row * ${EDGE}u + at] = value;
    }
    for (var q = part; q < 8u; q += 4u) {
      var quad = vec4<f32>();
      for (var i = 0u; i < 4u; i++) {
        let channel = firstOut + q * 4u + i;
        if (isPlace && channel < args.outChannels) { quad[i] = dy[place * args.outChannels + channel]; }
      }
      right[row * ${EDGE / 4}u + q] = quad;
    }
    workgroupBarrier();
    for (var k = 0u; k < ${INNER}u; k++) {
      let b = right[k * ${EDGE / 4}u + myOuts];
      let at = k * ${EDGE}u + myIns;
      sums[0] += left[at] * b;
      sums[1] += left[at + 1u] * b;
      sums[2] += left[at + 2u] * b;
      sums[3] += left[at + 3u] * b;
    }
    workgroupBarrier();
  }
  for (var i = 0u; i < 4u; i++) {
    let inner = firstIn + myIns + i;
    for (var j = 0u; j < 4u; j++) {
      let channel = firstOut + myOuts * 4u + j;
      if (inner < args.inChannels && channel < args.outChannels) {
        out[((group.z * taps + tap) * args.inChannels + inner) * args.outChannels + channel] = sums[i][j];
      }
    }
  }
}`,
};

/**
 * The gradient of a convolution to its kernel: `[...kernelSize, in, out]`. Deterministic.
 *
 * @param x `[batch, …, in]`. @param dy `[batch, …, out]`.
 */
export function convolutionToKernel(
  device: DevicePrograms,
  x: TensorInfo,
  dy: TensorInfo,
  kernelSize: readonly number[],
): TensorInfo {
  const shape = [...kernelSize, x.shape.at(-1)!, dy.shape.at(-1)!];
  const geometry = geometryOf(x.shape, shape);
  const { size, window, inChannels, outChannels } = geometry;
  const places = placesOf(geometry);
  const outTiles = Math.ceil(outChannels / EDGE);
  const tiles = Math.ceil(inChannels / EDGE) * outTiles;
  const taps = sizeOf(window);
  const wanted = Math.ceil(GROUPS / (tiles * taps));
  const share = Math.max(LEAST, INNER * Math.ceil(places / wanted / INNER));
  const shares = Math.max(1, Math.ceil(places / share));
  const partial = device.output(shares === 1 ? shape : [shares, sizeOf(shape)]);
  device.run(program, {
    tensors: [x, dy, partial],
    integers: [places, ...size, ...window, inChannels, outChannels, share, outTiles],
    groups: [tiles, taps, shares],
  });
  if (shares === 1) return partial;
  const gradient = sumRows(device, partial, shares, shape);
  device.dispose(partial);
  return gradient;
}
