import { convDirect, convKernelGradientDirect } from './conv-direct.js';
import { convKernelGradientWinograd, convWinograd, tileCount } from './conv-winograd.js';
import { type ConvGeometry, pixelCount } from './geometry.js';

/** Below this many tiles the transform of the kernel costs more than it saves. */
const MIN_TILES = 16;

/** The faster way to a convolution or its gradient to the input. */
export function pickForward(geometry: ConvGeometry): typeof convDirect {
  return isTiled(geometry) ? convWinograd : convDirect;
}

/** The faster way to the gradient to the kernel. */
export function pickGradient(geometry: ConvGeometry): typeof convKernelGradientDirect {
  return isTiled(geometry) ? convKernelGradientWinograd : convKernelGradientDirect;
}

/** Whether Winograd's tiles apply, are numerous and are at least half full. */
function isTiled(geometry: ConvGeometry): boolean {
  const tiles = tileCount(geometry);
  return (
    geometry.kernelHeight === 3 &&
    geometry.kernelWidth === 3 &&
    tiles >= MIN_TILES &&
    tiles * 16 <= 2 * pixelCount(geometry)
  );
}
