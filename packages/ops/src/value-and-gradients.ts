import { likeParams, namedParams, type ParamNode, ShapeError } from '@sshn/core';
import { engine, type Scalar, type Tensor, zeros } from '@tensorflow/tfjs-core';
import { registerGradients } from './gradients/register.js';

/**
 * The value of a scalar function of a parameter tree, and its gradient to every parameter, as a tree like it; 0 for those
 * that the value does not depend on.
 *
 * The caller owns `value` and all tensors of `gradients`.
 *
 * @param params The point at which to differentiate.
 * @param f Must be made of differentiable ops and return a scalar.
 * @throws {ShapeError} if `f` returns anything but a scalar.
 *
 * @example
 * const { value, gradients } = valueAndGradients(params, (p) => loss(network.apply(p, x, at), y));
 * disposeParams(gradients);
 */
export function valueAndGradients<Params extends ParamNode>(
  params: Params,
  f: (params: Params) => Scalar,
): { value: Scalar; gradients: Params } {
  registerGradients();
  const leaves = [...namedParams(params).values()];
  const { value, grads } = engine().gradients(() => requireScalar(f(params)), leaves, undefined, true);
  // tfjs' types deny it, but what was not reached has no gradient.
  const all = (grads as Array<Tensor | undefined>).map((gradient, i) => gradient ?? zeros(leaves[i]!.shape));
  return { value: value as Scalar, gradients: likeParams(params, all) };
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
