import type { AdamSettings, AdamState } from '@sshn/ops';
import type { TensorInfo } from '@tensorflow/tfjs-core';
import type { DevicePrograms, Program } from './device-programs.js';
import { declarations, groupsFor, mainPerElement, sizeOf } from './wgsl.js';

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

const floats = ['keep', 'rate', 'beta1', 'beta2', 'fresh1', 'fresh2', 'root', 'epsilon'];

const step = `
  let g = grad[index];
  let mean = args.beta1 * %m[index] + args.fresh1 * g;
  let square = args.beta2 * %v[index] + args.fresh2 * g * g;
  let moved = %p[index] * args.keep - args.rate * mean / (sqrt(square) * args.root + args.epsilon);`;

const fresh: Program = {
  name: 'adam',
  code: () => `${declarations(['param', 'm', 'v', 'grad'], ['newParam', 'newM', 'newV'], {
    integers: ['count'],
    floats,
  })}
${mainPerElement}
${step.replaceAll('%p', 'param').replaceAll('%m', 'm').replaceAll('%v', 'v')}
  newM[index] = mean;
  newV[index] = square;
  newParam[index] = moved;
}`,
};

const inPlace: Program = {
  name: 'adam in place',
  code: () => `${declarations(['grad'], ['param', 'm', 'v'], { integers: ['count'], floats })}
${mainPerElement}
${step.replaceAll('%p', 'param').replaceAll('%m', 'm').replaceAll('%v', 'v')}
  m[index] = mean;
  v[index] = square;
  param[index] = moved;
}`,
};

/**
 * `[param', m', v']` after one step of Adam with decoupled weight decay; where `overwrite`, in the memory of the old ones
 * unless other tensors share it. One pass over memory in place of thirteen.
 */
export function adam(
  device: DevicePrograms,
  state: AdamState<TensorInfo>,
  settings: AdamSettings,
): [TensorInfo, TensorInfo, TensorInfo] {
  const { param, m, v, grad } = state;
  const { learningRate, beta1, beta2, epsilon, correction1, correction2, weightDecay } = settings;
  const old = [param, m, v];
  const next = old.map((x) => (settings.overwrite === true ? device.reuse(x) : device.output(x.shape)));
  const shared = next.filter((x, i) => x.dataId === old[i]!.dataId).length;
  // A buffer cannot be read and written under two names.
  const isInPlace = shared === old.length;
  const target = isInPlace || shared === 0 ? next : next.map((x, i) => replaced(device, x, old[i]!));
  const count = sizeOf(param.shape);
  device.run(isInPlace ? inPlace : fresh, {
    tensors: isInPlace ? [grad, ...target] : [...old, grad, ...target],
    integers: [count],
    floats: [
      1 - learningRate * weightDecay,
      learningRate / correction1,
      beta1,
      beta2,
      1 - beta1,
      1 - beta2,
      1 / Math.sqrt(correction2),
      epsilon,
    ],
    groups: groupsFor(count, device.mostGroups),
  });
  return [target[0]!, target[1]!, target[2]!];
}

/** A new tensor in place of one that shares memory with an old one. */
function replaced(device: DevicePrograms, next: TensorInfo, old: TensorInfo): TensorInfo {
  if (next.dataId !== old.dataId) return next;
  device.dispose(next);
  return device.output(old.shape);
}
