import { paramTree, percentileOf, requireIntegers, type Setting, setting, ValueError } from '@sshn/core';
import { dispose, reshape, slice, type Tensor, tidy, zeros } from '@tensorflow/tfjs-core';
import { inputSize, type Manifest } from '../manifest/schema.js';
import type { LoadedModel } from '../model.js';
import { networkOf } from '../network-of.js';
import { type RunningNetwork, type Runtime, tfjsRuntime } from '../runtime.js';
import { type AccuracyCostPoint, type NamedSetting, namedSetting, settingKey } from './point.js';

/** How `calibrate` measures. */
export interface CalibrateOptions {
  /** `[height, width]` or `[depth, height, width]` of the images. @default the size that the model was trained for */
  readonly size?: readonly number[];
  /**
   * Of each point: a factor in [0, 1], or an object with a width or a resolution too.
   *
   * @default those of the manifest's table, else five factors over the prior's range
   */
  readonly settings?: ReadonlyArray<number | NamedSetting>;
  /** Timed runs per setting, after one that is not; their median counts. @default 5 */
  readonly repeats?: number;
  /** Inputs of the hypernetwork besides factors, where it has such; each in [0, 1], as many as the manifest says. @default none */
  readonly conditions?: readonly number[];
  /**
   * What a setting costs, for points of which the manifest says nothing. With @sshn/flops:
   * `(at) => ({ gflops: countModule(network, { inputShape: [1, ...size, channels], at }).flops / 1e9 })`.
   */
  readonly cost?: (at: Setting) => { readonly gflops: number; readonly mebibytes?: number };
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
 * Measures on this device, with the current backend or another runtime, how long a model's plain network takes at a few settings.
 *
 * The median over runs on one black image, whose first number alone is read back: what the network costs, without
 * preprocessing and without the hypernetwork, which runs once per setting and not per image. Dice and GFLOPs come from the
 * manifest's table, which holds for the size that the model was trained for and no other. Between runs other events get
 * their turn, so that a page can show progress and stop. The model stays the caller's; all else is freed, however it ends.
 *
 * @returns one point per setting, each once, in rising order of factors, then widths, then resolutions.
 * @throws {ValueError} if a factor or condition is outside [0, 1], a width or resolution outside (0, 1] or not of this model, there are
 * more or fewer conditions than it takes, a size or `repeats` is no positive integer, or there is no setting.
 * @throws {ShapeError} if the network does not take images of that size.
 * @example
 * const model = await fetchModel('cells.safetensors');
 * const points = await calibrate(model, { onProgress: ({ done, total }) => show(done / total) });
 * const { chosen, reason } = pick(points, { milliseconds: 30 });
 */
export async function calibrate(
  { manifest, params }: LoadedModel,
  options: CalibrateOptions = {},
): Promise<AccuracyCostPoint[]> {
  const { size = inputSize(manifest), repeats = 5, conditions = [], onProgress, signal } = options;
  const { runtime = tfjsRuntime } = options;
  requireIntegers('calibrate', { repeats });
  requireIntegers('calibrate: size', Object.fromEntries(size.entries()));
  const places = placesOf(manifest, options.settings ?? usualSettings(manifest), conditions);
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
    // Settings take turns, so that what changes on the machine meanwhile changes all of them.
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
      const at = places[i]!;
      const row = known.get(settingKey(namedSetting(at)));
      const { gflops = null, mebibytes = null } = { ...options.cost?.(at) };
      return {
        ...namedSetting(at),
        // The first run compiles and allocates.
        milliseconds: percentileOf(times.slice(1), 50),
        gflops: row?.gflops ?? gflops,
        ...(row?.mebibytes === undefined && mebibytes === null
          ? {}
          : { mebibytes: row?.mebibytes ?? mebibytes }),
        dice: row?.dice ?? null,
      };
    });
  } finally {
    for (const { running } of runs) await running.dispose();
    dispose([image, ...weights.map((tree) => tree as unknown as Tensor)]);
  }
}

/** A setting's plain network, and the milliseconds of its runs so far. */
interface Run {
  readonly running: RunningNetwork;
  readonly times: number[];
}

/** Those that the manifest tells of, else five factors that cover what the model was trained for. */
function usualSettings({ accuracyCost, prior }: Manifest): ReadonlyArray<number | NamedSetting> {
  if (accuracyCost.length > 0) return accuracyCost;
  if (prior.kind === 'constant') return [{ factor: prior.factor }];
  return [0, 0.25, 0.5, 0.75, 1].map((share) => prior.low + share * (prior.high - prior.low));
}

/** Settings, each once, in rising order; one factor in as many copies as the hypernetwork takes. */
function placesOf(
  manifest: Manifest,
  settings: ReadonlyArray<number | NamedSetting>,
  conditions: readonly number[],
): Setting[] {
  if (settings.length === 0) {
    throw new ValueError({ where: 'calibrate: settings', got: settings, expected: 'at least one' });
  }
  const places = new Map<string, Setting>();
  for (const given of settings) {
    const named = typeof given === 'number' ? { factor: given } : given;
    places.set(settingKey(named), placeOf(manifest, named, conditions));
  }
  return [...places.values()].sort(
    (a, b) => compareLists(a.factors, b.factors) || a.width - b.width || a.resolution - b.resolution,
  );
}

function compareLists(a: readonly number[], b: readonly number[]): number {
  const place = a.findIndex((value, i) => value !== b[i]);
  return place === -1 ? 0 : a[place]! - (b[place] ?? 0);
}

function placeOf(
  { method, network }: Manifest,
  { factor, width, resolution }: NamedSetting,
  conditions: readonly number[],
): Setting {
  for (const [knob, value = 1] of [
    ['width', width],
    ['resolution', resolution],
  ] as const) {
    if (value === 1 || network.knobs?.includes(knob)) continue;
    throw new ValueError({
      where: `calibrate: ${knob}`,
      got: value,
      expected: `none: the model was trained at one ${knob}`,
    });
  }
  const taken = 'hypernetwork' in method ? method.hypernetwork : { factors: 1, conditions: 0 };
  if (conditions.length !== taken.conditions) {
    throw new ValueError({
      where: 'calibrate: conditions',
      got: conditions,
      expected: taken.conditions === 0 ? 'none, as the model takes none' : `${taken.conditions} in [0, 1]`,
      hint: taken.conditions === 0 ? '' : 'Of a registration model: λ, the weight of its regularizer.',
    });
  }
  const factors = typeof factor === 'number' ? Array<number>(taken.factors).fill(factor) : factor;
  return setting({ factors, width, resolution, conditions });
}

/** The rows of the manifest's table by their settings, where they hold for images of that size. */
function knownPoints(manifest: Manifest, size: readonly number[]) {
  const rows = size.join() === inputSize(manifest).join() ? manifest.accuracyCost : [];
  return new Map(rows.map((row) => [settingKey(row), row]));
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
