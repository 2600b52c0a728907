import type { TensorInfo } from '@tensorflow/tfjs-core';

import { convDirect, convKernelGradientDirect } from './conv-direct.js';
import { type ConvGeometry, convGeometry, pixelCount, tapCount, transposed } from './conv-geometry.js';
import { convKernelGradientWinograd, convWinograd, type TileEdge, tileCount } from './conv-winograd.js';
import { SIZES } from './layout.js';
import type { NativeModule } from './module.js';

/**
 * y = leaky(conv(x, kernel) + bias), 'same' size, stride 1.
 *
 * x `[batch, (depth,) height, width, in]`, kernel `[(depth,) height, width, in, out]`, bias `[out]`.
 */
export function conv(
  native: NativeModule,
  x: TensorInfo,
  kernel: TensorInfo,
  { bias, slope = 1 }: { readonly bias?: TensorInfo | undefined; readonly slope?: number } = {},
): TensorInfo {
  const geometry = convGeometry(x.shape, kernel.shape);
  const y = native.output([...x.shape.slice(0, -1), geometry.outChannels]);
  fasterInput(native, geometry)(native, geometry, {
    x: native.address(x),
    kernel: native.address(kernel),
    kernelData: native.dataNumber(kernel),
    bias: bias === undefined ? 0 : native.address(bias),
    y: native.address(y),
    slope,
    isGradient: false,
  });
  return y;
}

/** Gradient of `conv` (without bias and rectifier) to x, from dy `[batch, …, out]`. */
export function convGradInput(native: NativeModule, dy: TensorInfo, kernel: TensorInfo): TensorInfo {
  const inChannels = kernel.shape[kernel.shape.length - 2] ?? 0;
  const shape = [...dy.shape.slice(0, -1), inChannels];
  const geometry = transposed(convGeometry(shape, kernel.shape));
  const dx = native.output(shape);
  fasterInput(native, geometry)(native, geometry, {
    x: native.address(dy),
    kernel: native.address(kernel),
    kernelData: native.dataNumber(kernel),
    bias: 0,
    y: native.address(dx),
    slope: 1,
    isGradient: true,
  });
  return dx;
}

/** Gradient of `conv` to the kernel, whose spatial edges are `kernelSize`. */
export function convGradKernel(
  native: NativeModule,
  x: TensorInfo,
  dy: TensorInfo,
  kernelSize: readonly number[],
): TensorInfo {
  const inChannels = x.shape[x.shape.length - 1] ?? 0;
  const outChannels = dy.shape[dy.shape.length - 1] ?? 0;
  const shape = [...kernelSize, inChannels, outChannels];
  const geometry = convGeometry(x.shape, shape);
  const out = native.output(shape);
  fasterGradient(geometry)(native, geometry, {
    x: native.address(x),
    dy: native.address(dy),
    out: native.address(out),
  });
  return out;
}

// Costs in nanoseconds on one core of a Zen 4 at 3.5 GHz, fitted to timings of 90 shapes from 1×1 to 65×65 with 3 to 128
// channels. Only their proportions matter.

/** One multiply-add in the direct kernels, and one of their taps at one pixel besides. */
const DIRECT_PRODUCT = 0.0345;
const DIRECT_TAP = 4;
/** One multiply-add in the transformed domain. */
const TILED_PRODUCT = 0.0385;
/** Transforming one channel of one tile, by its edge. */
const TILE_CHANNEL = { 4: 5.6, 6: 14.5 } as const;
/** Transforming one pair of channels of the kernel, and of the gradient to it back. */
const KERNEL_PAIR = { 4: 6, 6: 11 } as const;
const KERNEL_PAIR_BACK = 24;
/** One weighted sum of the interpolation of products of an upsampled map. */
const INTERPOLATED = 0.15;
/** Upsampling one value of a map or copying one of a skip, and reading it again. */
const JOINED_VALUE = 0.33;

/** Of the cost with tiles of 4 × 4, what 6 × 6 may take: they round more, and where costs are equal they gain nothing. */
const LARGE_TILES_SHARE = 0.97;

/** What decides whether tiles may be of 6 × 6 outputs. */
type TileChoice = Pick<NativeModule, 'largeTiles'>;

/** The faster way to a convolution or its gradient to the input. */
export function fasterInput(
  choice: TileChoice & Pick<NativeModule, 'build'>,
  geometry: ConvGeometry,
): typeof convDirect {
  const tile = fasterTile(choice, geometry);
  if (tiledCost(geometry, tile) >= directCost(geometry)) return convDirect;
  if (choice.build === 'wide' && patchesPay(geometry)) return convDirect;
  return (native, geometry, operands) => convWinograd(native, geometry, operands, tile);
}

/**
 * Whether a 3×3 (3×3×3) convolution of few channels is faster as a product of gathered taps than by tiles: estimates in nanoseconds of a
 * pixel, fitted on a Zen 3 in the build `wide`, where tiles have four input channels at least.
 */
function patchesPay({
  kernelDepth,
  kernelHeight,
  kernelWidth,
  inChannels,
  outChannels,
}: ConvGeometry): boolean {
  const rows = kernelDepth * kernelHeight;
  const values = rows * kernelWidth * inChannels;
  const patches = 3.5 * rows + Math.ceil(outChannels / 16) * (9 + 0.4 * values);
  const tiles = 1.7 * Math.ceil(outChannels / 8) * 8 + 2.8 * kernelDepth * Math.ceil(inChannels / 4) * 4 - 7;
  return values <= SIZES.PATCH_VALUES && patches < tiles;
}

/** The faster edge of the tiles of a convolution or its gradient to the input. */
export function fasterTile({ largeTiles }: TileChoice, geometry: ConvGeometry): TileEdge {
  return largeTiles && tiledCost(geometry, 6) < LARGE_TILES_SHARE * tiledCost(geometry, 4) ? 6 : 4;
}

/** The faster way to the gradient to the kernel. */
export function fasterGradient(geometry: ConvGeometry): typeof convKernelGradientDirect {
  return tiledCost(geometry, 4, KERNEL_PAIR_BACK) < directCost(geometry)
    ? convKernelGradientWinograd
    : convKernelGradientDirect;
}

/** The sizes that decide whether a map is convolved at its own resolution. */
interface JoinSizes {
  readonly lowDepth: number;
  readonly lowHeight: number;
  readonly lowWidth: number;
  readonly lowChannels: number;
  readonly taps: number;
  /** Of the skip's half. */
  readonly geometry: ConvGeometry;
}

/** Of the time with the upsampled map and the concatenation, what a volume's inference may take without them, by estimate. */
const VOLUME_SHARE = {
  /** Estimates of volumes are less sure than those of images. */
  usual: 0.8,
  /** Where the concatenation takes more than `LARGE_BYTES`: it would not fit, and the upsampled map beside it. */
  large: 1.25,
} as const;
const LARGE_BYTES = 2 ** 28;

/** Whether a 3×3 (3×3×3) convolution of an upsampled map joined with a skip is faster with the map at its own resolution. */
export function joinPays(
  choice: TileChoice,
  { lowDepth, lowHeight, lowWidth, lowChannels, taps, geometry }: JoinSizes,
  pass: 'forward' | 'backward',
): boolean {
  const { batch, depth, height, width, inChannels, outChannels } = geometry;
  const slices = batch * depth;
  const whole = { ...geometry, inChannels: inChannels + lowChannels };
  const padded = Math.ceil(outChannels / 8) * 8;
  const products = batch * lowDepth * lowHeight * lowWidth * taps * lowChannels * padded * DIRECT_PRODUCT;
  // Along depth, which images do not have, then along the other two.
  const deep = taps === 27 ? slices * lowHeight * lowWidth * padded * 54 : 0;
  const shares = deep + slices * height * width * padded * (6 + (18 * lowWidth) / width);
  const saved = slices * height * width * whole.inChannels * JOINED_VALUE;
  const toKernel = (g: ConvGeometry) => Math.min(tiledCost(g, 4, KERNEL_PAIR_BACK), directCost(g));
  const toInput = (g: ConvGeometry) => Math.min(tiledCost(g, fasterTile(choice, g)), directCost(g));
  if (pass === 'forward') {
    const joined = tiledCost(geometry, fasterTile(choice, geometry)) + products + shares * INTERPOLATED;
    const isLarge = 4 * slices * height * width * whole.inChannels > LARGE_BYTES;
    const share = taps === 9 ? 1 : isLarge ? VOLUME_SHARE.large : VOLUME_SHARE.usual;
    return joined < (toInput(whole) + saved) * share;
  }
  const backward = (g: ConvGeometry) => toInput(transposed(g)) + toKernel(g);
  return backward(geometry) + 2 * products + shares * INTERPOLATED < backward(whole) + 2 * saved;
}

function directCost(geometry: ConvGeometry): number {
  const pairs = geometry.inChannels * Math.ceil(geometry.outChannels / 8) * 8;
  return pixelCount(geometry) * tapCount(geometry) * (DIRECT_TAP + pairs * DIRECT_PRODUCT);
}

function tiledCost(geometry: ConvGeometry, tile: TileEdge, pairCost: number = KERNEL_PAIR[tile]): number {
  const { kernelHeight, kernelWidth, kernelDepth, inChannels, outChannels } = geometry;
  if (kernelHeight !== 3 || kernelWidth !== 3) return Number.POSITIVE_INFINITY;
  const rows = kernelDepth * inChannels;
  const pairs = rows * Math.ceil(outChannels / 8) * 8;
  const perTile = (tile + 2) ** 2 * pairs * TILED_PRODUCT + (rows + outChannels) * TILE_CHANNEL[tile];
  return Math.ceil(tileCount(geometry, tile) / 4) * 4 * perTile + pairs * pairCost;
}
