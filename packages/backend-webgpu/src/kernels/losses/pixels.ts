import type { TensorInfo } from '@tensorflow/tfjs-core';
import type { DevicePrograms } from '../dispatch/device-programs.js';
import { sizeOf } from '../dispatch/wgsl.js';

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
