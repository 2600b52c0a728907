import { type Module, paramTree, setting } from '@sshn/core';
import { dispose, type Tensor } from '@tensorflow/tfjs-core';
import type { ArchitectureJob, InferenceJob } from '../../work/job.js';
import { architectureOf, moduleOf } from '../../work/networks.js';
import type { Tensors } from '../../work/work.js';
import type { Prepared } from '../program.js';
import { downloadAll, read, uploadAll } from '../tfjs/tensors.js';

/** From an image to the values of its logits, or until `until` is content. */
export function prepareInference(
  { network, factor }: InferenceJob,
  inputs: Tensors,
  until: (logits: Tensor) => Promise<void> = read,
): Prepared {
  return prepare(moduleOf(network) as Module, factor, inputs, until);
}

/** The same of any architecture. */
export function prepareArchitecture(job: ArchitectureJob, inputs: Tensors): Prepared {
  return prepare(architectureOf(job), job.factor, inputs, read);
}

function prepare(
  module: Module,
  factor: number,
  inputs: Tensors,
  until: (logits: Tensor) => Promise<void>,
): Prepared {
  const tensors = uploadAll(inputs);
  const image = tensors.get('image')!;
  const params = paramTree(module.specs, new Map([...tensors].filter(([name]) => name !== 'image')));
  const infer = (): Tensor => module.apply(params, image, setting(factor));
  return {
    outputs: () => downloadAll([['logits', infer()]]),
    run: () => until(infer()),
    release: () => dispose([...tensors.values()]),
  };
}
