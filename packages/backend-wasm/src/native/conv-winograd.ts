import {
  type ConvGeometry,
  type ConvOperands,
  type KernelGradientOperands,
  writeConvArgs,
  zerosBytes,
} from './conv-geometry.js';
import { bytesOf, SIZES } from './layout.js';
import type { NativeModule } from './module.js';

const { POINTS, LINES_BYTES, SKEW } = SIZES;

/** A block's transformed values stay below this, so that they and the kernel fit the second-level cache. */
const BLOCK_BYTES = 384 * 1024;

const MIN_BLOCK_TILES = 4;
const MAX_BLOCK_TILES = 32;

/** Tiles before a gradient to the kernel opens another partial sum. */
const TILES_PER_SLOT = 64;

/** Tiles from which on there are two partial sums at least, so that two threads have work. */
const TILES_OF_TWO_SLOTS = 32;

const MAX_SLOTS = 8;

/** Blocks that each thread gets at least, where the tiles suffice. */
const BLOCKS_PER_THREAD = 4;

/** Bytes between the scratch of two threads, so that they share no cache line. */
const PRIVATE = 128;

/** y = leaky(conv(x, kernel) + bias) for 3×3 kernels (in three dimensions: any depth) by Winograd's F(4×4, 3×3). */
export function convWinograd(native: NativeModule, geometry: ConvGeometry, operands: ConvOperands): void {
  const { inChannels, outChannels, kernelDepth } = geometry;
  const share =
    native.threads === 1
      ? Number.POSITIVE_INFINITY
      : tileCount(geometry) / (native.threads * BLOCKS_PER_THREAD);
  const blockTiles = Math.min(blockTilesOf(geometry), Math.max(MIN_BLOCK_TILES, ceil(share, 4)));
  const scratchStride = scratchBytes(geometry, blockTiles);
  const bytes = POINTS * (rowLength(geometry) * ceil(outChannels, 8) * 4 + SKEW);
  const at = native.reserve({
    args: bytesOf('ConvArgs'),
    zeros: zerosBytes(geometry),
    lines: LINES_BYTES,
    transformed: bytes,
    scratch: scratchStride * native.threads,
  });
  const { x, kernel, kernelData, isGradient, bias, y, slope } = operands;
  const { scratch, zeros, lines } = at;
  const w = native.packed.addressOf({
    data: kernelData,
    form: `winograd ${kernelDepth} ${inChannels} ${outChannels} ${isGradient}`,
    bytes,
    scratch: at.transformed,
    write: (to) =>
      native.exports.winogradKernel(kernel, to, lines, kernelDepth, inChannels, outChannels, isGradient),
  });
  writeConvArgs(native, at.args, geometry, {
    x,
    w,
    bias,
    y,
    scratch,
    scratchStride,
    zeros,
    slope,
    blockTiles,
  });
  native.run('winogradForward', at.args, Math.ceil(tileCount(geometry) / blockTiles));
}

/** Gradient to a 3×3 kernel, by the transpose of `convWinograd`. */
export function convKernelGradientWinograd(
  native: NativeModule,
  geometry: ConvGeometry,
  operands: KernelGradientOperands,
): void {
  const { inChannels, outChannels } = geometry;
  const blockTiles = blockTilesOf(geometry);
  const slots = slotsFor(tileCount(geometry));
  const scratchStride = scratchBytes(geometry, blockTiles);
  const at = native.reserve({
    args: bytesOf('ConvArgs'),
    zeros: zerosBytes(geometry),
    sums: slots * POINTS * (rowLength(geometry) * ceil(outChannels, 8) * 4 + SKEW),
    scratch: scratchStride * native.threads,
  });
  const { scratch, zeros, sums } = at;
  const { x, dy, out } = operands;
  const addresses = { x, y: sums, scratch, scratchStride, zeros, slots, blockTiles };
  writeConvArgs(native, at.args, geometry, { ...addresses, w: dy });
  native.run('winogradKernelGradient', at.args, slots);
  writeConvArgs(native, at.args, geometry, { ...addresses, w: out });
  native.run('winogradKernelBack', at.args, Math.ceil(inChannels / SIZES.BACK_GRAIN));
}

/** Partial sums of a gradient to the kernel: whatever the number of threads, so that the result does not depend on it. */
function slotsFor(tiles: number): number {
  const fewest = tiles >= TILES_OF_TWO_SLOTS ? 2 : 1;
  return Math.max(fewest, Math.min(MAX_SLOTS, Math.ceil(tiles / TILES_PER_SLOT)));
}

/** Tiles of 4 × 4 outputs in the batch. */
export function tileCount({ batch, depth, height, width }: ConvGeometry): number {
  return batch * depth * Math.ceil(height / 4) * Math.ceil(width / 4);
}

function ceil(value: number, step: number): number {
  return Math.ceil(value / step) * step;
}

/** Values of one tile at one point: the padded channels of all slices that a kernel spans. */
function rowLength({ kernelDepth, inChannels }: ConvGeometry): number {
  return kernelDepth * ceil(inChannels, 4);
}

function blockTilesOf(geometry: ConvGeometry): number {
  const tileBytes = POINTS * 4 * (rowLength(geometry) + ceil(geometry.outChannels, 8));
  const fitting = Math.floor(BLOCK_BYTES / tileBytes / 4) * 4;
  const needed = ceil(tileCount(geometry), 4);
  return Math.min(needed, Math.max(MIN_BLOCK_TILES, Math.min(MAX_BLOCK_TILES, fitting)));
}

/** Scratch of one worker: see `winogradForward` and `winogradKernelGradient`. */
function scratchBytes(geometry: ConvGeometry, blockTiles: number): number {
  const { inChannels, outChannels } = geometry;
  const values = blockTiles * (rowLength(geometry) + ceil(outChannels, 8));
  const band = 6 * ((4 * blockTiles + 2) * ceil(Math.max(inChannels, outChannels), 4) * 4 + SKEW);
  return ceil(POINTS * (values * 4 + 2 * SKEW) + LINES_BYTES + band + PRIVATE, 64);
}
