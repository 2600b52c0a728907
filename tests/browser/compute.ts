import { namedParams, paramTree, setting } from '@sshn/core';
import { crossEntropy } from '@sshn/losses';
import { type LoadedModel, networkOf } from '@sshn/model';
import { valueAndGradients } from '@sshn/ops';
import { dispose, norm, type Tensor, tensor, tidy } from '@tensorflow/tfjs-core';
import { heldNow, leftSince } from '../testing/src/leaks.js';

/** What Node and a page must agree on. */
export interface Outcome {
  /** Of the plain network for the factor. */
  readonly logits: number[];
  /** Of one training step, and the norm of each gradient by name. */
  readonly loss: number;
  readonly gradients: Record<string, number>;
  /** Tensors that the computation left behind. */
  /** What was left over, in words. */
  readonly leaked?: string;
}

const size = [2, 19, 23] as const;

/** Specializes a model to a factor, runs the plain network, and takes gradients of the whole; on the current backend. */
export function compute({ manifest, params }: LoadedModel, factor: number): Outcome {
  const model = networkOf(manifest);
  const at = setting(factor);
  const weights = paramTree(model.specs, params);
  const before = heldNow();

  const count = size[0] * size[1] * size[2];
  const image = tensor(
    Float32Array.from({ length: count }, (_, i) => Math.sin(0.37 * i) + Math.cos(0.0031 * i * i)),
    [...size, 1],
  );
  const labels = tensor(
    Int32Array.from({ length: count }, (_, i) => i % 3),
    [...size],
    'int32',
  );

  const plain = model.specialize(weights, at);
  const logits = model.network.apply(plain, image, at);
  const { value, gradients } = valueAndGradients(weights, (p) =>
    crossEntropy(model.apply(p, image, at), labels),
  );
  const sizes = [...namedParams(gradients)].map(([name, gradient]) => [name, scalar(() => norm(gradient))]);
  const outcome = {
    logits: [...logits.dataSync()],
    loss: value.dataSync()[0]!,
    gradients: Object.fromEntries(sizes),
  };
  dispose([image, labels, logits, value, ...namedParams(gradients).values()]);
  dispose([...namedParams(plain).values()]);
  const leaked = leftSince(before);
  return leaked === undefined ? outcome : { ...outcome, leaked };
}

function scalar(work: () => Tensor): number {
  return tidy(() => work().dataSync()[0]!);
}
