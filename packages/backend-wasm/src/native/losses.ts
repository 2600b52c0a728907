import type { SoftDiceSettings } from '@sshn/ops';
import type { TensorInfo } from '@tensorflow/tfjs-core';
import { bytesOf, SIZES } from './layout.js';
import { type NativeModule, sizeOf } from './module.js';

/** What a loss compares: logits `[batch, ...spatial, labels]` and labels, int32 `[batch, ...spatial]` or float32 of the logits' shape. */
interface Compared {
  readonly logits: TensorInfo;
  readonly labels: TensorInfo;
}

/** Mean cross-entropy of softmax(logits), and its gradient to the logits. */
export function crossEntropy(native: NativeModule, { logits, labels }: Compared): [TensorInfo, TensorInfo] {
  const loss = native.output([]);
  const gradient = native.output(logits.shape);
  const { pixels, count, isSoft } = measures(logits, labels);
  const tasks = Math.ceil(pixels / SIZES.LOSS_GRAIN);
  const addresses = addressesOf(native, { logits, truth: labels, gradient });
  const { args, partials } = native.reserve({ args: bytesOf('CrossEntropyArgs'), partials: tasks * 8 });
  native.start('crossEntropy', { ...addresses, partials, pixels, labels: count, isSoft }, tasks, args);
  native.floats()[native.address(loss) >>> 2] = native.exports.meanOfPartials(partials, tasks, pixels);
  return [loss, gradient];
}

/** One minus the mean soft Dice of softmax(logits), and its gradient to the logits. */
export function softDice(
  native: NativeModule,
  { logits, labels }: Compared,
  { squaredDenominator, smooth, includeBackground, perSample }: SoftDiceSettings,
): [TensorInfo, TensorInfo] {
  const loss = native.output([]);
  const gradient = native.output(logits.shape);
  const { pixels, count, isSoft } = measures(logits, labels);
  const groups = perSample ? logits.shape[0]! : 1;
  const groupPixels = pixels / groups;
  const tasks = Math.ceil(groupPixels / SIZES.LOSS_GRAIN);
  const firstLabel = includeBackground ? 0 : 1;
  const weight = 1 / ((count - firstLabel) * groups);
  const isSquared = squaredDenominator ? 1 : 0;
  const addresses = addressesOf(native, { logits, truth: labels, gradient });
  const sumBytes = groups * tasks * count * SIZES.DICE_ENTRY;
  const { args, sums } = native.reserve({ args: bytesOf('DiceArgs'), sums: sumBytes });
  const values = { ...addresses, sums, pixels: groupPixels, labels: count, tasks, isSoft, isSquared };
  native.start('softDiceSums', values, groups * tasks, args);
  const dice = native.exports.softDice(sums, groups, tasks, count, firstLabel, weight, smooth, isSquared);
  native.run('softDiceGradient', args, groups * tasks);
  native.floats()[native.address(loss) >>> 2] = 1 - dice;
  return [loss, gradient];
}

function addressesOf(
  native: NativeModule,
  { logits, truth, gradient }: Readonly<Record<'logits' | 'truth' | 'gradient', TensorInfo>>,
): Readonly<Record<'logits' | 'truth' | 'gradient', number>> {
  return {
    logits: native.address(logits),
    truth: native.address(truth),
    gradient: native.address(gradient),
  };
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
