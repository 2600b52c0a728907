import { paramTree, percentileOf, requireIntegers, type Setting, setting, ValueError } from '@sshn/core';
import { dispose, reshape, slice, type Tensor, tidy, zeros } from '@tensorflow/tfjs-core';
import type { Manifest } from '../manifest/schema.js';
import type { LoadedModel } from '../model.js';
import { networkOf } from '../network-of.js';
import { type RunningNetwork, type Runtime, tfjsRuntime } from '../runtime.js';
import type { AccuracyCostPoint } from './pick.js';

/** How `calibrate` measures. */
export interface CalibrateOptions {
  /** `[height, width]` or `[depth, height, width]` of the images. @default the size that the model was trained for */
  readonly size?: readonly number[];
  /** φ of each point, each in [0, 1]. @default those of the manifest's table, else five over the prior's range */
  readonly factors?: readonly number[];
  /** Timed runs per factor, after one that is not; their median counts. @default 5 */
  readonly repeats?: number;
  /** Inputs of the hypernetwork besides factors, where it has such; each in [0, 1], as many as the manifest says. @default none */
  readonly conditions?: readonly number[];
  /**
   * GFLOPs at a factor, for points of which the manifest says nothing. With @sshn/flops:
   * `(factor) => flopsCurve(network, [1, ...size, channels], [factor])[0].flops / 1e9`.
   */
  readonly gflops?: (factor: number) => number;
  /** What runs the networks. @default `tfjsRuntime` */
  readonly runtime?: Runtime;
  /** Called after each run. */
  readonly onProgress?: (progress: CalibrationProgress) => void;
  /** Ends the measurement between two runs; the promise is then rejected with the signal's reason. */
  readonly signal?: AbortSignal;
}

/** How far a calibration has come, in runs. */
export interface CalibrationProgress {
  readonly done: number;
  readonly total: number;
}

/**
 * Measures on this device, with the current backend or another runtime, how long a model's plain network takes at a few factors.
 *
 * The median over runs on one black image, whose first number alone is read back: what the network costs, without
 * preprocessing and without the hypernetwork, which runs once per factor and not per image. Dice and GFLOPs come from the
 * manifest's table, which holds for the size that the model was trained for and no other. Between runs other events get
 * their turn, so that a page can show progress and stop. The model stays the caller's; all else is freed, however it ends.
 *
 * @returns one point per factor, in rising order of factors.
 * @throws {ValueError} if a factor or condition is outside [0, 1], there are more or fewer conditions than the model takes, a
 * size or `repeats` is no positive integer, or there is no factor.
 * @throws {ShapeError} if the network does not take images of that size.
 * @example
 * const model = await fetchModel('cells.safetensors');
 * const points = await calibrate(model, { onProgress: ({ done, total }) => show(done / total) });
 * const { chosen, reason } = pick(points, { maxMilliseconds: 30 });
 */
export async function calibrate(
  { manifest, params }: LoadedModel,
  options: CalibrateOptions = {},
): Promise<AccuracyCostPoint[]> {
  const { size = manifest.preprocessing.size, repeats = 5, conditions = [], onProgress, signal } = options;
  const { runtime = tfjsRuntime } = options;
  requireIntegers('calibrate', { repeats });
  requireIntegers('calibrate: size', Object.fromEntries(size.entries()));
  const factors = [...new Set(options.factors ?? usualFactors(manifest))].sort((a, b) => a - b);
  if (factors.length === 0) {
    throw new ValueError({ where: 'calibrate: factors', got: factors, expected: 'at least one factor' });
  }
  const places = factors.map((factor) => placeOf(manifest, factor, conditions));
  const model = networkOf(manifest);
  const tree = paramTree(model.specs, params);
  const known = knownPoints(manifest, size);

  const channels = channelsOf(manifest);
  const image = zeros([1, ...size, channels]);
  const runs: Run[] = [];
  const weights: ReturnType<typeof model.specialize>[] = [];
  try {
    for (const at of places) {
      const params = model.specialize(tree, at);
      weights.push(params);
      const running = await runtime({ network: model.network, params, at, size, channels });
      runs.push({ running, times: [] });
    }
    const total = runs.length * (repeats + 1);
    // Factors take turns, so that what changes on the machine meanwhile changes all of them.
    for (let done = 0; done < total; done++) {
      await new Promise<void>((resolve) => setTimeout(resolve));
      signal?.throwIfAborted();
      const { running, times } = runs[done % runs.length]!;
      const began = performance.now();
      await readyAfter(await running.apply(image));
      times.push(performance.now() - began);
      onProgress?.({ done: done + 1, total });
    }
    return runs.map(({ times }, i) => {
      const factor = factors[i]!;
      const row = known.find((entry) => Math.abs(entry.factor - factor) < 1e-9);
      return {
        factor,
        // The first run compiles and allocates.
        milliseconds: percentileOf(times.slice(1), 50),
        gflops: row?.gflops ?? options.gflops?.(factor) ?? null,
        dice: row?.dice ?? null,
      };
    });
  } finally {
    for (const { running } of runs) await running.dispose();
    dispose([image, ...weights.map((tree) => tree as unknown as Tensor)]);
  }
}

/** A factor's plain network, and the milliseconds of its runs so far. */
interface Run {
  readonly running: RunningNetwork;
  readonly times: number[];
}

/** Those that the manifest tells of, else five that cover what the model was trained for. */
function usualFactors({ accuracyCost, prior }: Manifest): number[] {
  if (accuracyCost.length > 0) return accuracyCost.map(({ factor }) => factor);
  if (prior.kind === 'constant') return [[prior.factor].flat()[0]!];
  return [0, 0.25, 0.5, 0.75, 1].map((share) => prior.low + share * (prior.high - prior.low));
}

/** The setting with one factor for all steps, in as many copies as the hypernetwork takes. */
function placeOf({ method }: Manifest, factor: number, conditions: readonly number[]): Setting {
  const taken = 'hypernetwork' in method ? method.hypernetwork : { factors: 1, conditions: 0 };
  if (conditions.length !== taken.conditions) {
    throw new ValueError({
      where: 'calibrate: conditions',
      got: conditions,
      expected: taken.conditions === 0 ? 'none, as the model takes none' : `${taken.conditions} in [0, 1]`,
      hint: taken.conditions === 0 ? '' : 'Of a registration model: λ, the weight of its regularizer.',
    });
  }
  return setting({ factor: Array<number>(taken.factors).fill(factor), conditions });
}

/** The rows of the manifest's table, where they hold for images of that size. */
function knownPoints({ accuracyCost, preprocessing }: Manifest, size: readonly number[]) {
  return size.join() === preprocessing.size.join() ? accuracyCost : [];
}

/** Of the network's input: of registration those of both images. */
function channelsOf({ network, preprocessing }: Manifest): number {
  const { inChannels } = network.options;
  return typeof inChannels === 'number' ? inChannels : preprocessing.channels;
}

/** Waits until the device has computed a tensor, and frees it. */
async function readyAfter(output: Tensor): Promise<void> {
  const first = tidy(() => slice(reshape(output, [-1]), 0, 1));
  try {
    await first.data();
  } finally {
    dispose([first, output]);
  }
}
