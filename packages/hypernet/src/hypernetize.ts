import {
  type Module,
  namedParams,
  namedSpecs,
  type ParamNode,
  type ParamSpec,
  type ParamsOf,
  paramTree,
  type Rescaling,
  requireOption,
  type SpecNode,
} from '@sshn/core';
import { type Tensor, tidy } from '@tensorflow/tfjs-core';
import { type HypernetworkConfig, hypernetwork } from './hypernetwork.js';

/** Which parameters of a network are predicted: every convolution's kernel and bias, FiLM's γ and β, none, or by choice. */
export type Predicted = 'convolutions' | 'film' | 'nothing' | ((path: string, spec: ParamSpec) => boolean);

/** Options of `hypernetize`. */
export interface HypernetizeConfig extends HypernetworkConfig {
  readonly predict: Predicted;
}

/** Parameters of a hypernetized network: those of the hypernetwork, and those of the network trained directly. */
export type HypernetizedSpecs = {
  readonly hypernetwork: SpecNode;
  readonly network: { readonly [path: string]: ParamSpec };
};

/** A network whose weights are, in part or whole, a function of the rescaling. */
export interface Hypernetized<Specs extends SpecNode, Input, Output>
  extends Module<HypernetizedSpecs, Input, Output> {
  /** The network that runs once its weights are known. */
  readonly network: Module<Specs, Input, Output>;
  /** Paths of the predicted parameters, in canonical order. */
  readonly predicted: readonly string[];
  /** The plain network's weights for one rescaling: nothing of the hypernetwork is left. The caller owns them. */
  specialize(params: ParamsOf<HypernetizedSpecs>, at: Rescaling): ParamsOf<Specs>;
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
 * @throws {OptionError} if `predict` is an unknown word.
 * @example
 * const model = hypernetize(unet({ inChannels: 3, outChannels: 3 }), { predict: 'convolutions' });
 * const params = initialize(model.specs, Rng.fromSeed(1));
 * const logits = model.apply(params, image, rescaling(0.25));
 * const plain = model.specialize(params, rescaling(0.25));     // model.network.apply(plain, image, rescaling(0.25))
 *
 * *Source*: the paper, sections 3 and 4.3.
 */
export function hypernetize<Specs extends SpecNode, Input, Output>(
  network: Module<Specs, Input, Output>,
  { predict, ...config }: HypernetizeConfig,
): Hypernetized<Specs, Input, Output> {
  const isPredicted = typeof predict === 'function' ? predict : selector(predict);
  const all = namedSpecs(network.specs);
  const targets = new Map(all.filter(([path, spec]) => isPredicted(path, spec)));
  const direct = Object.fromEntries(all.filter(([path]) => !targets.has(path)));
  const hyper = targets.size === 0 ? undefined : hypernetwork(targets, config);
  const specs: HypernetizedSpecs = { hypernetwork: hyper?.specs ?? {}, network: direct };

  const weights = (params: ParamsOf<HypernetizedSpecs>, at: Rescaling): Map<string, Tensor> => {
    const own = namedParams(specs.network as SpecNode, params.network as ParamNode);
    const predicted = hyper?.apply(params.hypernetwork, at) ?? new Map<string, Tensor>();
    return new Map([...own, ...predicted]);
  };
  return {
    specs,
    network,
    predicted: [...targets.keys()],
    specialize: (params, at) =>
      tidy(() => {
        const owned = [...weights(params, at)].map(([path, tensor]) => [path, tensor.clone()] as const);
        return paramTree(network.specs, new Map(owned)) as never;
      }),
    apply: (params, input, at) =>
      tidy(() => network.apply(paramTree(network.specs, weights(params, at)), input, at) as never) as Output,
  };
}

function selector(word: string): (path: string, spec: ParamSpec) => boolean {
  requireOption('predict', word, ['convolutions', 'film', 'nothing']);
  if (word === 'convolutions') return (_, { role }) => role === 'kernel' || role === 'bias';
  if (word === 'film') return (_, { role }) => role === 'scale' || role === 'shift';
  return () => false;
}
