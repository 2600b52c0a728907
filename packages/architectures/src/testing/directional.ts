import { namedParams, type ParamNode, paramTree, Rng, type SpecNode } from '@sshn/core';
import { valueAndGradients } from '@sshn/ops';
import { dispose, type Scalar, type Tensor, tensor, tidy } from '@tensorflow/tfjs-core';

/**
 * Difference between the tape's derivative of `f` along a random direction through all parameters at once and the central
 * difference, relative to the length of the gradient.
 */
export function directionalError<Specs extends SpecNode>(
  specs: Specs,
  params: ParamNode,
  f: (params: ParamNode) => Tensor,
  step: number,
): number {
  const named = namedParams(params);
  const rng = Rng.fromSeed(11);
  const direction = new Map(
    [...named].map(([path, { size }]) => [path, Float32Array.from({ length: size }, () => rng.normal())]),
  );
  const { value, gradients } = valueAndGradients(params, (p) => f(p) as Scalar);
  let taped = 0;
  let squares = 0;
  for (const [path, gradient] of namedParams(gradients)) {
    gradient.dataSync().forEach((entry, i) => {
      taped += entry * direction.get(path)![i]!;
      squares += entry ** 2;
    });
  }
  const probe = (distance: number) =>
    tidy(() => {
      const moved = [...named].map(([path, x]): [string, Tensor] => {
        const values = x.dataSync().map((entry, i) => entry + distance * direction.get(path)![i]!);
        return [path, tensor(values, x.shape)];
      });
      return f(paramTree<SpecNode>(specs, new Map(moved))).dataSync()[0]!;
    });
  const central = (probe(step) - probe(-step)) / (2 * step);
  dispose([value, ...namedParams(gradients).values()]);
  return Math.abs(central - taped) / Math.sqrt(squares);
}
