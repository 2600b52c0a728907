import type { Kernel } from '../kernel.js';
import { mapAxes } from './map-axes.js';
import { average, averageTransposed, interpolation, interpolationTransposed, maximum } from './maps.js';
import { maximumGradient } from './maximum-gradient.js';
import { sumOverWindows } from './windows.js';

/** Kernels that read several pixels along each axis: resizing, pooling, sums over windows. */
export const axisKernels: Readonly<Record<string, Kernel>> = {
  SshnResize: (device, { x }, { size }) => mapAxes(device, interpolation, x!, size as number[]),
  SshnResizeGrad: (device, { dy }, { inputSize }) =>
    mapAxes(device, interpolationTransposed, dy!, inputSize as number[]),
  SshnAveragePool: (device, { x }, { size }) => mapAxes(device, average, x!, size as number[]),
  SshnAveragePoolGrad: (device, { dy }, { inputSize }) =>
    mapAxes(device, averageTransposed, dy!, inputSize as number[]),
  SshnMaximumPool: (device, { x }, { size }) => mapAxes(device, maximum, x!, size as number[]),
  SshnMaximumPoolGrad: (device, { dy, x }) => maximumGradient(device, dy!, x!),
  SshnBoxSum: (device, { x }, { window }) => sumOverWindows(device, x!, window as number),
};
