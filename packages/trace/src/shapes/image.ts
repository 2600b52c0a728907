import type { CropAndResizeAttrs, ResizeBilinearAttrs, TransformAttrs } from '@tensorflow/tfjs-core';
import { type ShapeTable, shapeOf, shapesOf } from './shape-function.js';

/** Images on another grid: `[batch, height, width, channels]`. */
export const imageTransforms: ShapeTable = {
  ResizeBilinear: shapeOf<'images', ResizeBilinearAttrs>(({ images }, { size }) => ({
    shape: [images.shape[0]!, ...size, images.shape[3]!],
    dtype: 'float32',
  })),
  ResizeNearestNeighbor: shapeOf<'images', ResizeBilinearAttrs>(({ images }, { size }) => ({
    shape: [images.shape[0]!, ...size, images.shape[3]!],
    dtype: images.dtype,
  })),
  ...shapesOf(
    ['ResizeBilinearGrad', 'ResizeNearestNeighborGrad'],
    shapeOf<'images'>(({ images }) => ({ shape: images.shape, dtype: 'float32' })),
  ),
  CropAndResize: shapeOf<'image' | 'boxes', CropAndResizeAttrs>(({ image, boxes }, { cropSize }) => ({
    shape: [boxes.shape[0]!, ...cropSize, image.shape[3]!],
    dtype: 'float32',
  })),
  Transform: shapeOf<'image', TransformAttrs>(({ image }, { outputShape }) => {
    const [batch, height, width, channels] = image.shape as [number, number, number, number];
    return { shape: [batch, ...(outputShape ?? [height, width]), channels], dtype: image.dtype };
  }),
  ...shapesOf(
    ['FlipLeftRight', 'RotateWithOffset'],
    shapeOf<'image'>(({ image }) => image),
  ),
};
