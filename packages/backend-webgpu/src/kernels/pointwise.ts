import type { AdamGroupSettings, AdamState } from '@sshn/ops';
import type { TensorInfo } from '@tensorflow/tfjs-core';
import type { DevicePrograms, Program } from './device-programs.js';
import { declarations, groupsFor, LINE, mainPerElement, sizeOf } from './wgsl.js';

const program: Program = {
  name: 'leaky relu gradient',
  code: () => `${declarations(['dy', 'y'], ['dx'], { integers: ['count'], floats: ['slope'] })}
${mainPerElement}
  dx[index] = select(args.slope, 1.0, y[index] > 0.0) * dy[index];
}`,
};

/** dy where y > 0, else slope · dy. */
export function leakyReluGradient(
  device: DevicePrograms,
  dy: TensorInfo,
  y: TensorInfo,
  slope: number,
): TensorInfo {
  const dx = device.output(dy.shape);
  const count = sizeOf(dy.shape);
  device.run(program, {
    tensors: [dy, y, dx],
    integers: [count],
    floats: [slope],
    groups: groupsFor(count, device.mostGroups),
  });
  return dx;
}

const shared = ['beta1', 'beta2', 'fresh1', 'fresh2', 'root', 'epsilon'];
const own = ['count', 'keep', 'rate'];

/** A step of one element; `old` and `next` give the names of tensors. */
const step = (
  i: number,
  old: (name: string) => string,
  next: (name: string) => string,
): string => `if (index >= args.count${i}) { return; }
  let g = ${old('grad')}[index];
  let mean = args.beta1 * ${old('m')}[index] + args.fresh1 * g;
  let square = args.beta2 * ${old('v')}[index] + args.fresh2 * g * g;
  let moved = ${old('param')}[index] * args.keep${i} - args.rate${i} * mean / (sqrt(square) * args.root + args.epsilon);
  ${next('m')}[index] = mean;
  ${next('v')}[index] = square;
  ${next('param')}[index] = moved;`;

/** Opens an entry point with a thread for each element of the largest tensor, for each tensor, `group.z`. */
const mainPerTensor = `
@compute @workgroup_size(${LINE})
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32) {
  let index = (group.y * groups.x + group.x) * ${LINE}u + local;`;

const argumentsOf = (tensors: number) => {
  const [count, ...floats] = own.map((name) => Array.from({ length: tensors }, (_, i) => `${name}${i}`));
  return { integers: count!, floats: [...shared, ...floats.flat()] };
};

const fresh: Program = {
  name: 'adam',
  code: () => `${declarations(['param', 'm', 'v', 'grad'], ['newParam', 'newM', 'newV'], argumentsOf(1))}
${mainPerTensor}
  ${step(
    0,
    (name) => name,
    (name) => `new${name[0]!.toUpperCase()}${name.slice(1)}`,
  )}
}`,
};

function inPlace(tensors: number): Program {
  const all = Array.from({ length: tensors }, (_, i) => i);
  const places = all.flatMap((i) => [`param${i}`, `m${i}`, `v${i}`]);
  const cases = all.map((i) => {
    const name = (kind: string) => `${kind}${i}`;
    return `case ${i}u: { ${step(i, name, name)} }`;
  });
  return {
    name: `adam in place, ${tensors}`,
    code: () => `${declarations(
      all.map((i) => `grad${i}`),
      places,
      argumentsOf(tensors),
    )}
${mainPerTensor}
  switch (group.z) { ${cases.join('\n')} default: {} }
}`,
  };
}

/** The most tensors of one program: some devices bind any number, and all tensors have as many threads as the largest. */
const MOST_MOVES = 4;

/** A tensor that moves, and where its successors are written. */
interface Move extends AdamState<TensorInfo> {
  readonly learningRate: number;
  /** param, m, v. */
  readonly next: readonly TensorInfo[];
}

/**
 * `[param', m', v']` of each tensor after one step of Adam with decoupled weight decay; where `overwrite`, in the memory of the old
 * ones unless other tensors share it. One pass over memory in place of thirteen; a program moves as many tensors in place as it
 * can bind.
 */
export function adamGroup(
  device: DevicePrograms,
  states: ReadonlyArray<AdamState<TensorInfo>>,
  { learningRates, ...settings }: AdamGroupSettings,
): TensorInfo[] {
  const moves = states.map((state, i): Move => {
    const learningRate = learningRates[i]!;
    return { ...state, learningRate, next: placesFor(device, state, settings.overwrite === true) };
  });
  const isInPlace = ({ param, next }: Move): boolean => next[0]!.dataId === param.dataId;
  for (const move of moves) {
    if (isInPlace(move)) continue;
    const { param, m, v, grad, next } = move;
    start(device, fresh, [param, m, v, grad, ...next], [move], settings);
  }
  // Tensors of one program have as many threads as the largest.
  const within = moves.filter(isInPlace).sort((a, b) => sizeOf(b.param.shape) - sizeOf(a.param.shape));
  const most = Math.min(MOST_MOVES, Math.floor(device.mostTensors / 4));
  for (let first = 0; first < within.length; first += most) {
    const some = within.slice(first, first + most);
    const tensors = [...some.map(({ grad }) => grad), ...some.flatMap(({ next }) => next)];
    start(device, inPlace(some.length), tensors, some, settings);
  }
  return moves.flatMap(({ next }) => next);
}

function start(
  device: DevicePrograms,
  program: Program,
  tensors: readonly TensorInfo[],
  moves: readonly Move[],
  {
    beta1,
    beta2,
    epsilon,
    correction1,
    correction2,
    weightDecay,
    gradientScale = 1,
  }: Omit<AdamGroupSettings, 'learningRates'>,
): void {
  const counts = moves.map(({ param }) => sizeOf(param.shape));
  const [across, down] = groupsFor(Math.max(...counts), device.mostGroups);
  device.run(program, {
    tensors,
    integers: counts,
    floats: [
      ...[beta1, beta2, (1 - beta1) * gradientScale, (1 - beta2) * gradientScale ** 2],
      ...[1 / Math.sqrt(correction2), epsilon],
      ...moves.map(({ learningRate }) => 1 - learningRate * weightDecay),
      ...moves.map(({ learningRate }) => learningRate / correction1),
    ],
    groups: [across, down, moves.length],
  });
}

/** Where param, m and v go: all three over the old ones, or none, as a buffer cannot be read and written under two names. */
function placesFor(
  device: DevicePrograms,
  { param, m, v }: AdamState<TensorInfo>,
  overwrite: boolean,
): TensorInfo[] {
  const old = [param, m, v];
  const next = old.map((x) => (overwrite ? device.reuse(x) : device.output(x.shape)));
  const isShared = next.map((x, i) => x.dataId === old[i]!.dataId);
  if (isShared.every(Boolean)) return next;
  return next.map((x, i) => {
    if (!isShared[i]) return x;
    device.dispose(x);
    return device.output(x.shape);
  });
}
