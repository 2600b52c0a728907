import type { Implementations } from '@sshn/ops';
import type { DevicePrograms } from '../dispatch/device-programs.js';
import { mapAxes } from './map-axes.js';
import { average, averageTransposed, interpolation, interpolationTransposed, maximum } from './maps.js';
import { maximumGradient } from './maximum-gradient.js';
import { sumOverWindows } from './windows.js';

/** Kernels that read several pixels along each axis: resizing, pooling, sums over windows. */
export const axisKernels = {
  SshnResize: (device, { x }, { size }) => mapAxes(device, interpolation, x, size),
  SshnResizeGrad: (device, { dy }, { inputSize }) => mapAxes(device, interpolationTransposed, dy, inputSize),
  SshnAveragePool: (device, { x }, { size }) => mapAxes(device, average, x, size),
  SshnAveragePoolGrad: (device, { dy }, { inputSize }) => mapAxes(device, averageTransposed, dy, inputSize),
  SshnMaximumPool: (device, { x }, { size }) => mapAxes(device, maximum, x, size),
  SshnMaximumPoolGrad: (device, { dy, x }) => maximumGradient(device, dy, x),
  SshnBoxSum: (device, { x }, { window }) => sumOverWindows(device, x, window),
} satisfies Partial<Implementations<DevicePrograms>>;
