import {
  type ConvGeometry,
  type ConvOperands,
  cutBytes,
  cutKernel,
  type KernelGradientOperands,
  writeConvArgs,
  zerosBytes,
} from './conv-geometry.js';
import { bytesOf, SIZES } from './layout.js';
import type { NativeModule } from './module.js';

const { POINTS, LINES_BYTES, SKEW } = SIZES;

/** Edge of a tile of outputs: Winograd's F(4×4, 3×3) or F(6×6, 3×3). */
export type TileEdge = 4 | 6;

/** How many tiles are worked on at once: their transformed values and the kernel fit the second-level cache. */
interface BlockLimits {
  readonly bytes: number;
  readonly tiles: number;
}

const FORWARD_BLOCK: BlockLimits = { bytes: 256 * 1024, tiles: 24 };

/** Of volumes, and of gradients to the kernel, which read and write their sums once for each block. */
const LARGE_BLOCK: BlockLimits = { bytes: 384 * 1024, tiles: 32 };

const MIN_BLOCK_TILES = 4;

/** Slices of a volume in a block, at most. */
const MOST_SLICES = 8;

/** Gradients to the kernel are those of F(4×4, 3×3). */
const GRADIENT_TILE = 4;

/** Tiles before a gradient to the kernel opens another partial sum. */
const TILES_PER_SLOT = 64;

/** Tiles from which on there are two partial sums at least, so that two threads have work. */
const TILES_OF_TWO_SLOTS = 32;

const MAX_SLOTS = 8;

/** Blocks that each thread gets at least, where the tiles suffice. */
const BLOCKS_PER_THREAD = 4;

/** Bytes between the scratch of two threads, so that they share no cache line. */
const PRIVATE = 128;

/** Lines of tiles, counted over batch and height, and the rows of an upsampled map that they read, counted over batch and its height. */
export interface TileBand {
  readonly firstLine: number;
  readonly endLine: number;
  readonly firstRow: number;
  readonly endRow: number;
}

/** A map that is not upsampled, with its products with the nine taps, and the tiles that `TileBand` counts lines of. */
export interface JoinedMap extends TileBand {
  readonly products: number;
  readonly lowHeight: number;
  readonly lowWidth: number;
}

/**
 * y = leaky(conv(x, kernel) + bias) for 3×3 kernels (in three dimensions: any depth) by Winograd's F(4×4, 3×3) or F(6×6, 3×3).
 *
 * @param map With it only some lines are computed, and the convolution of an upsampled map is added.
 */
export function convWinograd(
  native: NativeModule,
  geometry: ConvGeometry,
  operands: ConvOperands,
  tile: TileEdge,
  map?: JoinedMap,
): void {
  const { inChannels, outChannels, kernelDepth, height, width } = geometry;
  const points = (tile + 2) ** 2;
  const across = Math.ceil(width / tile);
  const firstTile = (map?.firstLine ?? 0) * across;
  const endTile = map === undefined ? tileCount(geometry, tile) : map.endLine * across;
  const share =
    native.threads === 1
      ? Number.POSITIVE_INFINITY
      : (endTile - firstTile) / (native.threads * BLOCKS_PER_THREAD);
  const sliceTiles = across * Math.ceil(height / tile);
  const areSlices = firstTile % sliceTiles === 0 && endTile % sliceTiles === 0;
  const { blockTiles, blockSlices, scratchStride } = blocksOf(
    geometry,
    tile,
    FORWARD_BLOCK,
    share,
    areSlices,
  );
  const bytes = points * (rowLength(geometry) * ceil(outChannels, 8) * 4 + SKEW);
  const sumsStride = map === undefined ? 0 : ceil(map.lowWidth * ceil(3 * outChannels, 8) * 4 + PRIVATE, 64);
  const at = native.reserve({
    args: bytesOf('ConvArgs'),
    zeros: zerosBytes(geometry),
    lines: LINES_BYTES,
    transformed: bytes,
    cut: cutBytes(geometry, operands),
    join: bytesOf('JoinArgs'),
    heightTable: height * SIZES.AXIS_ENTRY,
    widthTable: width * SIZES.AXIS_ENTRY,
    bias: ceil(outChannels, 8) * 4,
    sums: sumsStride * native.threads,
    scratch: scratchStride * native.threads,
  });
  const { x, kernelData, isGradient, bias, y, slope } = operands;
  const { scratch, zeros, lines } = at;
  const w = native.packed.addressOf({
    data: kernelData,
    form: `winograd ${tile} ${kernelDepth} ${inChannels} ${outChannels} ${isGradient} ${operands.cut?.first}`,
    bytes,
    scratch: at.transformed,
    write: (to) => {
      const kernel = cutKernel(native, geometry, operands, at.cut);
      native.exports.winogradKernel(
        kernel,
        to,
        lines,
        kernelDepth,
        inChannels,
        outChannels,
        isGradient,
        tile,
      );
    },
  });
  if (map !== undefined) {
    native.exports.fillAxis(at.heightTable, map.lowHeight, height);
    native.exports.fillAxis(at.widthTable, map.lowWidth, width);
    const floats = native.floats();
    floats.fill(0, at.bias / 4, at.bias / 4 + ceil(outChannels, 8));
    if (bias !== 0) floats.copyWithin(at.bias / 4, bias / 4, bias / 4 + outChannels);
    native.write('JoinArgs', at.join, map, at, { sumsStride });
  }
  writeConvArgs(native, at.args, geometry, {
    x,
    w,
    bias: map === undefined ? bias : 0,
    y,
    scratch,
    scratchStride,
    zeros,
    slope,
    blockTiles,
    blockSlices,
    firstTile,
    endTile,
    tile,
    join: map === undefined ? 0 : at.join,
  });
  native.run('winogradForward', at.args, native.exports.blockCount(at.args));
}

/** Gradient to a 3×3 kernel, by the transpose of `convWinograd`. */
export function convKernelGradientWinograd(
  native: NativeModule,
  geometry: ConvGeometry,
  operands: KernelGradientOperands,
): void {
  const { inChannels, outChannels } = geometry;
  const tiles = tileCount(geometry, GRADIENT_TILE);
  const slots = slotsFor(tiles);
  const { blockTiles, blockSlices, scratchStride } = blocksOf(
    geometry,
    GRADIENT_TILE,
    LARGE_BLOCK,
    // Of images as large as fits: sums are read and written once for each block.
    geometry.kernelDepth === 1 ? tiles : tiles / slots,
    true,
  );
  const at = native.reserve({
    args: bytesOf('ConvArgs'),
    zeros: zerosBytes(geometry),
    sums: slots * POINTS * (rowLength(geometry) * ceil(outChannels, 8) * 4 + SKEW),
    scratch: scratchStride * native.threads,
  });
  const { scratch, zeros, sums } = at;
  const { x, dy, out } = operands;
  const addresses = {
    x,
    y: sums,
    scratch,
    scratchStride,
    zeros,
    slots,
    blockTiles,
    blockSlices,
    endTile: tiles,
  };
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

/** Tiles in the batch. */
export function tileCount({ batch, depth, height, width }: ConvGeometry, tile: TileEdge): number {
  return batch * depth * Math.ceil(height / tile) * Math.ceil(width / tile);
}

function ceil(value: number, step: number): number {
  return Math.ceil(value / step) * step;
}

/** Values of one tile at one point: the padded channels of all slices that a kernel spans. */
function rowLength({ kernelDepth, inChannels }: ConvGeometry): number {
  return kernelDepth * ceil(inChannels, 4);
}

/**
 * The size of a block, and the bytes of scratch of one worker: see `winogradForward` and `winogradKernelGradient`. A block of a volume holds the
 * same tiles of several slices, so that a slice which several of them read is transformed once.
 *
 * @param limits Of images; blocks of several slices have those of `LARGE_BLOCK`.
 * @param share Tiles that a block may have at most, so that every thread or slot gets one.
 * @param areSlices Whether the tiles are those of whole slices.
 */
function blocksOf(
  geometry: ConvGeometry,
  tile: TileEdge,
  limits: BlockLimits,
  share: number,
  areSlices: boolean,
): { readonly blockTiles: number; readonly blockSlices: number; readonly scratchStride: number } {
  const { batch, depth, kernelDepth, inChannels, outChannels } = geometry;
  const points = (tile + 2) ** 2;
  const isVolume = areSlices && kernelDepth > 1;
  const { bytes, tiles: most } = isVolume ? LARGE_BLOCK : limits;
  /** Values of one tile at one point: all that is read, and the products. */
  const values = (slices: number) =>
    (kernelDepth + slices - 1) * ceil(inChannels, 4) + slices * ceil(outChannels, 8);
  const fitting = (slices: number) => Math.min(bytes / (4 * points * values(slices)), share / slices);
  let slices = isVolume ? Math.min(MOST_SLICES, depth) : 1;
  while (slices > 1 && fitting(slices) < MIN_BLOCK_TILES) slices = Math.ceil(slices / 2);
  // As many in each block.
  const blockSlices = Math.ceil(depth / Math.ceil(depth / slices));
  const needed = tileCount(geometry, tile) / (blockSlices === 1 ? 1 : batch * depth);
  const fits = Math.floor(fitting(blockSlices) / 4) * 4;
  const blockTiles = Math.min(ceil(needed, 4), Math.max(MIN_BLOCK_TILES, Math.min(most, fits)));
  const band = (tile + 2) * ((tile * blockTiles + 2) * ceil(Math.max(inChannels, outChannels), 4) * 4 + SKEW);
  const transformed = points * (blockTiles * values(blockSlices) * 4 + 2 * SKEW);
  return { blockTiles, blockSlices, scratchStride: ceil(transformed + LINES_BYTES + band + PRIVATE, 64) };
}
