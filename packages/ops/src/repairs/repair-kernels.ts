import {
  Add,
  AddN,
  All,
  Any,
  Atan2,
  Cast,
  Equal,
  FloorDiv,
  Greater,
  GreaterEqual,
  getBackend,
  getKernel,
  type KernelConfig,
  Less,
  LessEqual,
  LogicalAnd,
  LogicalOr,
  Max,
  Maximum,
  Mean,
  Min,
  Minimum,
  MirrorPad,
  Mod,
  Multiply,
  NotEqual,
  PadV2,
  Pow,
  Prelu,
  Prod,
  RealDiv,
  registerKernel,
  Select,
  SquaredDifference,
  StridedSlice,
  Sub,
  Sum,
  Tile,
  Transpose,
  unregisterKernel,
} from '@tensorflow/tfjs-core';
import { pad, stridedSlice, tile, transpose } from './arrangement.js';
import { addMany, cast, ofTwo, select } from './pointwise.js';
import { reduction } from './reductions.js';
import { type Repair, type StockKernel, Work } from './work.js';

const pairs = [
  ...[Add, Sub, Multiply, RealDiv, FloorDiv, Mod, Pow, Atan2, Maximum, Minimum, SquaredDifference],
  ...[Equal, NotEqual, Greater, GreaterEqual, Less, LessEqual, LogicalAnd, LogicalOr],
];

/** What programs for more than four axes are replaced by. */
const fiveAxes: ReadonlyArray<readonly [kernel: string, repair: Repair<never>]> = [
  [PadV2, pad],
  [MirrorPad, pad],
  [Tile, tile],
  [Transpose, transpose],
  [StridedSlice, stridedSlice],
  [Select, select],
  [Prelu, ofTwo('x', 'alpha')],
  ...pairs.map((kernel) => [kernel, ofTwo('a', 'b')] as const),
  ...[Sum, Mean, Prod, Min, All, Any].map((kernel) => [kernel, reduction('axis')] as const),
  [Max, reduction('reductionIndices')],
];

const repairsOf: Readonly<Record<string, typeof fiveAxes>> = {
  webgl: fiveAxes,
  webgpu: [...fiveAxes, [Cast, cast], [AddN, addMany]],
};

/** On the function of a kernel that was repaired, by whatever copy of this package. */
const isRepaired = Symbol.for('@sshn/ops repaired');

/**
 * Repairs kernels of stock tfjs' webgl and webgpu that fail, most of them without an error: the program does not compile,
 * and zeros come out.
 *
 * - With five axes, which volumes have, neither pads, repeats, transposes, takes strides, chooses, stretches or sums over
 *   some of them. They are given the same memory as at most four axes.
 * - On webgpu `cast(labels, 'float32')` only relabels integers and masks. What reads their bits, as transposing does,
 *   and with it sums over any axis but the last, does not compile. They are made real floats.
 * - On webgpu the sum of more than seven tensors reads more buffers than a program may. They are added some at a time.
 *
 * May be called any number of times; `valueAndGradients` and what trains calls it. It changes nothing on other backends,
 * nor for tensors that stock kernels cope with.
 *
 * @param backend Name of a tfjs backend whose kernels are registered. @default the current one
 * @example
 * await setBackend('webgpu');
 * repairKernels();
 */
export function repairKernels(backend = getBackend()): void {
  for (const [kernelName, repair] of repairsOf[backend] ?? []) {
    const config = getKernel(kernelName, backend);
    if (config == null || isRepaired in config.kernelFunc) continue;
    unregisterKernel(kernelName, backend);
    registerKernel({ ...config, kernelFunc: repaired(config, repair as Repair) });
  }
}

/** Which backend's kernels were found right or repaired last. */
let sound: string | undefined;

/**
 * Repairs the current backend once it is seen.
 *
 * Programs that start webgl or webgpu by a plain `setBackend` run no code of ours before their first operation, and tfjs has no
 * event for the start of a backend: a hook of a kernel (`setupFunc`) runs only where this package was loaded before, and a
 * registration at load is a side effect that bundlers drop. So `differentiable`, which every operation of this package
 * goes through, and `registerGradients`, which comes before every gradient, are the places. It costs a bundle 6 kB and a
 * comparison of two strings for each operation; without it, volumes on a plain webgl come out as zeros, without an error.
 */
export function repairCurrentBackend(): void {
  const backend = getBackend();
  if (backend === sound) return;
  repairKernels(backend);
  sound = backend;
}

function repaired({ backendName, kernelFunc }: KernelConfig, repair: Repair): KernelConfig['kernelFunc'] {
  const stock = kernelFunc as unknown as StockKernel;
  const better: StockKernel = (given) => {
    const make = repair(given.inputs as never, given.attrs ?? {});
    return make === undefined ? stock(given) : new Work(backendName, given.backend, stock).finish(make);
  };
  return Object.assign(better, { [isRepaired]: true }) as unknown as KernelConfig['kernelFunc'];
}
