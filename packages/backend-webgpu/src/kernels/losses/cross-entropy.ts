import type { TensorInfo } from '@tensorflow/tfjs-core';
import type { DevicePrograms, Program } from '../dispatch/device-programs.js';
import { declarations, LINE } from '../dispatch/wgsl.js';
import { type Compared, type LabelKind, measures, truth } from './pixels.js';
import { sumOfGroup } from './sum-of-group.js';
import { valueOfPartials } from './value-of-partials.js';

/** Workgroups at most: each leaves one number, which a single one adds up. */
const MOST_GROUPS = 1024;

/** A thread for a pixel: the gradient to all of its logits, and what it adds to the loss. */
function perPixel(kind: LabelKind): Program {
  return {
    name: `cross-entropy ${kind.isSoft} ${kind.type}`,
    code: () => `${declarations(['logits', `labels: ${kind.type}`], ['gradient', 'partials'], {
      integers: ['pixels', 'labelCount'],
    })}
${truth(kind)}
${sumOfGroup}
@compute @workgroup_size(${LINE})
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32) {
  var loss = 0.0;
  for (var pixel = group.x * ${LINE}u + local; pixel < args.pixels; pixel += groups.x * ${LINE}u) {
    let row = pixel * args.labelCount;
    var largest = logits[row];
    for (var label = 1u; label < args.labelCount; label++) { largest = max(largest, logits[row + label]); }
    var total = 0.0;
    var aimed = 0.0;
    for (var label = 0u; label < args.labelCount; label++) {
      let shifted = logits[row + label] - largest;
      total += exp(shifted);
      aimed += truth(pixel, label) * shifted;
    }
    loss += log(total) - aimed;
    for (var label = 0u; label < args.labelCount; label++) {
      let share = exp(logits[row + label] - largest) / total;
      gradient[row + label] = (share - truth(pixel, label)) / f32(args.pixels);
    }
  }
  let sum = sumOfGroup(loss, local);
  if (local == 0u) { partials[group.x] = sum; }
}`,
  };
}

/** Mean cross-entropy of softmax(logits), and its gradient to the logits. */
export function crossEntropy(device: DevicePrograms, { logits, labels }: Compared): [TensorInfo, TensorInfo] {
  const { pixels, count, kind } = measures(device, { logits, labels });
  const groups = Math.min(MOST_GROUPS, Math.ceil(pixels / LINE));
  const [gradient, partials] = [device.output(logits.shape), device.output([groups])];
  device.run(perPixel(kind), {
    tensors: [logits, labels, gradient, partials],
    integers: [pixels, count],
    groups: [groups, 1, 1],
  });
  return [valueOfPartials(device, partials, { scale: 1 / pixels }), gradient];
}
