import { disposeParams, namedParams, type ParamNode, paramTree, Rng, type SpecNode } from '@sshn/core';
import { valueAndGradients } from '@sshn/ops';
import { type Scalar, type Tensor, tensor, tidy } from '@tensorflow/tfjs-core';

/**
 * How far the tape's derivatives of `f` along random directions are from central differences, relative to the length of the
 * gradient.
 *
 * - `together`: along one direction through all parameters. Two evaluations, but a small gradient hides behind a large one.
 * - `apart`: the largest error along a direction through one parameter alone, relative to the gradient to that: a small
 *   gradient that is wholly wrong shows. What 20 roundings of the value do to a central difference is no error.
 */
export function directionalError<Specs extends SpecNode>(
  how: 'together' | 'apart',
  specs: Specs,
  params: ParamNode,
  f: (params: ParamNode) => Tensor,
  step: number,
): number {
  const named = namedParams(params);
  const rng = Rng.fromSeed(11);
  const directions = new Map(
    [...named].map(([path, { size }]) => [path, Float32Array.from({ length: size }, () => rng.normal())]),
  );
  const { value, gradients } = valueAndGradients(params, (p) => f(p) as Scalar);
  const taped = new Map(
    [...namedParams(gradients)].map(([path, gradient]) => [path, gradient.dataSync() as Float32Array]),
  );
  const rounding = how === 'together' ? 0 : (20 * 2 ** -24 * Math.abs(value.dataSync()[0]!)) / step;
  value.dispose();
  disposeParams(gradients);

  const probe = (moving: readonly string[], distance: number) =>
    tidy(() => {
      const moved = [...named].map(([path, x]): [string, Tensor] => {
        if (!moving.includes(path)) return [path, x];
        const direction = directions.get(path)!;
        return [
          path,
          tensor(
            x.dataSync().map((entry, i) => entry + distance * direction[i]!),
            x.shape,
          ),
        ];
      });
      return f(paramTree<SpecNode>(specs, new Map(moved))).dataSync()[0]!;
    });
  const errorAlong = (...moving: string[]) => {
    let [along, squares] = [0, 0];
    for (const path of moving) {
      taped.get(path)!.forEach((entry, i) => {
        along += entry * directions.get(path)![i]!;
        squares += entry ** 2;
      });
    }
    const central = (probe(moving, step) - probe(moving, -step)) / (2 * step);
    const off = Math.abs(central - along) - rounding;
    return off <= 0 ? 0 : off / Math.sqrt(squares);
  };
  const paths = [...named.keys()];
  return how === 'together' ? errorAlong(...paths) : Math.max(...paths.map((path) => errorAlong(path)));
}
