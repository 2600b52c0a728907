import {
  checkParams,
  inScope,
  type Module,
  mapParams,
  type Network,
  namedSpecs,
  networkAt,
  type ParamNode,
  type ParamSpec,
  type ParamsOf,
  requireOption,
  type Setting,
  type SpecNode,
  treeOf,
  ValueError,
} from '@sshn/core';
import { clone, type TensorContainer, tidy } from '@tensorflow/tfjs-core';
import { type HypernetworkConfig, type HypernetworkSpecs, hypernetwork } from './hypernetwork.js';
import { narrowWeights, requireWidth } from './width.js';

/** Which parameters of a network are predicted: every convolution's kernel and bias, FiLM's γ and β, none, or by choice. */
export type Predicted = 'convolutions' | 'film' | 'nothing' | ((path: string, spec: ParamSpec) => boolean);

/**
 * Options of `hypernetize`. A network whose `knobs` have 'width' runs at every width in (0, 1], whatever is predicted: it
 * takes the first features of every stage.
 */
export interface HypernetizeConfig extends HypernetworkConfig {
  readonly predict: Predicted;
}

/** Parameters of a scalable network: those of the hypernetwork, and by path those of the network trained directly. */
export type ScalableSpecs = {
  readonly hypernetwork: HypernetworkSpecs;
  readonly network: { readonly [path: string]: ParamSpec };
};

/** Any module whose output is made of tensors. */
interface AnyModule {
  readonly specs: SpecNode;
  apply(params: never, input: never, at: Setting): TensorContainer;
}

/** The input and output of a module's type. */
type InputOf<Plain extends AnyModule> = Parameters<Plain['apply']>[1];
type OutputOf<Plain extends AnyModule> = ReturnType<Plain['apply']>;

/** A network whose weights are, in part or whole, a function of the setting; `hypernetize` makes it. */
export interface Scalable<Plain extends AnyModule = Network>
  extends Module<ScalableSpecs, InputOf<Plain>, OutputOf<Plain>> {
  /** The network that runs once its weights are known. */
  readonly network: Plain;
  /** Paths of the predicted parameters, in canonical order. */
  readonly predicted: readonly string[];
  /**
   * The plain network's weights for one setting, bitwise those that `apply` uses: nothing of the hypernetwork is left. At a
   * width below 1 they are those of the narrower network, whose specs `networkAt(network, at)` has. The caller owns them.
   *
   * @throws {StructureError} if parameters are missing, unexpected or of another shape.
   */
  specialize(params: ParamsOf<ScalableSpecs>, at: Setting): ParamsOf<Plain['specs']>;
  /**
   * Runs a computation of one's own with the plain network's weights, where `apply` would run the network: other outputs of
   * it, for example. Gradients go through. Like `apply`, it frees all but the result, which the caller owns.
   */
  withWeights<Result extends TensorContainer>(
    params: ParamsOf<ScalableSpecs>,
    at: Setting,
    run: (weights: ParamsOf<Plain['specs']>) => Result,
  ): Result;
}

/**
 * Splits a network's parameters in two: those that are trained directly, and those that a hypernetwork predicts from the
 * rescaling factor. All methods of the paper are cases of it:
 *
 * | method | predict | factor while training |
 * |---|---|---|
 * | Fixed | 'nothing' | constant |
 * | Stochastic | 'nothing' | sampled |
 * | FiLM | 'film' (of a network with FiLM layers) | sampled |
 * | SSHN | 'convolutions' | sampled |
 *
 * @param network Any module. What is not predicted keeps its initialization.
 * @throws {OptionError} if `predict` is an unknown word, and as `hypernetwork` does.
 * @throws {ValueError} if `predict` matches no parameter ('nothing' apart), and as `hypernetwork` does.
 * @throws {StructureError} from `specialize`, if parameters are missing, unexpected or of another shape; `apply` takes them
 * as they are (`checkParams` tells before).
 * @example
 * const model = hypernetize(unet({ inChannels: 3, outChannels: 3 }), { predict: 'convolutions' });
 * const params = initialize(model.specs, Rng.fromSeed(1));
 * const logits = model.apply(params, image, setting(0.25));
 * const plain = model.specialize(params, setting(0.25));
 * const same = model.network.apply(plain, image, setting(0.25));
 *
 * *Source*: the paper, sections 3 and 4.3.
 */
export function hypernetize<Plain extends AnyModule>(
  network: Plain,
  config: HypernetizeConfig,
): Scalable<Plain>;
export function hypernetize<Specs extends SpecNode, Input, Output extends TensorContainer>(
  network: Module<Specs, Input, Output>,
  { predict, ...config }: HypernetizeConfig,
): Scalable<Module<Specs, Input, Output>> {
  const isPredicted = typeof predict === 'function' ? predict : selector(predict);
  const all = namedSpecs(network.specs);
  const specOf = new Map(all);
  const targets = new Map(all.filter(([path, spec]) => isPredicted(path, spec)));
  if (targets.size === 0 && predict !== 'nothing') {
    throw new ValueError({
      where: 'hypernetize: predict',
      got: typeof predict === 'function' ? 'a function' : predict,
      expected: "a choice that some parameter of the network meets; 'nothing' predicts none",
    });
  }
  const hyper = targets.size === 0 ? undefined : hypernetwork(targets, config);
  const specs: ScalableSpecs = {
    hypernetwork: hyper?.specs ?? { hidden: [], heads: {} },
    network: Object.fromEntries(all.filter(([path]) => !targets.has(path))),
  };

  /** The plain network's weights: what is predicted beside what is trained directly. */
  const weightsAt = (params: ParamsOf<ScalableSpecs>, at: Setting): ParamsOf<Specs> => {
    requireWidth(at, config.knobs?.includes('width') === true);
    const predicted = inScope('hypernetwork', () => hyper?.apply(params.hypernetwork, at));
    const weightOf = (path: string) => predicted?.get(path) ?? params.network[path]!;
    if (at.width === 1) return treeOf(network.specs, weightOf);
    const narrow = networkAt(network, at);
    const whole = new Map(all.map(([path]) => [path, weightOf(path)]));
    const weights = narrowWeights(whole, specOf, narrow);
    return treeOf(narrow.specs, (path) => weights.get(path)!) as ParamsOf<Specs>;
  };
  const withWeights = <Result extends TensorContainer>(
    params: ParamsOf<ScalableSpecs>,
    at: Setting,
    run: (plain: ParamsOf<Specs>) => Result,
  ): Result => tidy(() => run(weightsAt(params, at)));
  return {
    specs,
    network,
    predicted: [...targets.keys()],
    specialize(params, at) {
      checkParams(specs, params);
      const weights = () =>
        mapParams(weightsAt(params, at) as ParamNode, (tensor, path) =>
          tensor === params.network[path] ? clone(tensor) : tensor,
        );
      return tidy(weights as () => TensorContainer) as ParamsOf<Specs>;
    },
    withWeights,
    apply: (params, input, at) => withWeights(params, at, (plain) => network.apply(plain, input, at)),
  };
}

function selector(word: string): (path: string, spec: ParamSpec) => boolean {
  requireOption('predict', word, ['convolutions', 'film', 'nothing']);
  if (word === 'convolutions') return (_, { role }) => role === 'kernel' || role === 'bias';
  if (word === 'film') return (_, { role }) => role === 'scale' || role === 'shift';
  return () => false;
}
