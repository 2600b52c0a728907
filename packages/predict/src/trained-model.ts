import {
  countParams,
  type Factor,
  namedParams,
  namedSpecs,
  networkAt,
  type ParamsOf,
  paramTree,
  type Setting,
  type SpecNode,
  ValueError,
  watchScopes,
} from '@sshn/core';
import { countModule } from '@sshn/flops';
import {
  type AccuracyCostPoint,
  type Budget,
  BudgetError,
  type CalibrateOptions,
  type Choice,
  calibrate,
  describePlain,
  inputSize,
  isLimited,
  type LoadedModel,
  type Manifest,
  type Model,
  type NamedSetting,
  namedSetting,
  networkOf,
  outsideTraining,
  pick,
  type RunningNetwork,
  type Runtime,
  settingKey,
  tfjsRuntime,
} from '@sshn/model';
import { dispose, type Tensor } from '@tensorflow/tfjs-core';
import { type Chosen, type SettingChoice, settingOf, settingWords } from './setting-choice.js';

/** A plain network that was made, and what runs it once it has run. */
interface Kept {
  readonly weights: ParamsOf<SpecNode>;
  running: Promise<RunningNetwork> | undefined;
}

/** Plain networks kept at once; each takes as much memory as the network has weights. */
const keptNetworks = 8;

/**
 * A trained model that is open: its network at any setting, with weights predicted once per setting and kept.
 *
 * The base of `Segmenter` and `Registrar`. Close it with `dispose`, or declare it with `using`.
 */
export abstract class TrainedModel {
  readonly manifest: Manifest;
  protected readonly model: ReturnType<typeof networkOf>;
  readonly #params: LoadedModel['params'];
  readonly #tree: ParamsOf<ReturnType<typeof networkOf>['specs']>;
  readonly #runtime: Runtime;
  readonly #kept = new Map<string, Kept>();
  #points: readonly AccuracyCostPoint[] | undefined;

  /**
   * @param loaded Its tensors become this model's.
   * @throws {StructureError} if the weights do not fit the manifest's network.
   */
  protected constructor({ manifest, params }: LoadedModel, runtime: Runtime = tfjsRuntime) {
    this.#runtime = runtime;
    this.manifest = manifest;
    this.model = networkOf(manifest);
    this.#params = params;
    this.#tree = paramTree(this.model.specs, params);
  }

  /**
   * The setting for a budget or for given words, and why it was taken.
   *
   * A budget chooses factor, width and resolution from `points`: of the settings that meet all limits the most accurate, where
   * only Dice is limited the cheapest. Words that the model was not trained for are taken as they are, and `reason` tells so.
   *
   * @throws {BudgetError} if no setting meets the budget, saying which limit fails by how much and what comes nearest.
   * @throws {ValueError} if the words do not fit the model or come with a budget, if milliseconds are limited before
   * `calibrate` was called, or Dice where the model has no table.
   */
  choose({ factor, lambda, width, inputResolution, ...budget }: SettingChoice = {}): Chosen {
    const { gflops, milliseconds, mebibytes, dice } = budget;
    const limits = { gflops, milliseconds, mebibytes, dice };
    if (!isLimited(limits)) {
      const at = settingOf(this.manifest, { factor, lambda, width, resolution: inputResolution });
      const why = factor === undefined ? 'the largest of training' : 'as asked for';
      const told = [`Factor ${settingWords(at, why)}.`, outsideTraining(this.manifest, namedSetting(at))];
      const reason = told.filter((one) => one !== undefined).join(' ');
      return { at, reason, ...this.#expectedAt(at) };
    }
    for (const [name, value] of Object.entries({ factor, width, inputResolution })) {
      if (value === undefined) continue;
      throw new ValueError({
        where: `choose: ${name}`,
        got: value,
        expected: `a ${name} or a budget, not both`,
        hint: 'A budget decides about factor, width and resolution.',
      });
    }
    const { chosen, reason } = this.#pick(limits);
    const at = settingOf(this.manifest, {
      factor: chosen.factor,
      lambda,
      width: chosen.width,
      resolution: chosen.resolution,
    });
    return { at, reason, ...(chosen.dice === null ? {} : { dice: chosen.dice }) };
  }

  /** As `pick`; an error also says where smaller settings were never measured. */
  #pick(limits: Budget): Choice {
    const { points } = this;
    try {
      return pick(points, limits);
    } catch (error) {
      const isWhole = points.every(({ width = 1, resolution = 1 }) => width === 1 && resolution === 1);
      if (!(error instanceof BudgetError) || !isWhole || this.manifest.network.knobs === undefined)
        throw error;
      const { budget, limit, by, nearest, message } = error;
      const hint =
        'Its table has full width and resolution alone: `sshn pareto` on its run adds smaller ones.';
      throw new BudgetError({ budget, limit, by, nearest, reason: `${message} ${hint}` });
    }
  }

  #expectedAt(at: Setting): Pick<Chosen, 'dice'> {
    const key = settingKey(namedSetting(at));
    const row = this.manifest.accuracyCost.find((one) => settingKey(one) === key);
    return row === undefined ? {} : { dice: row.dice };
  }

  /**
   * What budgets are chosen from: what `calibrate` measured, else the settings of the model's table without milliseconds, which
   * are of another machine, else GFLOPs and memory of factors over the range of training.
   */
  get points(): readonly AccuracyCostPoint[] {
    this.#points ??= this.#uncalibrated();
    return this.#points;
  }

  /**
   * Measures how long the plain network takes at a few settings on this device, so that budgets in milliseconds can be met.
   *
   * @returns one point per setting: milliseconds, GFLOPs, memory, and the Dice of the model's table.
   */
  async calibrate(options: CalibrateOptions = {}): Promise<readonly AccuracyCostPoint[]> {
    const points = await calibrate(
      { manifest: this.manifest, params: this.#params },
      {
        cost: (at) => this.#costAt(at),
        runtime: this.#runtime,
        conditions: settingOf(this.manifest, {}).conditions,
        ...options,
      },
    );
    this.#points = points;
    return points;
  }

  /** 10⁹ FLOPs of the plain network at a setting, for one input of the size of training, an image or a patch; given a factor, at full width and resolution. */
  gflopsAt(given: Factor | NamedSetting): number {
    return this.#costAt(
      settingOf(this.manifest, typeof given === 'object' && 'factor' in given ? given : { factor: given }),
    ).gflops;
  }

  /** Of one input of the size of training; memory is that of the weights and of what is computed, 32 bits each. */
  #costAt(at: Setting): { readonly gflops: number; readonly mebibytes: number } {
    const inputShape = [1, ...inputSize(this.manifest), this.#channels];
    const { flops, peakActivationBytes } = countModule(this.model.network, { inputShape, at });
    const weights = countParams(networkAt(this.model.network, at).specs);
    return { gflops: flops / 1e9, mebibytes: (peakActivationBytes + 4 * weights) / 2 ** 20 };
  }

  /** Paths of the layers that have a kernel, such as `encoder.0.1`, in the order in which they run. */
  layers(): readonly string[] {
    const kernels = namedSpecs(this.model.network.specs).filter(([, { role }]) => role === 'kernel');
    const owners = new Set(kernels.map(([path]) => path.slice(0, path.lastIndexOf('.'))));
    const order = new Set<string>();
    watchScopes(
      (path) => owners.has(path) && order.add(path),
      () => this.gflopsAt(this.choose().at.factors),
    );
    return [...order];
  }

  /** The plain network's weights at a setting; they stay this model's and are valid until its next setting but seven. */
  weightsAt(at: Setting): ParamsOf<SpecNode> {
    return this.#keptAt(at).weights;
  }

  /** The plain network of a setting, ready to run on the model's runtime; valid as long as its weights. */
  protected runningAt(at: Setting): Promise<RunningNetwork> {
    const kept = this.#keptAt(at);
    kept.running ??= this.#runtime({
      network: this.model.network,
      params: kept.weights,
      at,
      size: inputSize(this.manifest),
      channels: this.#channels,
    });
    return kept.running;
  }

  #keptAt(at: Setting): Kept {
    const key = JSON.stringify([at.factors, at.conditions, at.width, at.resolution]);
    const kept = this.#kept.get(key) ?? {
      weights: this.model.specialize(this.#tree, at),
      running: undefined,
    };
    this.#kept.delete(key);
    this.#kept.set(key, kept);
    if (this.#kept.size > keptNetworks) {
      const [oldest, old] = this.#kept.entries().next().value!;
      this.#kept.delete(oldest);
      free(old);
    }
    return kept;
  }

  /** Of the network's input: of registration those of both images. */
  get #channels(): number {
    const { inChannels } = this.manifest.network.options;
    return typeof inChannels === 'number' ? inChannels : this.manifest.preprocessing.channels;
  }

  /** The model itself, for all settings, as `saveModel` of @sshn/model takes it. Its weights stay this model's. */
  get whole(): Model<ReturnType<typeof networkOf>['specs']> {
    const { format: _, version: __, ...manifest } = this.manifest;
    return { specs: this.model.specs, params: this.#tree, manifest };
  }

  /**
   * The plain network of a setting as a model of its own, without the hypernetwork: what `saveModel` of @sshn/model writes and
   * `openModel` opens. Its weights stay this model's; see `weightsAt`.
   */
  plainAt({ at }: Pick<Chosen, 'at'>): Model<ReturnType<typeof networkOf>['specs']> {
    const factor = at.factors.length === 1 ? at.factors[0]! : [...at.factors];
    // Its cascade was fitted to settings that the plain network does not have, and that has no knobs.
    const { cascade: _cascade, knobRanges: _ranges, ...rest } = this.manifest;
    const { format: _, version: __, registration, rounded, ...kept } = rest;
    const { lambda: ___, ...objective } = { lambda: undefined, ...registration };
    // What rounding costs was measured for the whole network.
    const isWhole = at.width === 1 && at.resolution === 1;
    const key = settingKey(namedSetting(at));
    const manifest = {
      ...kept,
      network: describePlain(kept.network, at),
      ...(rounded === undefined || !isWhole ? {} : { rounded: roundedAt(rounded, factor) }),
      method: { kind: 'fixed' as const, factor },
      prior: { kind: 'constant' as const, factor },
      // Of the plain network: its features and its resolution are no knobs any more.
      accuracyCost: kept.accuracyCost
        .filter((row) => settingKey(row) === key)
        .map(({ width: ____, resolution: _____, ...row }) => row),
      ...(registration === undefined
        ? {}
        : { registration: objective as NonNullable<Manifest['registration']> }),
    };
    const { specs } = networkOf(manifest);
    const weights = namedParams(this.weightsAt(at));
    const named = new Map([...weights].map(([path, tensor]) => [`network.${path}`, tensor]));
    return { specs, params: paramTree(specs, named), manifest };
  }

  /** The plain network, whose weights `weightsAt` gives. */
  get network() {
    return this.model.network;
  }

  /** Frees the weights. */
  dispose(): void {
    for (const kept of this.#kept.values()) free(kept);
    dispose([...this.#params.values()]);
    this.#kept.clear();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  /** What is known without measuring: see `points`. */
  #uncalibrated(): readonly AccuracyCostPoint[] {
    const { accuracyCost, prior } = this.manifest;
    const factors =
      prior.kind === 'constant'
        ? [prior.factor]
        : Array.from({ length: 21 }, (_, i) => prior.low + (i / 20) * (prior.high - prior.low));
    const known = accuracyCost.length > 0 ? accuracyCost : factors.map((factor) => ({ factor, dice: null }));
    return known.map((row) => ({
      ...this.#costAt(settingOf(this.manifest, row)),
      ...row,
      milliseconds: null,
    }));
  }
}

function free({ weights, running }: Kept): void {
  // One that could not be started has nothing to free.
  void running?.then(
    (network) => network.dispose(),
    () => {},
  );
  dispose(weights as Tensor[]);
}

/** What is said of rounded weights, for one factor. */
function roundedAt({ dtype, measured }: NonNullable<Manifest['rounded']>, factor: Factor) {
  const points = measured?.points.filter((point) => String(point.factor) === String(factor)) ?? [];
  return {
    dtype,
    ...(measured === undefined || points.length === 0 ? {} : { measured: { ...measured, points } }),
  };
}
