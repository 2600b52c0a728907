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

/** A gradient to the kernel reads and writes its sums once for each block. */
const GRADIENT_BLOCK: BlockLimits = { bytes: 384 * 1024, tiles: 32 };

const MIN_BLOCK_TILES = 4;

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

/** y = leaky(conv(x, kernel) + bias) for 3×3 kernels (in three dimensions: any depth) by Winograd's F(4×4, 3×3) or F(6×6, 3×3). */
export function convWinograd(
  native: NativeModule,
  geometry: ConvGeometry,
  operands: ConvOperands,
  tile: TileEdge,
): void {
  convTiles(native, geometry, operands, tile);
}

/** Lines of tiles, counted over batch and height, and the rows of an upsampled map that they read, counted over batch and its height. */
export interface TileBand {
  readonly firstLine: number;
  readonly endLine: number;
  readonly firstRow: number;
  readonly endRow: number;
}

/** A map that is not upsampled, with its products with the nine taps, and the tiles that `TileBand` counts lines of. */
export interface JoinedMap extends TileBand {
  readonly tile: TileEdge;
  readonly products: number;
  readonly lowHeight: number;
  readonly lowWidth: number;
}

/** `convWinograd` in some lines, added to the convolution of an upsampled map. */
export function convWinogradJoined(
  native: NativeModule,
  geometry: ConvGeometry,
  operands: ConvOperands,
  map: JoinedMap,
): void {
  convTiles(native, geometry, operands, map.tile, map);
}

function convTiles(
  native: NativeModule,
  geometry: ConvGeometry,
  operands: ConvOperands,
  tile: TileEdge,
  map?: JoinedMap,
): void {
  const { inChannels, outChannels, kernelDepth, height, width } = geometry;
  const points = (tile + 2) ** 2;
  const across = Math.ceil(width / tile);
  const tiles = map === undefined ? tileCount(geometry, tile) : (map.endLine - map.firstLine) * across;
  const share =
    native.threads === 1 ? Number.POSITIVE_INFINITY : tiles / (native.threads * BLOCKS_PER_THREAD);
  const firstTile = map === undefined ? 0 : map.firstLine * across;
  const blockTiles = Math.min(
    blockTilesOf(geometry, tile, FORWARD_BLOCK),
    Math.max(MIN_BLOCK_TILES, ceil(share, 4)),
  );
  const scratchStride = scratchBytes(geometry, blockTiles, tile);
  const bytes = points * (rowLength(geometry) * ceil(outChannels, 8) * 4 + SKEW);
  // Low pixels that the columns of a block read: those of a whole line at most.
  const sumsStride =
    map === undefined
      ? 0
      : ceil(
          Math.min(map.lowWidth, Math.ceil((tile * blockTiles + 2) * (map.lowWidth / width)) + 2) *
            ceil(3 * outChannels, 8) *
            4 +
            PRIVATE,
          64,
        );
  const at = native.reserve({
    args: bytesOf('ConvArgs'),
    zeros: zerosBytes(geometry),
    lines: LINES_BYTES,
    transformed: bytes,
    cut: cutBytes(geometry, operands),
    join: bytesOf('JoinArgs'),
    heightTable: map === undefined ? 0 : height * SIZES.AXIS_ENTRY,
    widthTable: map === undefined ? 0 : width * SIZES.AXIS_ENTRY,
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
    native.write('JoinArgs', at.join, {
      products: map.products,
      firstRow: map.firstRow,
      lowHeight: map.lowHeight,
      lowWidth: map.lowWidth,
      heightTable: at.heightTable,
      widthTable: at.widthTable,
      bias: at.bias,
      sums: at.sums,
      sumsStride,
    });
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
    firstTile,
    endTile: firstTile + tiles,
    tile,
    join: map === undefined ? 0 : at.join,
  });
  native.run('winogradForward', at.args, Math.ceil(tiles / blockTiles));
}

/** Gradient to a 3×3 kernel, by the transpose of `convWinograd`. */
export function convKernelGradientWinograd(
  native: NativeModule,
  geometry: ConvGeometry,
  operands: KernelGradientOperands,
): void {
  const { inChannels, outChannels } = geometry;
  const blockTiles = blockTilesOf(geometry, GRADIENT_TILE, GRADIENT_BLOCK);
  const slots = slotsFor(tileCount(geometry, GRADIENT_TILE));
  const scratchStride = scratchBytes(geometry, blockTiles, GRADIENT_TILE);
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

function blockTilesOf(geometry: ConvGeometry, tile: TileEdge, most: BlockLimits): number {
  const tileBytes = (tile + 2) ** 2 * 4 * (rowLength(geometry) + ceil(geometry.outChannels, 8));
  const fitting = Math.floor(most.bytes / tileBytes / 4) * 4;
  const needed = ceil(tileCount(geometry, tile), 4);
  return Math.min(needed, Math.max(MIN_BLOCK_TILES, Math.min(most.tiles, fitting)));
}

/** Scratch of one worker: see `winogradForward` and `winogradKernelGradient`. */
function scratchBytes(geometry: ConvGeometry, blockTiles: number, tile: TileEdge): number {
  const { inChannels, outChannels } = geometry;
  const values = blockTiles * (rowLength(geometry) + ceil(outChannels, 8));
  const band = (tile + 2) * ((tile * blockTiles + 2) * ceil(Math.max(inChannels, outChannels), 4) * 4 + SKEW);
  return ceil((tile + 2) ** 2 * (values * 4 + 2 * SKEW) + LINES_BYTES + band + PRIVATE, 64);
}
