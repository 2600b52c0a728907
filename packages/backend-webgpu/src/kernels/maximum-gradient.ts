import type { TensorInfo } from '@tensorflow/tfjs-core';
import { mapAxis, maximum } from './axes.js';
import type { DevicePrograms, Program } from './device-programs.js';
import { declarations, forEachElement, mainPerElement, sizeOf } from './wgsl.js';

/** One axis of n values, of whose m windows the maxima were taken. */
const integers = ['count', 'n', 'm', 'inner'];

/** What every value that attains the maximum of its window gets: dy by their number. */
const shares: Program = {
  name: 'shares of a maximum',
  code: () => `${declarations(['dy', 'x', 'y'], ['share'], { integers })}
${mainPerElement}
  let row = index / args.inner;
  let channel = index - row * args.inner;
  let i = row % args.m;
  let first = i * args.n / args.m;
  let end = ((i + 1u) * args.n + args.m - 1u) / args.m;
  let greatest = y[index];
  var ties = 0.0;
  for (var j = first; j < end; j++) {
    if (x[(row / args.m * args.n + j) * args.inner + channel] == greatest) { ties += 1.0; }
  }
  share[index] = dy[index] / ties;
}`,
};

/** Sums of the shares of all windows whose maximum a value attains. */
const gathered: Program = {
  name: 'gathered shares of maxima',
  code: () => `${declarations(['share', 'x', 'y'], ['dx'], { integers })}
${mainPerElement}
  let row = index / args.inner;
  let channel = index - row * args.inner;
  let j = row % args.n;
  let first = j * args.m / args.n;
  let end = ((j + 1u) * args.m + args.n - 1u) / args.n;
  let value = x[index];
  var sum = 0.0;
  for (var i = first; i < end; i++) {
    let at = (row / args.n * args.m + i) * args.inner + channel;
    if (y[at] == value) { sum += share[at]; }
  }
  dx[index] = sum;
}`,
};

/**
 * The gradient of maxima over adaptive windows, to x `[batch, ...spatial, channels]` from dy `[batch, ...size, channels]`.
 *
 * As the composition has it, a maximum over a box is one over its axes in turn, so ties share axis by axis.
 */
export function maximumGradient(device: DevicePrograms, dy: TensorInfo, x: TensorInfo): TensorInfo {
  const axes = x.shape.flatMap((n, axis) => (n === dy.shape[axis] ? [] : [axis]));
  const stages = [x];
  for (const axis of axes)
    stages.push(mapAxis(device, maximum, stages.at(-1)!, { axis, length: dy.shape[axis]! }));
  let gradient = dy;
  for (const [k, axis] of [...axes.entries()].reverse()) {
    const [from, to] = [stages[k]!, stages[k + 1]!];
    const sizes = [from.shape[axis]!, to.shape[axis]!, sizeOf(from.shape.slice(axis + 1))];
    const share = forEachElement(device, shares, {
      inputs: [gradient, from, to],
      output: device.output(to.shape),
      integers: sizes,
    });
    const next = forEachElement(device, gathered, {
      inputs: [share, from, to],
      output: device.output(from.shape),
      integers: sizes,
    });
    for (const done of gradient === dy ? [share, to] : [gradient, share, to]) device.dispose(done);
    gradient = next;
  }
  return gradient;
}
