import type { WebGPUBackend } from '@tensorflow/tfjs-backend-webgpu';
import type { NamedAttrMap, NamedTensorInfoMap, TensorInfo } from '@tensorflow/tfjs-core';

/** A kernel of ours: inputs and attributes as tfjs hands them over, unchecked. */
export type WebgpuKernel = (
  backend: WebGPUBackend,
  inputs: NamedTensorInfoMap,
  attributes: NamedAttrMap,
) => TensorInfo | TensorInfo[];
