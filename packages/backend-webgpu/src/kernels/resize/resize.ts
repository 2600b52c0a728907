import type { TensorInfo } from '@tensorflow/tfjs-core';
import type { DevicePrograms, Program } from '../dispatch/device-programs.js';
import { declarations, groupsFor, mainPerElement, sizeOf } from '../dispatch/wgsl.js';

const integers = [
  ...['count', 'channels'],
  ...['fromDepth', 'fromHeight', 'fromWidth', 'toDepth', 'toHeight', 'toWidth'],
];

/**
 * Where output i of an axis looks: (i + ½) · from / to − ½, clamped, as a fraction over 2 · to, in whole numbers, so that weights
 * are exact to their last bit whatever the sizes.
 */
const position = `
fn position(i: u32, fromSize: u32, toSize: u32) -> u32 {
  let numerator = i32((2u * i + 1u) * fromSize) - i32(toSize);
  return u32(clamp(numerator, 0, i32(2u * toSize * (fromSize - 1u))));
}`;

const forward: Program = {
  name: 'resize',
  code: () => `${declarations(['x'], ['y'], { integers })}
${position}
struct Tap { low: u32, high: u32, share: f32 };
fn tap(i: u32, fromSize: u32, toSize: u32) -> Tap {
  let at = position(i, fromSize, toSize);
  let low = at / (2u * toSize);
  return Tap(low, min(low + 1u, fromSize - 1u), f32(at % (2u * toSize)) / f32(2u * toSize));
}
${mainPerElement}
  let channel = index % args.channels;
  let place = index / args.channels;
  let column = tap(place % args.toWidth, args.fromWidth, args.toWidth);
  let line = tap((place / args.toWidth) % args.toHeight, args.fromHeight, args.toHeight);
  let slice = tap((place / (args.toWidth * args.toHeight)) % args.toDepth, args.fromDepth, args.toDepth);
  let image = place / (args.toWidth * args.toHeight * args.toDepth);
  var value = 0.0;
  for (var corner = 0u; corner < 8u; corner++) {
    let isFarSlice = (corner & 4u) != 0u;
    let isFarLine = (corner & 2u) != 0u;
    let isFarColumn = (corner & 1u) != 0u;
    let weight = select(1.0 - slice.share, slice.share, isFarSlice)
        * select(1.0 - line.share, line.share, isFarLine)
        * select(1.0 - column.share, column.share, isFarColumn);
    if (weight == 0.0) { continue; }
    let s = select(slice.low, slice.high, isFarSlice);
    let l = select(line.low, line.high, isFarLine);
    let c = select(column.low, column.high, isFarColumn);
    let at = (((image * args.fromDepth + s) * args.fromHeight + l) * args.fromWidth + c) * args.channels;
    value += weight * x[at + channel];
  }
  y[index] = value;
}`,
};

const backward: Program = {
  name: 'resize gradient',
  code: () => `${declarations(['dy'], ['dx'], { integers })}
${position}
// The outputs that may look at input i: from first to last.
fn reach(i: u32, fromSize: u32, toSize: u32) -> vec2<u32> {
  if (fromSize == 1u) { return vec2<u32>(0u, toSize - 1u); }
  let scale = f32(toSize) / f32(fromSize);
  let low = max(0.0, floor((f32(i) - 0.5) * scale - 0.5) - 1.0);
  let high = max(0.0, ceil((f32(i) + 1.5) * scale - 0.5) + 1.0);
  return vec2<u32>(select(u32(low), 0u, i == 0u), select(min(u32(high), toSize - 1u), toSize - 1u, i == fromSize - 1u));
}
fn weight(i: u32, output: u32, fromSize: u32, toSize: u32) -> f32 {
  let distance = i32(position(output, fromSize, toSize)) - i32(2u * toSize * i);
  return max(0.0, f32(i32(2u * toSize) - abs(distance)) / f32(2u * toSize));
}
${mainPerElement}
  let channel = index % args.channels;
  let place = index / args.channels;
  let c = place % args.fromWidth;
  let l = (place / args.fromWidth) % args.fromHeight;
  let s = (place / (args.fromWidth * args.fromHeight)) % args.fromDepth;
  let image = place / (args.fromWidth * args.fromHeight * args.fromDepth);
  let columns = reach(c, args.fromWidth, args.toWidth);
  let lines = reach(l, args.fromHeight, args.toHeight);
  let slices = reach(s, args.fromDepth, args.toDepth);
  var value = 0.0;
  for (var slice = slices.x; slice <= slices.y; slice++) {
    let bySlice = weight(s, slice, args.fromDepth, args.toDepth);
    if (bySlice == 0.0) { continue; }
    for (var line = lines.x; line <= lines.y; line++) {
      let byLine = bySlice * weight(l, line, args.fromHeight, args.toHeight);
      if (byLine == 0.0) { continue; }
      let at = ((image * args.toDepth + slice) * args.toHeight + line) * args.toWidth;
      var sum = 0.0;
      for (var column = columns.x; column <= columns.y; column++) {
        sum += weight(c, column, args.fromWidth, args.toWidth) * dy[(at + column) * args.channels + channel];
      }
      value += byLine * sum;
    }
  }
  dx[index] = value;
}`,
};

/** Linear resize of x `[batch, …, channels]` with half-pixel centers to the spatial `size`; 2D and 3D. */
export function resize(device: DevicePrograms, x: TensorInfo, size: readonly number[]): TensorInfo {
  const y = device.output([x.shape[0]!, ...size, x.shape.at(-1)!]);
  run(device, forward, [x, y], x.shape.slice(1, -1), size);
  return y;
}

/** Its transpose: the gradient to an input of the spatial `inputSize`, each gathered from the outputs that look at it. */
export function resizeGradient(
  device: DevicePrograms,
  dy: TensorInfo,
  inputSize: readonly number[],
): TensorInfo {
  const dx = device.output([dy.shape[0]!, ...inputSize, dy.shape.at(-1)!]);
  run(device, backward, [dy, dx], inputSize, dy.shape.slice(1, -1));
  return dx;
}

function run(
  device: DevicePrograms,
  program: Program,
  tensors: readonly [TensorInfo, TensorInfo],
  from: readonly number[],
  to: readonly number[],
): void {
  const volume = (edges: readonly number[]) => (edges.length === 2 ? [1, ...edges] : edges);
  const result = tensors[1];
  const count = sizeOf(result.shape);
  device.run(program, {
    tensors,
    integers: [count, result.shape.at(-1)!, ...volume(from), ...volume(to)],
    groups: groupsFor(count, device.mostGroups),
  });
}
