import { namedParams, type ParamNode } from '@sshn/core';
import { adam, type NamedTensors } from '@sshn/optim';
import { dispose, type Scalar } from '@tensorflow/tfjs-core';
import type { Prepared } from '../program.js';
import { downloadAll } from '../tfjs/tensors.js';

const LEARNING_RATE = 1e-4;

/** Steps as the trainer of @sshn/training makes them; gradients and loss are what is compared. */
export function steps(
  start: NamedTensors,
  differentiate: (params: NamedTensors) => {
    readonly value: Scalar;
    readonly gradients: ParamNode;
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
      const { value, gradients: tree } = differentiate(params);
      const gradients = namedParams(tree);
      await value.data();
      const next = optimizer.update(gradients, state, params, {
        step: step++,
        learningRate: LEARNING_RATE,
        overwrite: true,
      });
      dispose([value, ...gradients.values(), ...params.values(), ...state.values()]);
      ({ params, state } = next);
    },
    release: () => dispose([...params.values(), ...state.values()]),
  };
}
