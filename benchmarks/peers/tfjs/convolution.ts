import {
  conv2d,
  conv2dTranspose,
  dispose,
  engine,
  getBackend,
  getKernel,
  type Tensor,
  type Tensor4D,
} from '@tensorflow/tfjs-core';
import type { ConvolutionJob } from '../../work/job.js';
import type { Tensors } from '../../work/work.js';
import { type Prepared, Unsupported } from '../program.js';
import { downloadAll, uploadAll } from './tensors.js';

/** A convolution by the tfjs op for it, with whatever kernels the current backend has. */
export function prepareConvolution(job: ConvolutionJob, inputs: Tensors): Prepared {
  requireKernel(job);
  const tensors = uploadAll(inputs);
  const [x, kernel, dy] = ['x', 'kernel', 'dy'].map((name) => tensors.get(name) as Tensor4D) as [
    Tensor4D,
    Tensor4D,
    Tensor4D,
  ];
  const passes: Record<ConvolutionJob['pass'], () => Tensor> = {
    forward: () => conv2d(x, kernel, 1, 'same'),
    gradientToInput: () => conv2dTranspose(dy, kernel, x.shape, 1, 'same'),
    gradientToKernel: () =>
      engine().runKernel(
        'Conv2DBackpropFilter',
        { x, dy },
        { strides: 1, pad: 'same', dataFormat: 'NHWC', filterShape: kernel.shape },
      ) as Tensor,
  };
  const pass = passes[job.pass];
  return {
    outputs: () => downloadAll([['y', pass()]]),
    run: () => pass().dispose(),
    release: () => dispose([...tensors.values()]),
  };
}

function requireKernel({ pass }: ConvolutionJob): void {
  if (pass === 'gradientToKernel' && getKernel('Conv2DBackpropFilter', getBackend()) == null)
    throw new Unsupported('has no kernel Conv2DBackpropFilter');
}
