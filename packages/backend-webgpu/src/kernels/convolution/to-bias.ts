import type { TensorInfo } from '@tensorflow/tfjs-core';
import type { DevicePrograms, Program } from '../dispatch/device-programs.js';
import { declarations, sizeOf } from '../dispatch/wgsl.js';
import { COLUMNS, rowGroups, sumOverRows, sumRows } from '../reduction/sum-rows.js';

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
