import {
  type Factor,
  namedParams,
  namedSpecs,
  type ParamsOf,
  paramTree,
  type Setting,
  type SpecNode,
  setting,
  ValueError,
  watchScopes,
} from '@sshn/core';
import { countModule } from '@sshn/flops';
import { type Knob, knobs } from '@sshn/hypernet';
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

/** What a prediction may cost and has to reach. Of the settings that meet all, the most accurate one is taken. */
export interface Budget {
  /** Of one image, in units of 10⁹ FLOPs. */
  readonly gflops?: number;
  /** Of one image on this device, as `calibrate` measured it. */
  readonly milliseconds?: number;
  /** Mean foreground Dice in [0, 1], by the model's table; alone, the cheapest setting is taken that reaches it. */
  readonly dice?: number;
}

/** At which setting a model is applied: its own words, or a budget; by default the largest factor of training. */
export interface SettingChoice extends Budget {
  /** φ of all downsampling steps, or one for each of them. */
  readonly factor?: Factor;
  /** Weight of smoothness in [0, 1], of registration models that take one. @default the middle of training */
  readonly lambda?: number;
  /** Share of the features of every stage in (0, 1], of models that were trained with a range of them. @default 1 */
  readonly width?: number;
  /** Share of the images' size that the network sees in (0, 1]; likewise. @default 1 */
  readonly inputResolution?: number;
}

/** A setting that was chosen. */
export interface Chosen {
  readonly at: Setting;
  /** One sentence for people. */
  readonly reason: string;
}

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
      const at = this.#at(factor, more);
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
    if (chosen !== undefined) return { at: this.#at(chosen.factor, more), reason };
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
        conditions: this.#at(undefined, {}).conditions,
        ...options,
      },
    );
    this.#points = points;
    return points;
  }

  /** 10⁹ FLOPs of the plain network at a factor, for one input of the size of training. */
  gflopsAt(factor: Factor): number {
    const inputShape = [1, ...this.manifest.preprocessing.size, this.#channels];
    return countModule(this.model.network, { inputShape, at: this.#at(factor, {}) }).flops / 1e9;
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

  /** The setting, and λ where the model takes one. */
  #at(
    factor: Factor | undefined,
    {
      lambda,
      width,
      resolution,
    }: { readonly lambda?: number | undefined } & Partial<Record<Knob, number | undefined>>,
  ): Setting {
    const { method, prior, registration, network } = this.manifest;
    requireKnobs(network.knobs ?? [], { width, resolution });
    const usual = prior.kind === 'constant' ? prior.factor : prior.high;
    const count = prior.kind === 'constant' ? [prior.factor].flat().length : (prior.factors ?? 1);
    const given = [factor ?? usual].flat();
    if (given.length !== 1 && given.length !== count) {
      throw new ValueError({
        where: 'factor',
        got: given,
        expected: count === 1 ? 'one, as the model has' : `one, or ${count}: one per downsampling step`,
      });
    }
    const factors = given.length === count ? given : Array<number>(count).fill(given[0]!);
    const takesLambda = 'hypernetwork' in method && method.hypernetwork.conditions > 0;
    if (!takesLambda && lambda === undefined) return setting({ factor: factors, width, resolution });
    if (!takesLambda) {
      throw new ValueError({
        where: 'lambda',
        got: lambda,
        expected: 'none: the model was trained with a fixed weight of its regularizer',
        hint: 'One that takes λ is trained with --lambda-range.',
      });
    }
    const told = lambda ?? (registration?.lambda && middleOf(registration.lambda));
    if (told !== undefined) return setting({ factor: factors, width, resolution, conditions: [told] });
    throw new ValueError({
      where: 'lambda',
      got: undefined,
      expected: 'a number in [0, 1], as the model takes one and does not say which it was trained with',
      hint: 'Give --lambda: larger is smoother.',
    });
  }
}

const knobWords = ({ width, resolution }: Setting): string =>
  `${width === 1 ? '' : `, width ${width}`}${resolution === 1 ? '' : `, resolution ${resolution}`}`;

/** Refuses knobs that a model was not trained with. */
function requireKnobs(has: readonly Knob[], asked: Partial<Record<Knob, number | undefined>>): void {
  for (const knob of knobs) {
    const value = asked[knob];
    if (value === undefined || value === 1 || has.includes(knob)) continue;
    throw new ValueError({
      where: knob,
      got: value,
      expected: `none: the model was trained at one ${knob}`,
      hint: `One that has several is trained with --${knob}-range.`,
    });
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

function middleOf({
  low,
  high,
  distribution,
}: NonNullable<NonNullable<Manifest['registration']>['lambda']>): number {
  return distribution === 'uniform' ? (low + high) / 2 : Math.sqrt(low * high);
}
