import { unet } from '@sshn/architectures';
import { disposeParams, initialize, namedParams, type ParamsOf, Rng, setting } from '@sshn/core';
import { hypernetize } from '@sshn/hypernet';
import { crossEntropy, softDiceLoss } from '@sshn/losses';
import { valueAndGradients } from '@sshn/ops';
import { adam, adamW, clipByGlobalNorm, type Optimizer, sgd } from '@sshn/optim';
import { dispose, stack, type Tensor } from '@tensorflow/tfjs-core';
import { type Case, labelWave, wave } from '../probe.js';

/** Three updates of a small and a large tensor with gradients of very different size. */
function optimizerCase(name: string, optimizer: Optimizer): Case {
  return {
    name: `optimizer ${name}`,
    run() {
      let params = { small: wave([3]), large: wave([40, 25]) };
      let state = optimizer.init(params);
      for (let step = 0; step < 3; step++) {
        const gradients = { small: wave([3], step, 1e-4), large: wave([40, 25], step, 3) };
        const clipped = clipByGlobalNorm(gradients, 20);
        const at = { step, learningRate: 0.01, gradientScale: [1, 0.5, 2][step]! };
        const next = optimizer.update(clipped.gradients, state, params, at);
        for (const tree of [params, state, gradients, clipped.gradients]) disposeParams(tree);
        clipped.norm.dispose();
        ({ params, state } = next);
      }
      return new Map([...namedParams(params), ...namedParams(state)]);
    },
  };
}

/** Gradients of so many tensors, cut to a length. */
function clippingCase(tensors: number): Case {
  return {
    name: `clipped gradients of ${tensors} tensors`,
    run() {
      const gradients = Array.from({ length: tensors }, (_, i) => wave([1 + (i % 3), 2], i));
      const { gradients: clipped, norm } = clipByGlobalNorm(gradients, 1);
      disposeParams(gradients);
      return new Map([...namedParams(clipped), ['norm', norm]]);
    },
  };
}

/** An SSHN that learns to find what is bright, at another factor in every step: losses, and what it predicts in the end. */
function trainingCase(steps: number): Case {
  return {
    name: `${steps} steps of training an SSHN`,
    run() {
      const model = hypernetize(
        unet({ inChannels: 1, outChannels: 2, features: [4, 6], convolutionsPerStage: 1 }),
        { predict: 'convolutions', hidden: [6, 20] },
      );
      const [image, labels] = [wave([2, 12, 10, 1]), labelWave([2, 12, 10], 2)];
      const optimizer = adam();
      let params = initialize(model.specs, Rng.fromSeed(5));
      let state = optimizer.init(params);
      const values: Tensor[] = [];
      const logits = (weights: ParamsOf<typeof model.specs>, factor: number) =>
        model.apply(weights, image, setting(factor));
      for (let step = 0; step < steps; step++) {
        const loss = step < steps / 2 ? crossEntropy : softDiceLoss;
        const { value, gradients } = valueAndGradients(params, (p) =>
          loss(logits(p, [0.5, 0.2, 0][step % 3]!), labels),
        );
        const next = optimizer.update(gradients, state, params, { step, learningRate: 3e-3 });
        for (const tree of [params, state, gradients]) disposeParams(tree);
        ({ params, state } = next);
        values.push(value);
      }
      const outcome = new Map([
        ['losses', stack(values)],
        ['logits', logits(params, 0.3)],
      ]);
      for (const tree of [params, state]) disposeParams(tree);
      dispose([image, labels, ...values]);
      return outcome;
    },
  };
}

export const training: readonly Case[] = [
  optimizerCase('adam', adam()),
  optimizerCase('adamW', adamW()),
  optimizerCase('sgd', sgd({ momentum: 0.9, nesterov: true })),
  clippingCase(50),
  trainingCase(50),
];
