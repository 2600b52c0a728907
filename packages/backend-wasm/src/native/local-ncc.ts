import type { TensorInfo } from '@tensorflow/tfjs-core';

import { boxSumScratch, sumAxes } from './box-sum.js';
import { sizeOf } from './geometry.js';
import type { NativeModule } from './module.js';

/** Attributes of `SshnLocalNcc`. */
export interface LocalNccSettings {
  readonly window: number;
  readonly squared: boolean;
  readonly epsilon: number;
}

/** Two images of one shape `[batch, ...spatial, channels]`, each with a mean near 0 and a spread of the order of 1. */
interface Pair {
  readonly moved: TensorInfo;
  readonly fixed: TensorInfo;
}

/** Size of `NccArgs` of `assembly/local-ncc.ts` in bytes, where its floats begin, and `MAPS` of it. */
const NCC_ARGS_BYTES = 14 * 4;
const FIRST_FLOAT = 12;
const MAPS = 5;

/** One minus the mean local correlation, and `[batch, ...spatial, 5 · channels]` for its gradients. */
export function localNcc(
  native: NativeModule,
  { moved, fixed }: Pair,
  { window, squared, epsilon }: LocalNccSettings,
): TensorInfo[] {
  const loss = native.output([]);
  const shape = moved.shape.with(-1, MAPS * moved.shape.at(-1)!);
  const maps = native.output(shape);
  const lines = sizeOf(moved.shape.slice(0, -2));
  const at = native.reserve({
    args: NCC_ARGS_BYTES,
    partials: lines * 8,
    between: sizeOf(shape) * 4,
    ...boxSumScratch(native),
  });
  // Turn by turn, so that the last axis writes the maps.
  const axes = shape.length - 2;
  const addresses = Array.from({ length: axes + 1 }, (_, i) =>
    (axes - i) % 2 === 0 ? native.address(maps) : at.between,
  );
  const write = (address: number): void => {
    const words = [native.address(moved), native.address(fixed), address, at.partials, 0, 0];
    writeArgs(native, at.args, moved.shape, window, { words, isSquared: squared, epsilon });
  };
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
): TensorInfo[] {
  const toMoved = native.output(moved.shape);
  const toFixed = native.output(fixed.shape);
  const bytes = sizeOf(maps.shape) * 4;
  const at = native.reserve({ args: NCC_ARGS_BYTES, one: bytes, other: bytes, ...boxSumScratch(native) });
  const axes = maps.shape.length - 2;
  const turns = Array.from({ length: axes }, (_, i) => (i % 2 === 0 ? at.one : at.other));
  sumAxes(native, { shape: maps.shape, window, addresses: [native.address(maps), ...turns], ...at });
  const images = [moved, fixed].map((image) => native.address(image));
  const words = [...images, turns.at(-1)!, 0, native.address(toMoved), native.address(toFixed)];
  writeArgs(native, at.args, moved.shape, window, { words, isSquared: false, epsilon: 0 });
  native.run('nccGradients', at.args, sizeOf(moved.shape.slice(0, -2)));
  return [toMoved, toFixed];
}

/** `words` are the addresses that `NccArgs` begins with. */
function writeArgs(
  native: NativeModule,
  args: number,
  shape: readonly number[],
  window: number,
  {
    words,
    isSquared,
    epsilon,
  }: { readonly words: readonly number[]; readonly isSquared: boolean; readonly epsilon: number },
): void {
  const [height, width, channels] = shape.slice(-3) as [number, number, number];
  const depth = shape.length === 5 ? shape[1]! : 1;
  const reach = (window - 1) / 2;
  native.words().set([...words, depth, height, width, channels, reach, isSquared ? 1 : 0], args >>> 2);
  native.floats().set([epsilon, 1 / sizeOf(shape)], (args >>> 2) + FIRST_FLOAT);
}
