import type { TensorInfo } from '@tensorflow/tfjs-core';
import type { DevicePrograms } from '../dispatch/device-programs.js';
import { mapAxes } from './map-axes.js';
import { boxSum } from './maps.js';

/** At every voxel of x `[batch, ...spatial, channels]` the sum over the window around it, cropped at the border. */
export function sumOverWindows(device: DevicePrograms, x: TensorInfo, window: number): TensorInfo {
  return mapAxes(device, boxSum, x, x.shape.slice(1, -1), (window - 1) / 2);
}
