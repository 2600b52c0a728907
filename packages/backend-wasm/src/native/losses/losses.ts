import type { TensorInfo } from '@tensorflow/tfjs-core';

import { sizeOf } from '../geometry.js';
import type { NativeModule } from '../module.js';

/** What a loss compares: logits `[batch, ...spatial, labels]` and labels, int32 `[batch, ...spatial]` or float32 of the logits' shape. */
interface Compared {
  readonly logits: TensorInfo;
  readonly labels: TensorInfo;
}

/** Attributes of `SshnSoftDice`. */
export interface DiceSettings {
  readonly squaredDenominator: boolean;
  readonly smooth: number;
  readonly includeBackground: boolean;
  readonly perSample: boolean;
}

/** Pixels of one task of either loss. */
const PIXELS_PER_TASK = 4096;

/** Size of `CrossEntropyArgs` of `assembly/cross-entropy.ts` in bytes. */
const CROSS_ENTROPY_ARGS_BYTES = 7 * 4;

/** Size of `DiceArgs` of `assembly/soft-dice.ts` in bytes, and bytes per label of its sums. */
const DICE_ARGS_BYTES = 9 * 4;
const DICE_ENTRY = 16;

/** Mean cross-entropy of softmax(logits), and its gradient to the logits. */
export function crossEntropy(native: NativeModule, { logits, labels }: Compared): TensorInfo[] {
  const loss = native.output([]);
  const gradient = native.output(logits.shape);
  const { pixels, count, isSoft } = measures(logits, labels);
  const tasks = Math.ceil(pixels / PIXELS_PER_TASK);
  const addresses = [logits, labels, gradient].map((tensor) => native.address(tensor));
  const at = native.reserve({ args: CROSS_ENTROPY_ARGS_BYTES, partials: tasks * 8 });
  native.words().set([...addresses, at.partials, pixels, count, isSoft], at.args / 4);
  native.run('crossEntropy', at.args, tasks);
  native.floats()[native.address(loss) >>> 2] = native.exports.meanOfPartials(at.partials, tasks, pixels);
  return [loss, gradient];
}

/** One minus the mean soft Dice of softmax(logits), and its gradient to the logits. */
export function softDice(
  native: NativeModule,
  { logits, labels }: Compared,
  { squaredDenominator, smooth, includeBackground, perSample }: DiceSettings,
): TensorInfo[] {
  const loss = native.output([]);
  const gradient = native.output(logits.shape);
  const { pixels, count, isSoft } = measures(logits, labels);
  const groups = perSample ? logits.shape[0]! : 1;
  const groupPixels = pixels / groups;
  const tasks = Math.ceil(groupPixels / PIXELS_PER_TASK);
  const firstLabel = includeBackground ? 0 : 1;
  const weight = 1 / ((count - firstLabel) * groups);
  const isSquared = squaredDenominator ? 1 : 0;
  const addresses = [logits, labels, gradient].map((tensor) => native.address(tensor));
  const { args, sums } = native.reserve({ args: DICE_ARGS_BYTES, sums: groups * tasks * count * DICE_ENTRY });
  native.words().set([...addresses, sums, groupPixels, count, tasks, isSoft, isSquared], args / 4);
  native.run('softDiceSums', args, groups * tasks);
  const dice = native.exports.softDice(sums, groups, tasks, count, firstLabel, weight, smooth, isSquared);
  native.run('softDiceGradient', args, groups * tasks);
  native.floats()[native.address(loss) >>> 2] = 1 - dice;
  return [loss, gradient];
}

function measures(
  logits: TensorInfo,
  labels: TensorInfo,
): { readonly pixels: number; readonly count: number; readonly isSoft: number } {
  const count = logits.shape.at(-1)!;
  return {
    pixels: sizeOf(logits.shape) / count,
    count,
    isSoft: labels.shape.length === logits.shape.length ? 1 : 0,
  };
}
