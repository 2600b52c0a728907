import type { Scalar, Tensor } from '@tensorflow/tfjs-core';

/** A loss with its options settled: logits `[batch, ...spatial, labels]` and true labels in, a scalar out. */
export type Loss = (logits: Tensor, labels: Tensor) => Scalar;
