import type { TensorInfo } from '@tensorflow/tfjs-core';
import { fasterTile } from './conv.js';
import { convDirect } from './conv-direct.js';
import { type ConvGeometry, convGeometry, type KernelCut } from './conv-geometry.js';
import { convWinograd, type TileBand, type TileEdge } from './conv-winograd.js';
import type { NativeModule } from './module.js';
import { size3 } from './resize.js';

/** What a convolution of an upsampled map and a skip reads. */
export interface JoinInputs {
  /** `[batch, ...lowSize, lowChannels]`. */
  readonly low: TensorInfo;
  /** `[batch, ...size, skipChannels]`. */
  readonly skip: TensorInfo;
  /** `[...window, lowChannels + skipChannels, out]`. */
  readonly kernel: TensorInfo;
}

/** Products that the forward pass makes at once, about: they are still in the cache when they are read. */
const FORWARD_BYTES = 2 ** 21;

/** Read, but not used, behind the last products. */
export const MARGIN = 128;

/** Sizes of the two inputs and of the result; two dimensions are depth 1. */
export interface Join {
  readonly lowDepth: number;
  readonly lowHeight: number;
  readonly lowWidth: number;
  readonly lowChannels: number;
  readonly depth: number;
  readonly height: number;
  readonly width: number;
  readonly outChannels: number;
  /** Of the skip's half. */
  readonly geometry: ConvGeometry;
  /** The parts of the kernel that meet the map, as a product with all taps, and the skip. */
  readonly cuts: { readonly low: KernelCut; readonly skip: KernelCut };
  /** Of the kernel: 9 or 27. */
  readonly taps: number;
  /** Of one row of products with all taps. */
  readonly rowBytes: number;
}

/** None for other kernels than 3×3 and 3×3×3, and for a map of more planes than the result. */
export function joinOf({ low, skip, kernel }: JoinInputs): Join | undefined {
  const window = kernel.shape.slice(0, -2);
  if (window.some((edge) => edge !== 3)) return undefined;
  const [lowDepth, lowHeight, lowWidth] = size3(low.shape.slice(1, -1));
  const [depth, height, width] = size3(skip.shape.slice(1, -1));
  const [lowChannels, skipChannels, outChannels] = [low, skip, kernel].map(({ shape }) => shape.at(-1)!) as [
    number,
    number,
    number,
  ];
  if (lowDepth > depth) return undefined;
  const taps = 3 ** window.length;
  const total = lowChannels + skipChannels;
  return {
    lowDepth,
    lowHeight,
    lowWidth,
    lowChannels,
    depth,
    height,
    width,
    outChannels,
    geometry: convGeometry(skip.shape, [...window, skipChannels, outChannels]),
    cuts: {
      low: { first: 0, total, taps, isTaps: true },
      skip: { first: lowChannels, total, taps, isTaps: false },
    },
    taps,
    rowBytes: lowWidth * taps * outChannels * 4,
  };
}

/** The products of some rows of the map, as a 1×1 convolution. */
export function productsOf({ lowWidth, lowChannels, taps, outChannels }: Join, rows: number): ConvGeometry {
  return convGeometry([1, 1, rows * lowWidth, lowChannels], [1, 1, lowChannels, taps * outChannels]);
}

/** `convJoin` of images with the map at its own resolution, band by band. */
export function joinForward(
  native: NativeModule,
  join: Join,
  { low, skip, kernel, bias }: JoinInputs & { readonly bias: TensorInfo },
  slope: number,
): TensorInfo {
  const { lowHeight, lowWidth, lowChannels, geometry, cuts, rowBytes } = join;
  const y = native.output([...skip.shape.slice(0, -1), join.outChannels]);
  const tile = fasterTile(native, geometry);
  const bands = forwardBands(join, tile);
  const most = Math.max(...bands.map((band) => band.endRow - band.firstRow));
  const products = native.allocate(most * rowBytes + MARGIN);
  const kernelAddress = native.address(kernel);
  const kernelData = native.dataNumber(kernel);
  try {
    for (const band of bands) {
      convDirect(native, productsOf(join, band.endRow - band.firstRow), {
        kernel: kernelAddress,
        kernelData,
        isGradient: false,
        cut: cuts.low,
        x: native.address(low) + band.firstRow * lowWidth * lowChannels * 4,
        bias: 0,
        y: products,
        slope: 1,
      });
      convWinograd(
        native,
        geometry,
        {
          kernel: kernelAddress,
          kernelData,
          isGradient: false,
          cut: cuts.skip,
          x: native.address(skip),
          bias: native.address(bias),
          y: native.address(y),
          slope,
        },
        tile,
        { ...band, products, lowHeight, lowWidth },
      );
    }
  } finally {
    native.free(products);
  }
  return y;
}

/** Lines of tiles with the rows of the map that they read. */
function forwardBands({ geometry, lowHeight, height, rowBytes }: Join, tile: TileEdge): TileBand[] {
  const down = Math.ceil(height / tile);
  const lines = geometry.batch * down;
  // Two rows more than its share are read by a band.
  const rows = Math.max(1, Math.floor(FORWARD_BYTES / rowBytes) - 2);
  const count = Math.ceil(lines / Math.max(1, Math.floor((rows * down) / lowHeight)));
  return Array.from({ length: count }, (_, i) => {
    const firstLine = Math.floor((i * lines) / count);
    const endLine = Math.floor(((i + 1) * lines) / count);
    const top = Math.max(0, (firstLine % down) * tile - 1);
    const bottom = Math.min(height - 1, (((endLine - 1) % down) + 1) * tile);
    return {
      firstLine,
      endLine,
      firstRow: Math.floor(firstLine / down) * lowHeight + lowerRow(top, lowHeight, height),
      endRow:
        Math.floor((endLine - 1) / down) * lowHeight +
        Math.min(lowHeight, lowerRow(bottom, lowHeight, height) + 2),
    };
  });
}

/** The first of the two rows that row `o` of `outSize` reads. */
export function lowerRow(o: number, inSize: number, outSize: number): number {
  return Math.floor(sourceOf(o, inSize, outSize));
}

/** Where row `o` of `outSize` lies in `inSize` rows: see `fillAxis`. */
export function sourceOf(o: number, inSize: number, outSize: number): number {
  return Math.min(Math.max((o + 0.5) * (inSize / outSize) - 0.5, 0), inSize - 1);
}
