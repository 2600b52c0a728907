import type { TensorInfo } from '@tensorflow/tfjs-core';
import { conv, convGradInput, convGradKernel, joinPays } from './conv.js';
import { concat, split } from './copies.js';
import { type JoinInputs, joinForward, joinOf } from './join-forward.js';
import { joinBackward } from './join-gradient.js';
import { volumeForward } from './join-volume.js';
import { volumeBackward } from './join-volume-gradient.js';
import type { NativeModule } from './module.js';
import { resize, resizeGrad } from './resize.js';

/** The map at its own resolution apart from the skip, or both in one tensor. */
export type JoinWay = 'apart' | 'whole';

/**
 * y = leaky(conv(concat(up(low), skip), kernel) + bias), where `up` brings the map to the skip's size by linear interpolation.
 *
 * Where that is faster, for maps that grow by more than two or so, the map is convolved at its own resolution: convolution and
 * interpolation are linear, so that products with the taps of the kernel can be interpolated in place of what they are products of.
 *
 * @param way The faster one where left out; for other kernels than 3×3 and 3×3×3 always 'whole'.
 */
export function convJoin(
  native: NativeModule,
  inputs: JoinInputs & { readonly bias: TensorInfo },
  slope: number,
  way?: JoinWay,
): TensorInfo {
  const join = joinOf(inputs);
  const { bias } = inputs;
  if (join !== undefined && (way === undefined ? joinPays(native, join, 'forward') : way === 'apart'))
    return (join.taps === 9 ? joinForward : volumeForward)(native, join, inputs, slope);
  const joined = joinedInput(native, inputs);
  const y = conv(native, joined, inputs.kernel, { bias, slope });
  native.release(joined);
  return y;
}

/** Gradients of `convJoin`, without bias and rectifier, to the map, the skip and the kernel. */
export function convJoinGrad(
  native: NativeModule,
  dy: TensorInfo,
  inputs: JoinInputs,
  way?: JoinWay,
): [toLow: TensorInfo, toSkip: TensorInfo, toKernel: TensorInfo] {
  const join = joinOf(inputs);
  if (join !== undefined && (way === undefined ? joinPays(native, join, 'backward') : way === 'apart'))
    return (join.taps === 9 ? joinBackward : volumeBackward)(native, join, dy, inputs);
  const { low, skip, kernel } = inputs;
  const toJoined = convGradInput(native, dy, kernel);
  const channels = [low.shape.at(-1)!, skip.shape.at(-1)!];
  const [toUp, toSkip] = split(native, toJoined, channels, skip.shape.length - 1) as [TensorInfo, TensorInfo];
  native.release(toJoined);
  const toLow = isSameSize(low, skip) ? toUp : resizeGrad(native, toUp, low.shape.slice(1, -1));
  if (toLow !== toUp) native.release(toUp);
  const joined = joinedInput(native, inputs);
  const toKernel = convGradKernel(native, joined, dy, kernel.shape.slice(0, -2));
  native.release(joined);
  return [toLow, toSkip, toKernel];
}

/** The map upsampled, and the skip, in one tensor. */
function joinedInput(native: NativeModule, { low, skip }: JoinInputs): TensorInfo {
  const axis = skip.shape.length - 1;
  if (isSameSize(low, skip)) return concat(native, [low, skip], axis);
  const up = resize(native, low, skip.shape.slice(1, -1));
  const joined = concat(native, [up, skip], axis);
  native.release(up);
  return joined;
}

function isSameSize(low: TensorInfo, skip: TensorInfo): boolean {
  return low.shape.slice(1, -1).join() === skip.shape.slice(1, -1).join();
}
