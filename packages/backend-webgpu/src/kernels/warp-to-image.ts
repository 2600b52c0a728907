import type { FullSampling } from '@sshn/ops';
import type { TensorInfo } from '@tensorflow/tfjs-core';
import type { DevicePrograms, Program } from './device-programs.js';
import { forEachCorner, NAN_BITS, places, sizeNames, sizesOf } from './warp.js';
import { declarations, forEachElement, groupsFor, mainPerElement, sizeOf } from './wgsl.js';

/*
 * Every place adds to the voxels it reads, so threads add to the same numbers, in an order of their own. Sums of floats
 * depend on the order, sums of integers do not: what is added are integers of 64 bits, in units of a power of two far below
 * the last bit of the largest entry of dy, in two words with a carry. So a run gives the same bits again, and no lock waits.
 */

/** Bits of a sum but for its sign and one to spare. */
const SUM_BITS = 62;
/** More than these below the largest entry of dy are not asked for. */
const MOST_BITS = 56;

/** Zeros, as integers. */
const cleared: Program = {
  name: 'integer zeros',
  code: () => `${declarations([], ['sums: u32'], { integers: ['count'] })}
${mainPerElement}
  sums[index] = 0u;
}`,
};

/**
 * The largest magnitude, as the bits of a float that has no sign: these order like integers, and a NaN is the greatest. It
 * stands in the word behind the sums.
 */
const largest: Program = {
  name: 'largest magnitude',
  code: () => `${declarations(['x'], ['sums: atomic<u32>'], { integers: ['count', 'wordOfMost'] })}
var<workgroup> found: atomic<u32>;
@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32) {
  var mine = 0u;
  for (var at = group.x * 256u + local; at < args.count; at += groups.x * 256u) {
    mine = max(mine, bitcast<u32>(x[at]) & 0x7fffffffu);
  }
  atomicMax(&found, mine);
  workgroupBarrier();
  if (local == 0u) { atomicMax(&sums[args.wordOfMost], atomicLoad(&found)); }
}`,
};

/** A power of two above the largest magnitude; without a meaning where that is not finite. */
const powers = `
fn exponentOf(most: u32) -> i32 { return clamp(i32(most >> 23u) - 126, -100, 126); }
fn powerOfTwo(exponent: i32) -> f32 { return bitcast<f32>(u32(exponent + 127) << 23u); }`;

function scattered(rank: number, sampling: FullSampling): Program {
  return {
    name: `warp gradient to image ${rank} ${Object.values(sampling).join(' ')}`,
    code: () => {
      const { functions, body } = places(rank, sampling);
      const visit = `
    let part = weight * share;
    if (!isFinite(part)) { atomicMax(&sums[args.wordOfMost], args.nan); }
    else if (part != 0.0) { addTo(row * args.channels + channel, part); }`;
      return `${declarations(['dy', 'field'], ['sums: atomic<u32>'], {
        integers: ['count', 'wordOfMost', ...sizeNames(rank)],
        floats: ['toUpper'],
      })}
${functions}
${powers}
fn addTo(at: u32, value: f32) {
  let wide = abs(value) * args.toUpper;
  var high = u32(wide);
  var low = u32((wide - floor(wide)) * 4294967296.0);
  if (value < 0.0) {
    high = ~high + select(0u, 1u, low == 0u);
    low = ~low + 1u;
  }
  let before = atomicAdd(&sums[2u * at], low);
  let carry = select(0u, 1u, before + low < before);
  if (high + carry != 0u) { atomicAdd(&sums[2u * at + 1u], high + carry); }
}
${mainPerElement}
  let voxel = index / args.channels;
  let channel = index - voxel * args.channels;
  let share = dy[index] * powerOfTwo(-exponentOf(atomicLoad(&sums[args.wordOfMost])));
  ${body}
  ${forEachCorner(rank, visit)}
}`;
    },
  };
}

/** Sums as floats; none is a number where a term was none. */
const toFloats: Program = {
  name: 'floats of wide integers',
  code: () => `${declarations(['sums: u32'], ['gradient'], {
    integers: ['count', 'wordOfMost', 'nan'],
    floats: ['fromUpper'],
  })}
${powers}
${mainPerElement}
  var low = sums[2u * index];
  var high = sums[2u * index + 1u];
  let isNegative = high >= 0x80000000u;
  if (isNegative) {
    high = ~high + select(0u, 1u, low == 0u);
    low = ~low + 1u;
  }
  let most = sums[args.wordOfMost];
  let magnitude = (f32(high) + f32(low) / 4294967296.0) * args.fromUpper * powerOfTwo(exponentOf(most));
  gradient[index] = select(select(magnitude, -magnitude, isNegative), bitcast<f32>(args.nan), most >= 0x7f800000u);
}`,
};

/**
 * The gradient to an image of size `inputSize` from dy `[batch, ...spatial, channels]`: the same bits in every run.
 *
 * Where dy or a displacement is not finite, no entry is a number.
 */
export function warpGradImage(
  device: DevicePrograms,
  {
    dy,
    field,
    inputSize,
  }: { readonly dy: TensorInfo; readonly field: TensorInfo; readonly inputSize: readonly number[] },
  { interpolation, padding }: FullSampling,
): TensorInfo {
  const [rank, channels] = [inputSize.length, dy.shape.at(-1)!];
  const shape = [dy.shape[0]!, ...inputSize, channels];
  const to = field.shape.slice(1, -1);
  // All places of an image may add to one voxel.
  const bits = Math.min(MOST_BITS, SUM_BITS - Math.ceil(Math.log2(sizeOf(to) + 1)));
  const [count, wordOfMost] = [sizeOf(dy.shape), 2 * sizeOf(shape)];
  const sums = forEachElement(device, cleared, {
    inputs: [],
    output: device.output([wordOfMost + 1], 'int32'),
  });
  device.run(largest, {
    tensors: [dy, sums],
    integers: [count, wordOfMost],
    groups: [Math.min(256, Math.ceil(count / 256)), 1, 1],
  });
  device.run(scattered(rank, { interpolation, padding }), {
    tensors: [dy, field, sums],
    integers: [count, wordOfMost, ...sizesOf(channels, inputSize, to)],
    floats: [2 ** (bits - 32)],
    groups: groupsFor(count, device.mostGroups),
  });
  const gradient = forEachElement(device, toFloats, {
    inputs: [sums],
    output: device.output(shape),
    integers: [wordOfMost, NAN_BITS],
    floats: [2 ** (32 - bits)],
  });
  device.dispose(sums);
  return gradient;
}
