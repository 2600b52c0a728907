import { dispatch } from '@sshn/ops';
import { clone, customGrad, type GradSaveFunc, type Tensor, tidy } from '@tensorflow/tfjs-core';
import { spatialOf } from '../check.js';
import { sample, sampleGradField, sampleGradImage } from './composed.js';
import type { FullSampling } from './sampling.js';

/**
 * Reads an image at the places of a field: image `[batch, ...size, channels]`, field `[batch, ...spatial, rank]`, result
 * `[batch, ...spatial, channels]`. The two sizes may differ.
 *
 * Two steps on the tape, so that the gradient to the image, the dearer one, is computed only where it is asked for.
 */
export function warpOperation(image: Tensor, field: Tensor, sampling: FullSampling): Tensor {
  return tidy(() => withGradientToField(image, field, sampling, withGradientToImage(image, field, sampling)));
}

function withGradientToImage(image: Tensor, field: Tensor, sampling: FullSampling): Tensor {
  const op = customGrad((...args: Array<Tensor | GradSaveFunc>) => {
    const [input, save] = args as [Tensor, GradSaveFunc];
    const value = dispatch('SshnWarp', { image: input, field }, { ...sampling }, () =>
      sample(input, field, sampling),
    );
    save([field]);
    const attributes = { ...sampling, inputSize: spatialOf(input) };
    return {
      value,
      gradFunc: (dy: Tensor, saved: Tensor[]) =>
        dispatch('SshnWarpGradImage', { dy, field: saved[0]! }, attributes, () =>
          sampleGradImage(dy, saved[0]!, attributes),
        ),
    };
  });
  return op(image);
}

function withGradientToField(image: Tensor, field: Tensor, sampling: FullSampling, warped: Tensor): Tensor {
  const op = customGrad((...args: Array<Tensor | GradSaveFunc>) => {
    const [value, places, save] = args as [Tensor, Tensor, GradSaveFunc];
    save([image, places]);
    return {
      value: clone(value),
      gradFunc: (dy: Tensor, saved: Tensor[]): Tensor[] => {
        const [from, at] = saved as [Tensor, Tensor];
        return [clone(dy), gradientToPlaces(dy, from, at, sampling)];
      },
    };
  });
  return op(warped, field);
}

/** The gradient to a field, from that to the image it warps: the slope of the image's interpolation where the field reads. */
export function gradientToPlaces(dy: Tensor, image: Tensor, field: Tensor, sampling: FullSampling): Tensor {
  return dispatch('SshnWarpGradField', { dy, image, field }, { ...sampling }, () =>
    sampleGradField(dy, image, field, sampling),
  );
}
