import type { TensorInfo } from '@tensorflow/tfjs-core';
import { fasterTile } from './conv.js';
import { convDirect } from './conv-direct.js';
import { convWinograd, type TileEdge } from './conv-winograd.js';
import { type Join, type JoinInputs, lowerRow, MARGIN, productsOf, sourceOf } from './join-forward.js';
import { bytesOf, SIZES } from './layout.js';
import type { NativeModule } from './module.js';

/** Products of a band with all taps, about. */
export const PLANE_BYTES = 2 ** 23;

/** Products of a band with the taps in the plane, about: they are still in the cache when they are read. */
const SLICE_BYTES = 2 ** 21;

/** Values of one task of the interpolation along depth. */
const DEPTH_GRAIN = 16384;

/** Some rows of the map in all its planes, and the lines of tiles of each slice that read them. */
interface RowBand {
  readonly firstRow: number;
  readonly endRow: number;
  readonly firstLine: number;
  readonly endLine: number;
}

/**
 * `convJoin` of volumes with the map at its own resolution.
 *
 * The map's products with all 27 taps are interpolated along depth to those of each slice with the nine taps in the plane, from
 * where on a slice is an image. Of the former only those planes exist that the next slices read.
 */
export function volumeForward(
  native: NativeModule,
  join: Join,
  { low, skip, kernel, bias }: JoinInputs & { readonly bias: TensorInfo },
  slope: number,
): TensorInfo {
  const { lowHeight, lowWidth, lowChannels, depth, geometry, cuts } = join;
  const tile = fasterTile(native, geometry);
  const down = Math.ceil(join.height / tile);
  const y = native.output([...skip.shape.slice(0, -1), join.outChannels]);
  const rowBands = forwardRows(join, tile);
  const most = Math.max(...rowBands.map(rowsOf));
  const isWhole = rowBands.length === 1 && most === lowHeight;
  const planes = planesOf(join, most, isWhole);
  const weights = {
    kernel: native.address(kernel),
    kernelData: native.dataNumber(kernel),
    isGradient: false,
  };
  const block = native.allocate(planes.bytes);
  try {
    for (let image = 0; image < geometry.batch; image++)
      for (const band of rowBands) {
        const rows = rowsOf(band);
        let made = 0;
        for (const [first, end] of sliceBands(join, planes)) {
          const [needed, last] = planesRead(join, first, end);
          made = Math.max(made, needed);
          for (const [from, count] of runsOf(made, last, planes, isWhole)) {
            convDirect(native, productsOf(join, count * rows), {
              ...weights,
              cut: cuts.low,
              x: native.address(low) + rowOf(join, image, from, band.firstRow) * lowWidth * lowChannels * 4,
              bias: 0,
              y: block + (from % planes.count) * planes.stride,
              slope: 1,
            });
          }
          made = last;
          const products = block + planes.count * planes.stride;
          acrossDepth(native, 'joinDepth', join, { planes, rows, first, end, block, slices: products });
          const slice = image * depth + first;
          const map = {
            firstLine: slice * down + band.firstLine,
            endLine: (image * depth + end - 1) * down + band.endLine,
            firstRow: slice * lowHeight + band.firstRow,
            endRow: (image * depth + end - 1) * lowHeight + band.endRow,
          };
          const operands = {
            ...weights,
            cut: cuts.skip,
            x: native.address(skip),
            bias: native.address(bias),
          };
          convWinograd(native, geometry, { ...operands, y: native.address(y), slope }, tile, {
            ...map,
            products,
            lowHeight,
            lowWidth,
          });
        }
      }
  } finally {
    native.free(block);
  }
  return y;
}

const rowsOf = ({ firstRow, endRow }: RowBand): number => endRow - firstRow;

/** A row of the map, counted over batch, depth and height. */
export function rowOf({ lowDepth, lowHeight }: Join, image: number, plane: number, row: number): number {
  return (image * lowDepth + plane) * lowHeight + row;
}

/** The planes of the map that slices `first` to before `end` read: from the first to before the end. */
export function planesRead(
  { lowDepth, depth }: Join,
  first: number,
  end: number,
): [first: number, end: number] {
  const top = Math.max(0, first - 1);
  const bottom = Math.min(depth - 1, end);
  return [lowerRow(top, lowDepth, depth), Math.min(lowDepth, lowerRow(bottom, lowDepth, depth) + 2)];
}

/** Slices that are made at once. */
export function sliceBands({ depth }: Join, { slices }: Planes): Array<[first: number, end: number]> {
  const count = Math.ceil(depth / slices);
  return Array.from({ length: count }, (_, i) => [
    Math.floor((i * depth) / count),
    Math.floor(((i + 1) * depth) / count),
  ]);
}

/** Where products lie: some planes with all taps, each in place of the one `count` before it, then slices with nine. */
interface Planes {
  readonly count: number;
  readonly stride: number;
  /** Slices that are made at once; more than one only where planes are whole. */
  readonly slices: number;
  readonly bytes: number;
}

/**
 * @param rows Of a plane.
 * @param most Planes that there may be without need.
 */
export function planesOf(join: Join, rows: number, isWhole: boolean, most = 0): Planes {
  const { lowDepth, depth, rowBytes } = join;
  const stride = rows * rowBytes;
  const slices = isWhole ? Math.max(1, Math.min(depth, Math.floor((3 * SLICE_BYTES) / stride))) : 1;
  const read = Array.from({ length: depth }, (_, first) => {
    const [needed, last] = planesRead(join, first, Math.min(depth, first + slices));
    return last - needed;
  });
  const count = Math.min(lowDepth, Math.max(most, ...read));
  return { count, stride, slices, bytes: count * stride + (slices * stride) / 3 + MARGIN };
}

/** Planes `first` to before `end` as runs that lie one after the other in the map and in scratch. */
export function runsOf(
  first: number,
  end: number,
  { count }: Planes,
  isWhole: boolean,
): Array<[number, number]> {
  const runs: Array<[number, number]> = [];
  for (let from = first; from < end; ) {
    const length = isWhole ? Math.min(end - from, count - (from % count)) : 1;
    runs.push([from, length]);
    from += length;
  }
  return runs;
}

/** All rows, or as many as `PLANE_BYTES` allow; two more than its share are read by a band. */
function forwardRows(join: Join, tile: TileEdge): RowBand[] {
  const { lowHeight, height } = join;
  const down = Math.ceil(height / tile);
  const fitting = mostRows(join);
  if (fitting >= lowHeight) return [{ firstRow: 0, endRow: lowHeight, firstLine: 0, endLine: down }];
  const lines = Math.max(1, Math.floor((Math.max(1, fitting - 2) * down) / lowHeight));
  const count = Math.ceil(down / lines);
  return Array.from({ length: count }, (_, i) => {
    const firstLine = Math.floor((i * down) / count);
    const endLine = Math.floor(((i + 1) * down) / count);
    const top = Math.max(0, firstLine * tile - 1);
    const bottom = Math.min(height - 1, endLine * tile);
    return {
      firstLine,
      endLine,
      firstRow: lowerRow(top, lowHeight, height),
      endRow: Math.min(lowHeight, lowerRow(bottom, lowHeight, height) + 2),
    };
  });
}

/** Rows of the map that fit `PLANE_BYTES` in the planes that one slice reads. */
export function mostRows(join: Join): number {
  const read = Array.from({ length: join.depth }, (_, z) => {
    const [first, end] = planesRead(join, z, z + 1);
    return end - first;
  });
  return Math.floor(PLANE_BYTES / (Math.max(...read) * join.rowBytes));
}

/** Interpolates the products of `rows` rows along depth, from planes to slices `first` to before `end`, or adds up the transpose. */
export function acrossDepth(
  native: NativeModule,
  job: 'joinDepth' | 'joinDepthGradient',
  { lowDepth, lowWidth, depth, outChannels }: Join,
  {
    planes,
    rows,
    first,
    end,
    block,
    slices,
  }: {
    readonly planes: Planes;
    readonly rows: number;
    readonly first: number;
    readonly end: number;
    readonly block: number;
    readonly slices: number;
  },
): void {
  const count = end - first;
  const pixels = rows * lowWidth;
  const values = 9 * outChannels;
  const grain = Math.max(1, Math.ceil(DEPTH_GRAIN / values));
  const tasks = Math.ceil(pixels / grain);
  const entries = count * SIZES.DEPTH_SHARES;
  const at = native.reserve({ args: bytesOf('JoinDepthArgs'), shares: entries * SIZES.DEPTH_SHARE });
  const [words, floats] = [native.words(), native.floats()];
  for (let i = 0; i < entries; i++) {
    const z = first + Math.floor(i / 6);
    const tap = Math.floor(i / 2) % 3;
    const isUpper = i % 2 === 1;
    const from = z + tap - 1;
    const isInside = from >= 0 && from < depth;
    // Outside the volume: nothing of a plane that is there.
    const source = sourceOf(isInside ? from : z, lowDepth, depth);
    const lower = Math.floor(source);
    const plane = isUpper ? Math.min(lower + 1, lowDepth - 1) : lower;
    const weight = isUpper ? source - lower : 1 - (source - lower);
    words[at.shares / 4 + 2 * i] = (plane % planes.count) * planes.stride + tap * values * 4;
    floats[at.shares / 4 + 2 * i + 1] = isInside ? weight : 0;
  }
  native.start(
    job,
    { planes: block, slices, shares: at.shares, count, pixels, values, grain },
    job === 'joinDepth' ? count * tasks : tasks,
    at.args,
  );
}
