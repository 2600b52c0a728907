import {
  type Factor,
  namedParams,
  namedSpecs,
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
  type CalibrateOptions,
  calibrate,
  describePlain,
  type LoadedModel,
  type Manifest,
  type Model,
  networkOf,
  pick,
  type RunningNetwork,
  type Runtime,
  tfjsRuntime,
} from '@sshn/model';
import { dispose, type Tensor } from '@tensorflow/tfjs-core';
import { type Chosen, knobWords, type SettingChoice, settingOf } from './setting-choice.js';

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
   * @throws {ValueError} if no setting meets the budget, saying what comes nearest; if milliseconds are limited before
   * `calibrate` was called; or if the factor or λ do not fit the model.
   */
  choose({ factor, lambda, width, inputResolution, gflops, milliseconds, dice }: SettingChoice = {}): Chosen {
    const more = { lambda, width, resolution: inputResolution };
    const limits = {
      ...(gflops === undefined ? {} : { maxGflops: gflops }),
      ...(milliseconds === undefined ? {} : { maxMilliseconds: milliseconds }),
      ...(dice === undefined ? {} : { minDice: dice }),
    };
    if (Object.keys(limits).length === 0) {
      const at = settingOf(this.manifest, { factor, ...more });
      const words = at.factors.join(', ');
      return {
        at,
        reason: `Factor ${words}${factor === undefined ? ', the largest of training' : ', as asked for'}${knobWords(at)}.`,
      };
    }
    const named = Object.entries({ factor, width, inputResolution }).filter(
      ([, value]) => value !== undefined,
    );
    for (const [name, value] of named) {
      throw new ValueError({
        where: `choose: ${name}`,
        got: value,
        expected: `a ${name} or a budget, not both`,
        hint: 'The table behind budgets is of factors alone, at full width and resolution.',
      });
    }
    const { chosen, reason } = pick(this.#points ?? this.#uncalibrated(), limits);
    if (chosen !== undefined)
      return { at: settingOf(this.manifest, { factor: chosen.factor, ...more }), reason };
    throw new ValueError({
      where: 'choose: budget',
      got: limits,
      expected: 'one that a factor meets',
      hint: reason,
    });
  }

  /**
   * Measures how long the plain network takes at a few factors on this device, so that budgets in milliseconds can be met.
   *
   * @returns one point per factor: milliseconds, GFLOPs, and the Dice of the model's table.
   */
  async calibrate(options: CalibrateOptions = {}): Promise<readonly AccuracyCostPoint[]> {
    const points = await calibrate(
      { manifest: this.manifest, params: this.#params },
      {
        gflops: (factor) => this.gflopsAt(factor),
        runtime: this.#runtime,
        conditions: settingOf(this.manifest, {}).conditions,
        ...options,
      },
    );
    this.#points = points;
    return points;
  }

  /** 10⁹ FLOPs of the plain network at a factor, for one input of the size of training. */
  gflopsAt(factor: Factor): number {
    const inputShape = [1, ...this.manifest.preprocessing.size, this.#channels];
    return (
      countModule(this.model.network, { inputShape, at: settingOf(this.manifest, { factor }) }).flops / 1e9
    );
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
      size: this.manifest.preprocessing.size,
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
    const { format: _, version: __, registration, rounded, ...kept } = this.manifest;
    const { lambda: ___, ...objective } = { lambda: undefined, ...registration };
    // What was measured is of the whole network.
    const isWhole = at.width === 1 && at.resolution === 1;
    const manifest = {
      ...kept,
      network: describePlain(kept.network, at),
      ...(rounded === undefined || !isWhole ? {} : { rounded: roundedAt(rounded, factor) }),
      method: { kind: 'fixed' as const, factor },
      prior: { kind: 'constant' as const, factor },
      accuracyCost: kept.accuracyCost.filter(
        (row) => isWhole && at.factors.every((one) => one === row.factor),
      ),
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

  /** What is known without measuring: the model's table, or GFLOPs over the range of training. */
  #uncalibrated(): readonly AccuracyCostPoint[] {
    const { accuracyCost, prior } = this.manifest;
    if (accuracyCost.length > 0) return accuracyCost;
    const factors =
      prior.kind === 'constant'
        ? [[prior.factor].flat()[0]!]
        : Array.from({ length: 21 }, (_, i) => prior.low + (i / 20) * (prior.high - prior.low));
    this.#points = factors.map((factor) => ({
      factor,
      gflops: this.gflopsAt(factor),
      milliseconds: null,
      dice: null,
    }));
    return this.#points;
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
