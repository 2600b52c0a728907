import type { NamedAttrMap, NamedTensorInfoMap, TensorInfo } from '@tensorflow/tfjs-core';
import type { DevicePrograms } from './dispatch/device-programs.js';

/** A kernel of ours: inputs and attributes as tfjs hands them over, unchecked. */
export type Kernel = (
  device: DevicePrograms,
  inputs: NamedTensorInfoMap,
  attributes: NamedAttrMap,
) => TensorInfo | TensorInfo[];
