import { initialize, type Module, namedParams, Rng, type Setting, type SpecNode } from '@sshn/core';
import { valueAndGradients } from '@sshn/ops';
import { distinct, weighted, withoutLeak } from '@sshn-internal/testing';
import { dispose, type Scalar, type Tensor } from '@tensorflow/tfjs-core';

/** Fails if a layer leaves memory behind, forward or backward, on features of that shape. */
export async function expectNothingLeft<Specs extends SpecNode>(
  layer: Module<Specs, Tensor, Tensor>,
  shape: readonly number[],
  at: Setting,
): Promise<void> {
  const params = initialize(layer.specs, Rng.fromSeed(1));
  const x = distinct([...shape]);
  await withoutLeak(() => layer.apply(params, x, at).dispose());
  await withoutLeak(() => {
    const { value, gradients } = valueAndGradients(params, (p) => weighted(layer.apply(p, x, at)) as Scalar);
    dispose([value, ...namedParams(gradients).values()]);
  });
  dispose([x, ...namedParams(params).values()]);
}
