import type { SshnKernel } from '@sshn/ops';
import { type ShapeFunction, shapeOf } from './shape-function.js';

/** Features on another grid. */
const toSize = shapeOf<'x', { size: readonly number[] }>(({ x }, { size }) => ({
  shape: [x.shape[0]!, ...size, x.shape.at(-1)!],
  dtype: x.dtype,
}));

/** And back. */
const toInputSize = shapeOf<'dy', { inputSize: readonly number[] }>(({ dy }, { inputSize }) => ({
  shape: [dy.shape[0]!, ...inputSize, dy.shape.at(-1)!],
  dtype: dy.dtype,
}));

/** The kernels that @sshn names itself (see `dispatch` of @sshn/core): each is one node, however it is composed. */
export const sshn: { readonly [kernel in SshnKernel]: ShapeFunction } = {
  SshnConv: shapeOf<'x' | 'kernel'>(({ x, kernel }) => ({
    shape: x.shape.with(-1, kernel.shape.at(-1)!),
    dtype: x.dtype,
  })),
  SshnConvGradInput: shapeOf<'dy' | 'kernel'>(({ dy, kernel }) => ({
    shape: dy.shape.with(-1, kernel.shape.at(-2)!),
    dtype: dy.dtype,
  })),
  SshnConvGradKernel: shapeOf<'x' | 'dy', { kernelSize: readonly number[] }>(({ x, dy }, { kernelSize }) => ({
    shape: [...kernelSize, x.shape.at(-1)!, dy.shape.at(-1)!],
    dtype: dy.dtype,
  })),
  SshnConvGradBias: shapeOf<'dy'>(({ dy }) => ({ shape: dy.shape.slice(-1), dtype: dy.dtype })),
  SshnConvGradRectifier: shapeOf<'dy'>(({ dy }) => [dy, { shape: dy.shape.slice(-1), dtype: dy.dtype }]),
  SshnLeakyReluGrad: shapeOf<'dy'>(({ dy }) => dy),
  SshnResize: toSize,
  SshnResizeGrad: toInputSize,
  SshnAveragePool: toSize,
  SshnAveragePoolGrad: toInputSize,
  SshnMaximumPool: toSize,
  SshnMaximumPoolGrad: shapeOf<'x'>(({ x }) => x),
  SshnBoxSum: shapeOf<'x'>(({ x }) => x),
  SshnLocalNcc: shapeOf<'moved'>(({ moved: { shape, dtype } }) => [
    { shape: [], dtype },
    { shape: shape.with(-1, 5 * shape.at(-1)!), dtype },
  ]),
  SshnLocalNccGrad: shapeOf<'moved' | 'fixed'>(({ moved, fixed }) => [moved, fixed]),
  SshnHead: shapeOf<'weight'>(({ weight }) => ({ shape: weight.shape.slice(0, 1), dtype: weight.dtype })),
  SshnHeadGradWeight: shapeOf<'dy' | 'hidden'>(({ dy, hidden }) => ({
    shape: [...dy.shape, ...hidden.shape],
    dtype: dy.dtype,
  })),
  SshnHeadGradHidden: shapeOf<'weight' | 'dy'>(({ weight, dy }) => ({
    shape: weight.shape.slice(1),
    dtype: dy.dtype,
  })),
  SshnCrossEntropy: shapeOf<'logits'>(({ logits }) => [{ shape: [], dtype: logits.dtype }, logits]),
  SshnSoftDice: shapeOf<'logits'>(({ logits }) => [{ shape: [], dtype: logits.dtype }, logits]),
  SshnWarp: shapeOf<'image' | 'field'>(({ image, field }) => ({
    shape: [...field.shape.slice(0, -1), image.shape.at(-1)!],
    dtype: image.dtype,
  })),
  SshnWarpGradField: shapeOf<'field'>(({ field }) => field),
  SshnWarpGradImage: shapeOf<'dy', { inputSize: readonly number[] }>(({ dy }, { inputSize }) => ({
    shape: [dy.shape[0]!, ...inputSize, dy.shape.at(-1)!],
    dtype: dy.dtype,
  })),
  SshnGlobalNorm: shapeOf<never>(() => ({ shape: [], dtype: 'float32' })),
  SshnAdam: shapeOf<'param' | 'm' | 'v'>(({ param, m, v }) => [param, m, v]),
};
