import type { LocalNccSettings } from '@sshn/ops';
import type { TensorInfo } from '@tensorflow/tfjs-core';
import { sumOverWindows } from './axes.js';
import type { DevicePrograms, Program } from './device-programs.js';
import { sumOfGroup, valueOfPartials } from './reduction.js';
import { declarations, groupsFor, LINE, mainPerElement, sizeOf } from './wgsl.js';

/** Two images of one shape `[batch, ...spatial, channels]`, each with a mean near 0 and a spread of the order of 1. */
interface Pair {
  readonly moved: TensorInfo;
  readonly fixed: TensorInfo;
}

/** What is summed over windows at every voxel, one after the other, each of all channels. */
const MAPS = 5;
/** Workgroups at most: each leaves one number. */
const MOST_GROUPS = 1024;

/** a, b, a², b², ab. */
const terms: Program = {
  name: 'terms of local correlations',
  code: () => `${declarations(['moved', 'fixed'], ['maps'], { integers: ['count', 'channels'] })}
${mainPerElement}
  let voxel = index / args.channels;
  let first = voxel * args.channels * ${MAPS}u + index % args.channels;
  let a = moved[index];
  let b = fixed[index];
  maps[first] = a;
  maps[first + args.channels] = b;
  maps[first + 2u * args.channels] = a * a;
  maps[first + 3u * args.channels] = b * b;
  maps[first + 4u * args.channels] = a * b;
}`,
};

/**
 * From sums over windows what the gradient sums over windows in its turn: the slope along the covariance, those along both
 * variances, and what both images' means take back.
 */
function correlations(isSquared: boolean): Program {
  return {
    name: `local correlations ${isSquared}`,
    code: () => `${declarations(['windows'], ['maps', 'partials'], {
      integers: ['count', 'channels', 'depth', 'height', 'width', 'reach'],
      floats: ['epsilon'],
    })}
${sumOfGroup}
fn inside(at: u32, size: u32) -> f32 {
  return f32(min(at + args.reach, size - 1u) - (max(at, args.reach) - args.reach) + 1u);
}
@compute @workgroup_size(${LINE})
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32) {
  var total = 0.0;
  for (var index = group.x * ${LINE}u + local; index < args.count; index += groups.x * ${LINE}u) {
    let voxel = index / args.channels;
    let first = voxel * args.channels * ${MAPS}u + index % args.channels;
    let perVoxel = 1.0 / (inside(voxel % args.width, args.width)
        * inside(voxel / args.width % args.height, args.height)
        * inside(voxel / (args.width * args.height) % args.depth, args.depth));
    let sumA = windows[first];
    let sumB = windows[first + args.channels];
    let meanA = sumA * perVoxel;
    let meanB = sumB * perVoxel;
    let varianceA = max(windows[first + 2u * args.channels] - sumA * meanA, 0.0);
    let varianceB = max(windows[first + 3u * args.channels] - sumB * meanB, 0.0);
    // Rounding may not break |cross| <= sqrt(varianceA * varianceB).
    let most = sqrt(varianceA * varianceB);
    let cross = clamp(windows[first + 4u * args.channels] - sumA * meanB, -most, most);
    let product = varianceA * varianceB + args.epsilon;
    let inverse = ${isSquared ? '1.0 / product' : '1.0 / sqrt(product)'};
    let ncc = ${isSquared ? 'cross * cross' : 'cross'} * inverse;
    let weight = ${isSquared ? '2.0 * cross * inverse' : 'inverse'};
    let slope = ${isSquared ? '-2.0 * ncc * inverse' : '-ncc * inverse * inverse'};
    // A variance that was clamped has none.
    let toA = select(slope * varianceB, 0.0, varianceA == 0.0);
    let toB = select(slope * varianceA, 0.0, varianceB == 0.0);
    total += ncc;
    maps[first] = weight;
    maps[first + args.channels] = toA;
    maps[first + 2u * args.channels] = toB;
    maps[first + 3u * args.channels] = weight * meanB + toA * meanA;
    maps[first + 4u * args.channels] = weight * meanA + toB * meanB;
  }
  let sum = sumOfGroup(total, local);
  if (local == 0u) { partials[group.x] = sum; }
}`,
  };
}

const gradients: Program = {
  name: 'gradients of local correlations',
  code: () => `${declarations(['moved', 'fixed', 'sums'], ['toMoved', 'toFixed'], {
    integers: ['count', 'channels'],
    floats: ['share'],
  })}
${mainPerElement}
  let voxel = index / args.channels;
  let first = voxel * args.channels * ${MAPS}u + index % args.channels;
  let a = moved[index];
  let b = fixed[index];
  let weight = sums[first];
  let pullA = sums[first + 3u * args.channels];
  let pullB = sums[first + 4u * args.channels];
  toMoved[index] = args.share * (pullA - (b * weight + a * sums[first + args.channels]));
  toFixed[index] = args.share * (pullB - (a * weight + b * sums[first + 2u * args.channels]));
}`,
};

/** One minus the mean local correlation, and `[batch, ...spatial, 5 · channels]` for its gradients. */
export function localNcc(
  device: DevicePrograms,
  { moved, fixed }: Pair,
  { window, squared, epsilon }: LocalNccSettings,
): [TensorInfo, TensorInfo] {
  const [count, channels] = [sizeOf(moved.shape), moved.shape.at(-1)!];
  const shape = moved.shape.with(-1, MAPS * channels);
  const summands = device.output(shape);
  device.run(terms, {
    tensors: [moved, fixed, summands],
    integers: [count, channels],
    groups: groupsFor(count, device.mostGroups),
  });
  const sums = sumOverWindows(device, summands, window);
  const [depth, height, width] = [1, ...moved.shape.slice(1, -1)].slice(-3) as [number, number, number];
  const groups = Math.min(MOST_GROUPS, Math.ceil(count / LINE));
  const [maps, partials] = [device.output(shape), device.output([groups])];
  device.run(correlations(squared), {
    tensors: [sums, maps, partials],
    integers: [count, channels, depth, height, width, (window - 1) / 2],
    floats: [epsilon],
    groups: [groups, 1, 1],
  });
  for (const done of [summands, sums]) device.dispose(done);
  return [valueOfPartials(device, partials, { offset: 1, scale: -1 / count }), maps];
}

/** Gradients of that to both images. */
export function localNccGrad(
  device: DevicePrograms,
  { moved, fixed, maps }: Pair & { readonly maps: TensorInfo },
  window: number,
): [TensorInfo, TensorInfo] {
  const count = sizeOf(moved.shape);
  const sums = sumOverWindows(device, maps, window);
  const [toMoved, toFixed] = [device.output(moved.shape), device.output(fixed.shape)];
  device.run(gradients, {
    tensors: [moved, fixed, sums, toMoved, toFixed],
    integers: [count, moved.shape.at(-1)!],
    floats: [1 / count],
    groups: groupsFor(count, device.mostGroups),
  });
  device.dispose(sums);
  return [toMoved, toFixed];
}
