import type { FullSampling } from '@sshn/ops';
import type { TensorInfo } from '@tensorflow/tfjs-core';
import type { DevicePrograms, Program } from '../dispatch/device-programs.js';
import { forEachElement } from '../dispatch/elements.js';
import { declarations, groupsFor, mainPerElement, sizeOf } from '../dispatch/wgsl.js';
import { forEachCorner, places, sizeNames, sizesOf } from './sampling.js';

/** A thread for each value of the result. */
function forward(rank: number, sampling: FullSampling, isInteger: boolean): Program {
  const type = isInteger ? 'i32' : 'f32';
  return {
    name: `warp ${rank} ${Object.values(sampling).join(' ')} ${type}`,
    code: () => {
      const { functions, body } = places(rank, sampling);
      // Labels stay integers.
      const term = isInteger ? 'i32(weight) * source[' : 'weight * source[';
      return `${declarations([`source: ${type}`, 'field'], [`warped: ${type}`], { integers: ['count', ...sizeNames(rank)] })}
${functions}
${mainPerElement}
  let voxel = index / args.channels;
  let channel = index - voxel * args.channels;
  ${body}
  var value = ${type}(0);
  ${forEachCorner(rank, `value += ${term}row * args.channels + channel];`)}
  warped[index] = value;
}`;
    },
  };
}

/** A thread for each vector of the field. */
function backward(rank: number, sampling: FullSampling): Program {
  const axes = Array.from({ length: rank }, (_, k) => k);
  return {
    name: `warp gradient to field ${rank} ${Object.values(sampling).join(' ')}`,
    code: () => {
      const { functions, body } = places(rank, sampling);
      const visit = `
    var along = 0.0;
    for (var channel = 0u; channel < args.channels; channel++) {
      along += source[row * args.channels + channel] * dy[index * args.channels + channel];
    }
    ${axes.map((k) => `total${k} += slope${k} * along;`).join(' ')}`;
      return `${declarations(['dy', 'source', 'field'], ['gradient'], { integers: ['count', ...sizeNames(rank)] })}
${functions}
${mainPerElement}
  let voxel = index;
  ${body}
  ${axes.map((k) => `var total${k} = 0.0;`).join(' ')}
  ${forEachCorner(rank, visit, { withSlopes: true })}
  ${axes.map((k) => `gradient[index * ${rank}u + ${k}u] = total${k};`).join('\n  ')}
}`;
    },
  };
}

const zeros: Program = {
  name: 'zeros',
  code: () => `${declarations([], ['x'], { integers: ['count'] })}
${mainPerElement}
  x[index] = 0.0;
}`,
};

/** Image `[batch, ...size, channels]` at the places of field `[batch, ...spatial, rank]`: `[batch, ...spatial, channels]`. */
export function warp(
  device: DevicePrograms,
  { image, field }: { readonly image: TensorInfo; readonly field: TensorInfo },
  { interpolation, padding }: FullSampling,
): TensorInfo {
  const channels = image.shape.at(-1)!;
  const [from, to] = [image.shape.slice(1, -1), field.shape.slice(1, -1)];
  const isInteger = device.storedType(image) !== 'float32';
  return forEachElement(device, forward(from.length, { interpolation, padding }, isInteger), {
    inputs: [image, field],
    output: device.output([...field.shape.slice(0, -1), channels], image.dtype),
    integers: sizesOf(channels, from, to),
  });
}

/** The gradient to the field from dy `[batch, ...spatial, channels]`; zeros where the nearest voxel is taken. */
export function warpGradField(
  device: DevicePrograms,
  { dy, image, field }: { readonly dy: TensorInfo; readonly image: TensorInfo; readonly field: TensorInfo },
  { interpolation, padding }: FullSampling,
): TensorInfo {
  const output = device.output(field.shape);
  if (interpolation === 'nearest') return forEachElement(device, zeros, { inputs: [], output });
  const [from, to] = [image.shape.slice(1, -1), field.shape.slice(1, -1)];
  const count = sizeOf(field.shape.slice(0, -1));
  device.run(backward(from.length, { interpolation, padding }), {
    tensors: [dy, image, field, output],
    integers: [count, ...sizesOf(image.shape.at(-1)!, from, to)],
    groups: groupsFor(count, device.mostGroups),
  });
  return output;
}
