import type { SoftDiceSettings } from '@sshn/ops';
import type { TensorInfo } from '@tensorflow/tfjs-core';
import type { DevicePrograms, Program } from './device-programs.js';
import { sumOfGroup, valueOfPartials } from './reduction.js';
import { declarations, groupsFor, LINE, mainPerElement, sizeOf } from './wgsl.js';

/** What a loss compares: logits `[batch, ...spatial, labels]` and labels, int32 `[batch, ...spatial]` or float32 of the logits' shape. */
export interface Compared {
  readonly logits: TensorInfo;
  readonly labels: TensorInfo;
}

/** How labels come. */
export interface LabelKind {
  /** A share of each label, rather than the one label. */
  readonly isSoft: boolean;
  /** How the device holds them. */
  readonly type: 'i32' | 'f32';
}

export function measures(
  device: DevicePrograms,
  { logits, labels }: Compared,
): { readonly pixels: number; readonly count: number; readonly kind: LabelKind } {
  const count = logits.shape.at(-1)!;
  return {
    pixels: sizeOf(logits.shape) / count,
    count,
    kind: {
      isSoft: labels.shape.length === logits.shape.length,
      type: device.storedType(labels) === 'float32' ? 'f32' : 'i32',
    },
  };
}

/** WGSL `truth(pixel, label)`: the share of a label; an integer that is no label counts as none. */
export function truth({ isSoft }: LabelKind): string {
  return `
fn truth(pixel: u32, label: u32) -> f32 {
  return ${isSoft ? 'f32(labels[pixel * args.labelCount + label])' : 'select(0.0, 1.0, i32(labels[pixel]) == i32(label))'};
}`;
}

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

/** Pixels of one partial sum, and how many there are of a label at most. */
const PIXELS_PER_PART = 4096;
const MOST_PARTS = 256;

const softmax: Program = {
  name: 'softmax of pixels',
  code: () => `${declarations(['logits'], ['shares'], { integers: ['count', 'labelCount'] })}
${mainPerElement}
  let row = index * args.labelCount;
  var largest = logits[row];
  for (var label = 1u; label < args.labelCount; label++) { largest = max(largest, logits[row + label]); }
  var total = 0.0;
  for (var label = 0u; label < args.labelCount; label++) { total += exp(logits[row + label] - largest); }
  for (var label = 0u; label < args.labelCount; label++) {
    shares[row + label] = exp(logits[row + label] - largest) / total;
  }
}`,
};

/** Σ p t and Σ pᵏ + tᵏ over part of the pixels of a scope (a sample, or all of them) for one label: `[scope, label, part, 2]`. */
function overlaps(kind: LabelKind, isSquared: boolean): Program {
  const size = isSquared ? 'p * p + t * t' : 'p + t';
  return {
    name: `overlaps ${kind.isSoft} ${kind.type} ${isSquared}`,
    code: () => `${declarations(['shares', `labels: ${kind.type}`], ['partials'], {
      integers: ['scopePixels', 'labelCount'],
    })}
${truth(kind)}
${sumOfGroup}
@compute @workgroup_size(${LINE})
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32) {
  let label = group.y;
  let first = group.z * args.scopePixels;
  var overlap = 0.0;
  var size = 0.0;
  for (var at = group.x * ${LINE}u + local; at < args.scopePixels; at += groups.x * ${LINE}u) {
    let pixel = first + at;
    let p = shares[pixel * args.labelCount + label];
    let t = truth(pixel, label);
    overlap += p * t;
    size += ${size};
  }
  let overlapSum = sumOfGroup(overlap, local);
  let sizeSum = sumOfGroup(size, local);
  if (local == 0u) {
    let part = (group.z * args.labelCount + label) * groups.x + group.x;
    partials[2u * part] = overlapSum;
    partials[2u * part + 1u] = sizeSum;
  }
}`,
  };
}

/** The loss, and for each scope and label the slope of it by p: `slopes[0] t + slopes[1] pᵏ⁻¹`. */
function scores(isSquared: boolean): Program {
  return {
    name: `dice of overlaps ${isSquared}`,
    code: () => `${declarations(['partials'], ['slopes', 'loss'], {
      integers: ['rows', 'labelCount', 'parts', 'firstLabel'],
      floats: ['weight', 'smoothing'],
    })}
${sumOfGroup}
@compute @workgroup_size(${LINE})
fn main(@builtin(local_invocation_index) local: u32) {
  var mine = 0.0;
  for (var row = local; row < args.rows; row += ${LINE}u) {
    var overlap = 0.0;
    var size = args.smoothing;
    for (var part = row * args.parts; part < (row + 1u) * args.parts; part++) {
      overlap += partials[2u * part];
      size += partials[2u * part + 1u];
    }
    let isCounted = row % args.labelCount >= args.firstLabel;
    let dice = (2.0 * overlap + args.smoothing) / size;
    mine += select(0.0, args.weight * dice, isCounted);
    slopes[2u * row] = select(0.0, -2.0 * args.weight / size, isCounted);
    slopes[2u * row + 1u] = select(0.0, ${isSquared ? '2.0 * ' : ''}args.weight * dice / size, isCounted);
  }
  let sum = sumOfGroup(mine, local);
  if (local == 0u) { loss[0] = 1.0 - sum; }
}`,
  };
}

/** Back through softmax: p (slope − Σ p slope). */
function backward(kind: LabelKind, isSquared: boolean): Program {
  return {
    name: `dice gradient ${kind.isSoft} ${kind.type} ${isSquared}`,
    code: () => `${declarations(['shares', `labels: ${kind.type}`, 'slopes'], ['gradient'], {
      integers: ['count', 'labelCount', 'scopePixels'],
    })}
${truth(kind)}
fn slopeOf(pixel: u32, label: u32, p: f32) -> f32 {
  let row = pixel / args.scopePixels * args.labelCount + label;
  return slopes[2u * row] * truth(pixel, label) + slopes[2u * row + 1u]${isSquared ? ' * p' : ''};
}
${mainPerElement}
  let row = index * args.labelCount;
  var mean = 0.0;
  for (var label = 0u; label < args.labelCount; label++) {
    let p = shares[row + label];
    mean += p * slopeOf(index, label, p);
  }
  for (var label = 0u; label < args.labelCount; label++) {
    let p = shares[row + label];
    gradient[row + label] = p * (slopeOf(index, label, p) - mean);
  }
}`,
  };
}

/** One minus the mean soft Dice of softmax(logits), and its gradient to the logits. */
export function softDice(
  device: DevicePrograms,
  { logits, labels }: Compared,
  { squaredDenominator, smooth, includeBackground, perSample }: SoftDiceSettings,
): [TensorInfo, TensorInfo] {
  const { pixels, count, kind } = measures(device, { logits, labels });
  const scopes = perSample ? logits.shape[0]! : 1;
  const [scopePixels, rows, firstLabel] = [pixels / scopes, scopes * count, includeBackground ? 0 : 1];
  const parts = Math.min(MOST_PARTS, Math.ceil(scopePixels / PIXELS_PER_PART));
  const each = groupsFor(pixels, device.mostGroups);
  const [loss, gradient, shares] = [
    device.output([]),
    device.output(logits.shape),
    device.output(logits.shape),
  ];
  const [partials, slopes] = [device.output([rows, parts, 2]), device.output([rows, 2])];
  device.run(softmax, { tensors: [logits, shares], integers: [pixels, count], groups: each });
  device.run(overlaps(kind, squaredDenominator), {
    tensors: [shares, labels, partials],
    integers: [scopePixels, count],
    groups: [parts, count, scopes],
  });
  device.run(scores(squaredDenominator), {
    tensors: [partials, slopes, loss],
    integers: [rows, count, parts, firstLabel],
    floats: [1 / ((count - firstLabel) * scopes), smooth],
    groups: [1, 1, 1],
  });
  device.run(backward(kind, squaredDenominator), {
    tensors: [shares, labels, slopes, gradient],
    integers: [pixels, count, scopePixels],
    groups: each,
  });
  for (const done of [shares, partials, slopes]) device.dispose(done);
  return [loss, gradient];
}
