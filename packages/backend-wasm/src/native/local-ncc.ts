import type { LocalNccSettings } from '@sshn/ops';
import type { TensorInfo } from '@tensorflow/tfjs-core';
import { bytesOf, SIZES } from './layout.js';
import { type NativeModule, sizeOf } from './module.js';

/** Two images of one shape `[batch, ...spatial, channels]`, each with a mean near 0 and a spread of the order of 1. */
interface Pair {
  readonly moved: TensorInfo;
  readonly fixed: TensorInfo;
}

const MAPS = SIZES.NCC_MAPS;

/** One minus the mean local correlation, and `[batch, ...spatial, 5 · channels]` for its gradients. */
export function localNcc(
  native: NativeModule,
  { moved, fixed }: Pair,
  { window, squared, epsilon }: LocalNccSettings,
): [TensorInfo, TensorInfo] {
  const loss = native.output([]);
  const shape = moved.shape.with(-1, MAPS * moved.shape.at(-1)!);
  const maps = native.output(shape);
  const lines = sizeOf(moved.shape.slice(0, -2));
  const at = native.reserve({
    args: bytesOf('NccArgs'),
    partials: lines * 8,
    between: sizeOf(shape) * 4,
    ...boxSumScratch(native),
  });
  // Turn by turn, so that the last axis writes the maps.
  const axes = shape.length - 2;
  const addresses = Array.from({ length: axes + 1 }, (_, i) =>
    (axes - i) % 2 === 0 ? native.address(maps) : at.between,
  );
  const write = (address: number): void =>
    native.write('NccArgs', at.args, {
      ...addressesOf(native, { moved, fixed }),
      ...sizesOf(moved.shape, window),
      maps: address,
      partials: at.partials,
      toA: 0,
      toB: 0,
      isSquared: squared ? 1 : 0,
      epsilon,
    });
  write(addresses[0]!);
  native.run('nccTerms', at.args, lines);
  sumAxes(native, { shape, window, addresses, ...at });
  write(native.address(maps));
  native.run('nccMaps', at.args, lines);
  const mean = native.exports.meanOfPartials(at.partials, lines, sizeOf(moved.shape));
  native.floats()[native.address(loss) >>> 2] = 1 - mean;
  return [loss, maps];
}

/** Gradients of that to both images. */
export function localNccGrad(
  native: NativeModule,
  { moved, fixed, maps }: Pair & { readonly maps: TensorInfo },
  window: number,
): [TensorInfo, TensorInfo] {
  const toMoved = native.output(moved.shape);
  const toFixed = native.output(fixed.shape);
  const bytes = sizeOf(maps.shape) * 4;
  const at = native.reserve({ args: bytesOf('NccArgs'), one: bytes, other: bytes, ...boxSumScratch(native) });
  const axes = maps.shape.length - 2;
  const turns = Array.from({ length: axes }, (_, i) => (i % 2 === 0 ? at.one : at.other));
  sumAxes(native, { shape: maps.shape, window, addresses: [native.address(maps), ...turns], ...at });
  const values = {
    ...addressesOf(native, { moved, fixed }),
    ...sizesOf(moved.shape, window),
    maps: turns.at(-1)!,
    partials: 0,
    toA: native.address(toMoved),
    toB: native.address(toFixed),
    isSquared: 0,
    epsilon: 0,
  };
  native.start('nccGradients', values, sizeOf(moved.shape.slice(0, -2)), at.args);
  return [toMoved, toFixed];
}

function addressesOf(
  native: NativeModule,
  { moved, fixed }: Pair,
): { readonly a: number; readonly b: number } {
  return { a: native.address(moved), b: native.address(fixed) };
}

/** What `NccArgs` says of the images' shape. */
function sizesOf(shape: readonly number[], window: number) {
  const [height, width, channels] = shape.slice(-3) as [number, number, number];
  const depth = shape.length === 5 ? shape[1]! : 1;
  return { depth, height, width, channels, reach: (window - 1) / 2, share: 1 / sizeOf(shape) };
}

const PIECE = SIZES.BOX_PIECE;

/** Bytes of scratch that `sumAxes` asks for. */
function boxSumScratch(native: NativeModule) {
  return { boxArgs: bytesOf('BoxSumArgs'), boxSums: native.threads * PIECE * 8 };
}

/**
 * At every voxel the sum over the window around it, cropped at the border: one axis after the other, each with running sums
 * in double precision.
 *
 * x `[batch, ...spatial, channels]`, result of the same shape.
 */
export function boxSum(native: NativeModule, x: TensorInfo, window: number): TensorInfo {
  const y = native.output(x.shape);
  const axes = x.shape.length - 2;
  const at = native.reserve({ ...boxSumScratch(native), between: axes < 2 ? 0 : sizeOf(x.shape) * 4 });
  // The last axis writes the result, those before it turn by turn that and the scratch.
  const to = Array.from({ length: axes }, (_, i) => ((axes - i) % 2 === 1 ? native.address(y) : at.between));
  sumAxes(native, { shape: x.shape, window, addresses: [native.address(x), ...to], ...at });
  return y;
}

/** Sums over windows along one spatial axis after the other, from each address to the next; none twice in a row. */
function sumAxes(
  native: NativeModule,
  {
    shape,
    window,
    addresses,
    boxArgs,
    boxSums,
  }: {
    readonly shape: readonly number[];
    readonly window: number;
    readonly addresses: readonly number[];
    readonly boxArgs: number;
    readonly boxSums: number;
  },
): void {
  for (let axis = 1; axis < shape.length - 1; axis++) {
    const [from, to] = addresses.slice(axis - 1, axis + 1) as [number, number];
    const inner = sizeOf(shape.slice(axis + 1));
    const outer = sizeOf(shape.slice(0, axis));
    const pieces = Math.ceil(inner / PIECE);
    const reach = Math.min((window - 1) / 2, shape[axis]!);
    const values = { x: from, y: to, outer, length: shape[axis]!, inner, reach, pieces, scratch: boxSums };
    native.start('boxSum', values, outer * pieces, boxArgs);
  }
}
