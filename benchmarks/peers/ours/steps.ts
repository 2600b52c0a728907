import { disposeParams, namedParams, type ParamNode } from '@sshn/core';
import { adam } from '@sshn/optim';
import type { Scalar } from '@tensorflow/tfjs-core';
import type { Prepared } from '../program.js';
import { downloadAll } from '../tfjs/tensors.js';

const LEARNING_RATE = 1e-4;

/** Steps as the trainer of @sshn/training makes them; gradients and loss are what is compared. */
export function steps<Params extends ParamNode>(
  start: Params,
  differentiate: (params: Params) => {
    readonly value: Scalar;
    readonly gradients: Params;
  },
): Prepared {
  const optimizer = adam();
  let params = start;
  let state = optimizer.init(params);
  let step = 0;
  return {
    outputs() {
      const { value, gradients } = differentiate(params);
      return downloadAll([...namedParams(gradients), ['loss', value]]);
    },
    async run() {
      const { value, gradients } = differentiate(params);
      await value.data();
      const next = optimizer.update(gradients, state, params, {
        step: step++,
        learningRate: LEARNING_RATE,
        overwrite: true,
      });
      value.dispose();
      for (const tree of [gradients, params, state]) disposeParams(tree);
      ({ params, state } = next);
    },
    release: () => {
      for (const tree of [params, state]) disposeParams(tree);
    },
  };
}
