import {
  inScope,
  type Module,
  namedSpecs,
  type ParamSpec,
  type ParamsOf,
  paramTree,
  type Rescaling,
  requireOption,
  type SpecNode,
  ValueError,
} from '@sshn/core';
import { clone, type Tensor, type TensorContainer, tidy } from '@tensorflow/tfjs-core';
import { type HypernetworkConfig, type HypernetworkSpecs, hypernetwork } from './hypernetwork.js';

/** Which parameters of a network are predicted: every convolution's kernel and bias, FiLM's γ and β, none, or by choice. */
export type Predicted = 'convolutions' | 'film' | 'nothing' | ((path: string, spec: ParamSpec) => boolean);

/** Options of `hypernetize`. */
export interface HypernetizeConfig extends HypernetworkConfig {
  readonly predict: Predicted;
}

/** Parameters of a hypernetized network: those of the hypernetwork, and by path those of the network trained directly. */
export type HypernetizedSpecs = {
  readonly hypernetwork: HypernetworkSpecs;
  readonly network: { readonly [path: string]: ParamSpec };
};

/** A network whose weights are, in part or whole, a function of the rescaling. */
export interface Hypernetized<Specs extends SpecNode, Input, Output>
  extends Module<HypernetizedSpecs, Input, Output> {
  /** The network that runs once its weights are known. */
  readonly network: Module<Specs, Input, Output>;
  /** Paths of the predicted parameters, in canonical order. */
  readonly predicted: readonly string[];
  /**
   * The plain network's weights for one rescaling, bitwise those that `apply` uses: nothing of the hypernetwork is left.
   * The caller owns them.
   */
  specialize(params: ParamsOf<HypernetizedSpecs>, at: Rescaling): ParamsOf<Specs>;
  /**
   * Runs a computation of one's own with the plain network's weights, where `apply` would run the network: other outputs of
   * it, for example. Gradients go through. Like `apply`, it frees all but the result, which the caller owns.
   */
  withWeights<Result extends TensorContainer>(
    params: ParamsOf<HypernetizedSpecs>,
    at: Rescaling,
    run: (weights: ParamsOf<Specs>) => Result,
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
 * @throws {StructureError} from `apply` and `specialize`, if parameters are missing, unexpected or of another shape.
 * @example
 * const model = hypernetize(unet({ inChannels: 3, outChannels: 3 }), { predict: 'convolutions' });
 * const params = initialize(model.specs, Rng.fromSeed(1));
 * const logits = model.apply(params, image, rescaling(0.25));
 * const plain = model.specialize(params, rescaling(0.25));
 * const same = model.network.apply(plain, image, rescaling(0.25));
 *
 * *Source*: the paper, sections 3 and 4.3.
 */
export function hypernetize<Specs extends SpecNode, Input, Output extends TensorContainer>(
  network: Module<Specs, Input, Output>,
  { predict, ...config }: HypernetizeConfig,
): Hypernetized<Specs, Input, Output> {
  const isPredicted = typeof predict === 'function' ? predict : selector(predict);
  const all = namedSpecs(network.specs);
  const targets = new Map(all.filter(([path, spec]) => isPredicted(path, spec)));
  if (targets.size === 0 && predict !== 'nothing') {
    throw new ValueError({
      where: 'hypernetize: predict',
      got: typeof predict === 'function' ? 'a function' : predict,
      expected: "a choice that some parameter of the network meets; 'nothing' predicts none",
    });
  }
  const hyper = targets.size === 0 ? undefined : hypernetwork(targets, config);
  const specs: HypernetizedSpecs = {
    hypernetwork: hyper?.specs ?? { hidden: [], heads: {} },
    network: Object.fromEntries(all.filter(([path]) => !targets.has(path))),
  };

  const weights = (params: ParamsOf<HypernetizedSpecs>, at: Rescaling): Map<string, Tensor> => {
    const predicted = inScope('hypernetwork', () => hyper?.apply(params.hypernetwork, at) ?? []);
    return new Map([...Object.entries(params.network), ...predicted]);
  };
  const withWeights = <Result extends TensorContainer>(
    params: ParamsOf<HypernetizedSpecs>,
    at: Rescaling,
    run: (plain: ParamsOf<Specs>) => Result,
  ): Result => tidy(() => run(paramTree(network.specs, weights(params, at))));
  return {
    specs,
    network,
    predicted: [...targets.keys()],
    specialize(params, at) {
      const owned = tidy(() =>
        Object.fromEntries([...weights(params, at)].map(([path, tensor]) => [path, clone(tensor)])),
      );
      return paramTree(network.specs, new Map(Object.entries(owned)));
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
