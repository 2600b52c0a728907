import { namedParams, paramTree, setting } from '@sshn/core';
import { dispose } from '@tensorflow/tfjs-core';
import type { WeightsJob } from '../../work/job.js';
import { hypernetizedOf } from '../../work/networks.js';
import type { Tensors } from '../../work/work.js';
import type { Prepared } from '../program.js';
import { downloadAll, uploadAll } from './tensors.js';

/** A hypernetwork's weights for one factor. */
export function prepareWeights({ network, factor }: WeightsJob, inputs: Tensors): Prepared {
  const model = hypernetizedOf(network, 'sshn');
  const tensors = uploadAll(inputs);
  const params = paramTree(model.specs, tensors);
  const specialize = () => namedParams(model.specialize(params, setting(factor)));
  return {
    outputs: () => downloadAll(specialize()),
    run: () => dispose([...specialize().values()]),
    release: () => dispose([...tensors.values()]),
  };
}
