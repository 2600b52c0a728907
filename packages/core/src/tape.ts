import { type Scalar, type Tensor, valueAndGrads } from '@tensorflow/tfjs-core';
import { registerGradients } from './gradients/register.js';
import { namedParams, type ParamsOf, paramTree, type SpecNode } from './params.js';

/**
 * The value of a scalar function of a parameter tree, and its gradient to every parameter.
 *
 * The caller owns `value` and all tensors in `gradients`, whose keys are in canonical order.
 *
 * @param specs The tree's description.
 * @param params The point at which to differentiate.
 * @param f Must be made of differentiable ops and return a scalar.
 *
 * @example
 * const { value, gradients } = valueAndGradients(network.specs, params, (p) => loss(network.apply(p, x, at), y));
 */
export function valueAndGradients<Specs extends SpecNode>(
  specs: Specs,
  params: ParamsOf<Specs>,
  f: (params: ParamsOf<Specs>) => Scalar,
): { value: Scalar; gradients: Map<string, Tensor> } {
  registerGradients();
  const named = namedParams(specs, params);
  const paths = [...named.keys()];
  const atLeaves = (...leaves: Tensor[]): Scalar =>
    f(paramTree(specs, new Map(paths.map((path, i) => [path, leaves[i]!]))));
  const { value, grads } = valueAndGrads(atLeaves)([...named.values()]);
  return { value: value as Scalar, gradients: new Map(paths.map((path, i) => [path, grads[i]!])) };
}
