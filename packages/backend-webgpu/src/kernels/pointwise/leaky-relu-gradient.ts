import type { TensorInfo } from '@tensorflow/tfjs-core';
import type { DevicePrograms, Program } from '../dispatch/device-programs.js';
import { declarations, groupsFor, mainPerElement, sizeOf } from '../dispatch/wgsl.js';

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
