import { namedParams, type ParamsOf, paramTree, ShapeError, type SpecNode } from '@sshn/core';
import { engine, type Scalar, type Tensor, zeros } from '@tensorflow/tfjs-core';
import { registerGradients } from './gradients/register.js';

/**
 * The value of a scalar function of a parameter tree, and its gradient to every parameter; 0 for those that the value
 * does not depend on.
 *
 * The caller owns `value` and all tensors in `gradients`, whose keys are in canonical order.
 *
 * @param specs The tree's description.
 * @param params The point at which to differentiate.
 * @param f Must be made of differentiable ops and return a scalar.
 * @throws {ShapeError} if `f` returns anything but a scalar.
 * @throws {StructureError} if `params` does not fit `specs`.
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
  const leaves = [...named.values()];
  const { value, grads } = engine().gradients(
    () => requireScalar(f(paramTree(specs, named))),
    leaves,
    undefined,
    true,
  );
  // tfjs' types deny it, but what was not reached has no gradient.
  const all = (grads as Array<Tensor | undefined>).map((gradient, i) => gradient ?? zeros(leaves[i]!.shape));
  return { value: value as Scalar, gradients: new Map([...named.keys()].map((path, i) => [path, all[i]!])) };
}

function requireScalar(value: Tensor): Tensor {
  if (value.rank === 0) return value;
  throw new ShapeError({
    where: 'valueAndGradients',
    got: value.shape,
    expected: 'a scalar, []',
    hint: 'Reduce it with sum or mean.',
  });
}
