import {
  engine,
  getBackend,
  getKernel,
  type NamedAttrMap,
  type NamedTensorMap,
  type Tensor,
} from '@tensorflow/tfjs-core';

/**
 * Names of the kernels that a backend may bring to replace what we compose from ordinary tfjs ops.
 *
 * Registering one (tfjs `registerKernel`) changes speed, not results; `backend-wasm` does, and `trace` does to see one
 * node where the composition would show several.
 *
 * | kernel | inputs | attributes | output |
 * |---|---|---|---|
 * | `SshnConv` | x, kernel, bias | slope | leaky(conv(x, kernel) + bias); slope 1 is linear |
 * | `SshnConvGradInput` | dy, kernel | | gradient to x |
 * | `SshnConvGradKernel` | x, dy | kernelSize | gradient to the kernel |
 * | `SshnConvGradBias` | dy | | sum over all axes but the last |
 * | `SshnConvGradRectifier` | dy, y | slope | dy where y > 0, else slope · dy; its sum over all axes but the last |
 * | `SshnLeakyReluGrad` | dy, y | slope | dy where y > 0, else slope · dy |
 * | `SshnResize` | x | size | linear, half-pixel centers |
 * | `SshnResizeGrad` | dy | inputSize | its transpose |
 * | `SshnAveragePool` | x | size | means over adaptive windows ⌊i·n/m⌋ … ⌈(i+1)·n/m⌉ − 1 |
 * | `SshnAveragePoolGrad` | dy | inputSize | its transpose |
 * | `SshnMaximumPool` | x | size | maxima over the same windows, where m ≤ n |
 * | `SshnMaximumPoolGrad` | dy, x, y | | gradient to x: dy goes to the maxima, in shares where several are equally great |
 * | `SshnBoxSum` | x | window | at each voxel the sum over the window around it, cropped at the border |
 * | `SshnLocalNcc` | moved, fixed | window, squared, epsilon | 1 − mean local correlation, []; for its gradients `[batch, ...spatial, 5 · channels]` |
 * | `SshnLocalNccGrad` | moved, fixed, maps | window | its gradients to both images, of which each has a mean near 0 |
 * | `SshnHead` | weight, hidden | | weight `[outputs, hidden]` · hidden `[hidden]` |
 * | `SshnHeadGradWeight` | dy, hidden | | gradient to weight: the outer product |
 * | `SshnHeadGradHidden` | weight, dy | | gradient to hidden: dy · weight |
 * | `SshnCrossEntropy` | logits, labels | | mean cross-entropy of softmax(logits); its gradient to logits |
 * | `SshnSoftDice` | logits, labels | squaredDenominator, smooth, includeBackground, perSample | soft Dice loss of softmax(logits); its gradient to logits |
 * | `SshnWarp` | image, field | interpolation, padding | image at every voxel displaced by the field, see `warp` of @sshn/registration |
 * | `SshnWarpGradField` | dy, image, field | interpolation, padding | gradient to the field |
 * | `SshnWarpGradImage` | dy, field | interpolation, padding, inputSize | gradient to the image |
 * | `SshnGlobalNorm` | any number of tensors | | the Euclidean norm of all their entries together, [] |
 * | `SshnAdam` | param, m, v, grad | learningRate, beta1, beta2, epsilon, correction1, correction2, weightDecay, overwrite | param, m, v; where `overwrite`, in the memory of the old ones if nothing else shares it |
 *
 * Labels are int32 `[batch, ...spatial]`, or float32 of the shape of the logits, `[batch, ...spatial, labels]`.
 * A field is `[batch, ...spatial, rank]`, in voxels along each axis; image sizes and that of the field may differ.
 * Shapes are channels-last, `[batch, ...spatial, channels]`, kernels `[...spatial, inChannels, outChannels]`.
 */
export type SshnKernel =
  | 'SshnConv'
  | 'SshnConvGradInput'
  | 'SshnConvGradKernel'
  | 'SshnConvGradBias'
  | 'SshnConvGradRectifier'
  | 'SshnLeakyReluGrad'
  | 'SshnResize'
  | 'SshnResizeGrad'
  | 'SshnAveragePool'
  | 'SshnAveragePoolGrad'
  | 'SshnMaximumPool'
  | 'SshnMaximumPoolGrad'
  | 'SshnBoxSum'
  | 'SshnLocalNcc'
  | 'SshnLocalNccGrad'
  | 'SshnHead'
  | 'SshnHeadGradWeight'
  | 'SshnHeadGradHidden'
  | 'SshnCrossEntropy'
  | 'SshnSoftDice'
  | 'SshnWarp'
  | 'SshnWarpGradField'
  | 'SshnWarpGradImage'
  | 'SshnGlobalNorm'
  | 'SshnAdam';

/**
 * Runs the current backend's kernel of that name, or the composition where it has none.
 *
 * The result carries no gradient: call it inside `customGrad`, or outside of the tape.
 */
export function dispatch<Result extends Tensor | Tensor[]>(
  kernel: SshnKernel,
  inputs: NamedTensorMap,
  attributes: NamedAttrMap,
  composed: () => Result,
): Result {
  if (getKernel(kernel, getBackend()) == null) return composed();
  return engine().runKernel(kernel, inputs, attributes) as Result;
}
