/**
 * What TypeScript and the compiled kernels have to agree on: how arguments lie in memory, and sizes. The sources in
 * `assembly/` get theirs from here: `scripts/build-assembly.ts` generates `assembly/layout.ts`.
 */

/** Types of fields, all of four bytes. A `usize` is an address or a count of bytes. */
type FieldType = 'usize' | 'i32' | 'f32';
const usize = 'usize';
const i32 = 'i32';
const f32 = 'f32';

/** Arguments of jobs, field by field in the order of memory. */
export const STRUCTS = {
  /**
   * A convolution. Tensors are channels-last: x `[batch, depth, height, width, inChannels]`, y the same with `outChannels`;
   * two dimensions are depth 1 with `kernelDepth` 1. Stride 1, zero padding, odd kernel edges.
   */
  ConvArgs: {
    x: usize,
    /** The packed or transformed kernel (forward), dy or the result (gradient to the kernel). */
    w: usize,
    /** 0 for none. */
    bias: usize,
    y: usize,
    /** That of the first worker; those of the others follow, `scratchStride` bytes apart. */
    scratch: usize,
    scratchStride: usize,
    /** `inChannels + 8` zeros: what taps outside the image read. */
    zeros: usize,
    batch: i32,
    depth: i32,
    height: i32,
    width: i32,
    inChannels: i32,
    outChannels: i32,
    kernelDepth: i32,
    kernelHeight: i32,
    kernelWidth: i32,
    /** Factor of the leaky rectifier for negative values; 1 leaves the sum as it is. */
    slope: f32,
    /** Partial sums in which a gradient to the kernel is gathered. */
    slots: i32,
    /** Winograd tiles that are transformed, multiplied and transformed back together; a multiple of 4. */
    blockTiles: i32,
    /** Winograd: slices of a volume in which the tiles of a block are computed together. */
    blockSlices: i32,
    /** Winograd: the tiles that are computed, from the first to before the end; of a gradient to the kernel all. */
    firstTile: i32,
    endTile: i32,
    /** Winograd: edge of a tile of outputs, 4 or 6. */
    tile: i32,
    /** Winograd forward: `JoinArgs` of an upsampled map whose convolution is added, or 0. */
    join: usize,
  },
  /** A convolution's half on an upsampled map; the other half's output has the size of the upsampled map. */
  JoinArgs: {
    /** `[rows, lowWidth, 9, outChannels]`: the map's products with each tap, some rows of it. */
    products: usize,
    /** The first of these rows, counted over batch and height. */
    firstRow: i32,
    lowHeight: i32,
    lowWidth: i32,
    /** Tables of `fillAxis`. */
    heightTable: usize,
    widthTable: usize,
    /** `[ceil8(outChannels)]`. */
    bias: usize,
    /** A line of sums for each worker, `sumsStride` bytes apart. */
    sums: usize,
    sumsStride: usize,
  },
  /** The gradient to the products of an upsampled map. */
  JoinGradientArgs: {
    /** The gradient to the output, `[batch, height, width, channels]`. */
    dy: usize,
    /** `[rows, lowWidth, 9, channels]`. */
    products: usize,
    /** The first of these rows, counted over batch and height. */
    firstRow: i32,
    rows: i32,
    /** Rows of one task. */
    grain: i32,
    lowHeight: i32,
    lowWidth: i32,
    height: i32,
    width: i32,
    channels: i32,
    /** Tables of `invertAxis`. */
    heightTable: usize,
    widthTable: usize,
    scratch: usize,
    scratchStride: usize,
  },
  /** The interpolation along depth of the products of an upsampled volume, and its transpose. */
  JoinDepthArgs: {
    /** `[planes, pixels, 3, values]`: products with all taps of some planes of the map, the taps along depth outermost. */
    planes: usize,
    /** `[count, pixels, values]`: products of some slices of the result with the taps in the plane. */
    slices: usize,
    /** For each slice `DEPTH_SHARES` runs of `planes`: an offset in bytes from `planes`, and a weight. */
    shares: usize,
    count: i32,
    pixels: i32,
    values: i32,
    /** Pixels of one task. */
    grain: i32,
  },
  BiasArgs: {
    dy: usize,
    /** Partial sums, `[slots][ceil4(channels)]`. */
    sums: usize,
    pixels: i32,
    channels: i32,
    slots: i32,
    /** The output of the leaky rectifier behind the bias, or 0 for none. */
    y: usize,
    /** Where there is a rectifier: the gradient before it. */
    dz: usize,
    slope: f32,
  },
  /** A function of the values of a and b at the same place: `SUM`, … */
  ElementwiseArgs: {
    a: usize,
    b: usize,
    y: usize,
    count: i32,
    /** b has so many values, which repeat. */
    period: i32,
    kind: i32,
    slope: f32,
  },
  /** Means over windows along an axis: x `[outer, from, inner]`, y `[outer, to, inner]`. */
  WindowArgs: { x: usize, y: usize, outer: i32, from: i32, to: i32, inner: i32, grain: i32 },
  AdamArgs: {
    param: usize,
    m: usize,
    v: usize,
    /** The gradient; where it is an outer product, its column `[count / width]`. */
    grad: usize,
    paramOut: usize,
    mOut: usize,
    vOut: usize,
    count: i32,
    /** `1 - learningRate * weightDecay`. */
    keep: f32,
    /** `learningRate / correction1`. */
    rate: f32,
    beta1: f32,
    beta2: f32,
    /** `1 - beta1`, `1 - beta2`. */
    rest1: f32,
    rest2: f32,
    /** `1 / sqrt(correction2)`. */
    rootScale: f32,
    epsilon: f32,
    /** The row `[width]` of an outer product. */
    row: usize,
    width: i32,
  },
  /** Linear resize, and its transpose. */
  ResizeArgs: {
    /** The side with the `in` sizes: input of the forward pass, output of the gradient. */
    coarse: usize,
    /** The side with the `out` sizes. */
    fine: usize,
    /** Tables of `fillAxis`, or of `invertAxis` for the gradient. */
    depthTable: usize,
    heightTable: usize,
    widthTable: usize,
    inDepth: i32,
    inHeight: i32,
    inWidth: i32,
    outDepth: i32,
    outHeight: i32,
    outWidth: i32,
    channels: i32,
    /** Rows of the written side, counted over batch, depth and height. */
    rows: i32,
    /** Rows of one task. */
    grain: i32,
    /** One row of the `out` side for each worker, `scratchStride` bytes apart; only the gradient needs it. */
    scratch: usize,
    scratchStride: usize,
  },
  HeadArgs: {
    /** `[outputs, width]`; what the gradient to the weight writes. */
    weight: usize,
    /** `[width]`. */
    hidden: usize,
    /** What is added to the product, `[outputs]`, `baseScale` times. */
    base: usize,
    /** The sum, or its gradient, `[outputs]`. */
    out: usize,
    /** Partial sums of the gradient to the hidden layer: a row of `ceil4(width)` values for each task of all heads. */
    sums: usize,
    gate: f32,
    baseScale: f32,
    outputs: i32,
    width: i32,
    /** Tasks of this head; those of the next one follow. */
    tasks: i32,
  },
  CopyArgs: {
    from: usize,
    fromStride: usize,
    to: usize,
    toStride: usize,
    /** Of one run. */
    bytes: usize,
    runs: i32,
    /** Runs of one task. */
    grain: i32,
  },
  WarpArgs: {
    /** What is read, or in the gradient to it written: `[batch, inDepth, inHeight, inWidth, channels]`. */
    image: usize,
    /** `[batch, outDepth, outHeight, outWidth, rank]`. */
    field: usize,
    /** The result, or its gradient: `[batch, outDepth, outHeight, outWidth, channels]`. */
    warped: usize,
    /** The gradient to the field, of its shape. */
    fieldGradient: usize,
    rank: i32,
    channels: i32,
    inDepth: i32,
    inHeight: i32,
    inWidth: i32,
    outDepth: i32,
    outHeight: i32,
    outWidth: i32,
    /** Rows of the field, counted over batch, depth and height. */
    rows: i32,
    /** Rows of one task. */
    grain: i32,
    isNearest: i32,
    /** `PADDING_…`. */
    padding: i32,
    /** A plan for each worker, see `assembly/warp-plan.ts`. */
    scratch: usize,
    scratchStride: usize,
    /** The gradient to the image: which part of the image each row of the field reads, see `warpRanges`. */
    ranges: usize,
    /** The gradient to the image: slabs that each image is cut into. */
    slabs: i32,
  },
  CrossEntropyArgs: {
    logits: usize,
    truth: usize,
    gradient: usize,
    /** One double for each task. */
    partials: usize,
    pixels: i32,
    labels: i32,
    isSoft: i32,
  },
  DiceArgs: {
    /** `[groups, pixels, labels]`. */
    logits: usize,
    /** int32 `[groups, pixels]`, or where `isSoft` float32 `[groups, pixels, labels]`. */
    truth: usize,
    gradient: usize,
    /** `DICE_ENTRY` bytes for each label of each task. */
    sums: usize,
    pixels: i32,
    labels: i32,
    /** Tasks of one group. */
    tasks: i32,
    isSoft: i32,
    isSquared: i32,
  },
  /** One axis of a box sum. Arrays are `[outer, length, inner]` in memory order. */
  BoxSumArgs: {
    x: usize,
    y: usize,
    outer: i32,
    length: i32,
    inner: i32,
    /** How far a window reaches to each side. */
    reach: i32,
    /** Pieces of `inner` that are summed side by side, `BOX_PIECE` values each. */
    pieces: i32,
    /** Running sums in double precision: `BOX_PIECE` values for each worker. */
    scratch: usize,
  },
  /** Local correlation of images a and b `[batch, depth, height, width, channels]`. */
  NccArgs: {
    a: usize,
    b: usize,
    /** `NCC_MAPS` values for each value of an image. */
    maps: usize,
    /** One double for each task. */
    partials: usize,
    toA: usize,
    toB: usize,
    depth: i32,
    height: i32,
    width: i32,
    channels: i32,
    /** How far a window reaches to each side. */
    reach: i32,
    isSquared: i32,
    epsilon: f32,
    /** Of one value in the mean. */
    share: f32,
  },
} as const satisfies Readonly<Record<string, Readonly<Record<string, FieldType>>>>;

export type StructName = keyof typeof STRUCTS;

/** Values for all fields of a struct. */
export type StructValues<Name extends StructName> = Readonly<Record<keyof (typeof STRUCTS)[Name], number>>;

/** The fields of a struct in order, and whether each is a float. */
interface Fields {
  readonly names: readonly string[];
  readonly isFloat: readonly boolean[];
}

const FIELDS = new Map<string, Fields>(
  Object.entries(STRUCTS).map(([name, fields]) => [
    name,
    { names: Object.keys(fields), isFloat: Object.values(fields).map((type) => type === 'f32') },
  ]),
);

/** Size of a struct in bytes. */
export function bytesOf(name: StructName): number {
  return 4 * FIELDS.get(name)!.names.length;
}

/** Writes a struct to an address in memory, of which there are two views, each field from the first source that has it. Called for every kernel: plain loops. */
export function writeStruct<Name extends StructName>(
  words: Int32Array,
  floats: Float32Array,
  address: number,
  name: Name,
  sources: readonly Partial<StructValues<Name>>[],
): void {
  const { names, isFloat } = FIELDS.get(name)!;
  const start = address >>> 2;
  for (let i = 0; i < names.length; i++) {
    let value: number | undefined;
    for (let s = 0; value === undefined; s++) value = sources[s]![names[i] as keyof StructValues<Name>];
    (isFloat[i] ? floats : words)[start + i] = value;
  }
}

/** Sizes, each with the type that the compiled kernels need. */
export const CONSTANTS = {
  /** Values of one task of Adam and of `elementwise`. */
  POINTWISE_GRAIN: [65536, i32],
  /** What `elementwise` computes: a + b, a · b, a or a + b behind a leaky rectifier, or the gradient a before one whose output is b. */
  SUM: [0, i32],
  PRODUCT: [1, i32],
  RECTIFIER: [2, i32],
  RECTIFIER_GRADIENT: [3, i32],
  RECTIFIED_SUM: [4, i32],
  /** Rows of one task of Adam where the gradient is an outer product. */
  OUTER_ROWS: [512, i32],
  /** Pixels of one chunk of a direct convolution. */
  CHUNK: [64, i32],
  /** Sums of one register tile of a direct convolution in memory, four pixels by sixteen channels at most, and the bias of these. */
  SUMS_BYTES: [320, usize],
  /** Values of all taps of a pixel up to which a direct convolution gathers them side by side. */
  PATCH_VALUES: [64, i32],
  /** Points of a Winograd tile of 4 × 4. Bytes of intermediate lines: eight channels of the points of a tile of 6 × 6, and their bias. */
  POINTS: [36, i32],
  LINES_BYTES: [2304, usize],
  /** Distance added between points, so that they do not fall on the same cache lines. */
  SKEW: [64, usize],
  /** Input channels of one task of `winogradKernelBack`. */
  BACK_GRAIN: [8, i32],
  /** Outputs of one task of a head. */
  HEAD_GRAIN: [256, i32],
  /** Pixels of one task of a loss. */
  LOSS_GRAIN: [4096, i32],
  /** Bytes per label of the sums of a soft Dice loss. */
  DICE_ENTRY: [16, usize],
  /** Values of `inner` whose running sums fit in the first cache beside what they read. */
  BOX_PIECE: [256, i32],
  /** Maps of a local correlation. */
  NCC_MAPS: [5, usize],
  /** Bytes of one entry of an axis table of a resize. */
  AXIS_ENTRY: [12, usize],
  /** Runs that a slice of an interpolation along depth is the sum of: two for each tap. Bytes of the entry of one. */
  DEPTH_SHARES: [6, usize],
  DEPTH_SHARE: [8, usize],
  /** Lists of a warp's plan: six for each of three axes, and eight for dots. */
  PLAN_AXIS_LISTS: [6, usize],
  PLAN_LISTS: [26, usize],
  /** Bytes of the range that one row of a field reads. */
  RANGE_BYTES: [8, usize],
  PADDING_BORDER: [0, i32],
  PADDING_ZEROS: [1, i32],
  PADDING_REFLECT: [2, i32],
  /**
   * The control block of a pool: its size, for the most threads; where the count of tasks done lies, and that of threads (negative
   * where the main thread may not sleep).
   */
  CONTROL_BYTES: [4480, usize],
  CONTROL_DONE: [192, usize],
  CONTROL_THREADS: [324, usize],
} as const satisfies Readonly<Record<string, readonly [value: number, type: 'i32' | 'usize']>>;

/** The values of `CONSTANTS`. */
export const SIZES = Object.fromEntries(
  Object.entries(CONSTANTS).map(([name, [value]]) => [name, value]),
) as { readonly [Name in keyof typeof CONSTANTS]: (typeof CONSTANTS)[Name][0] };
