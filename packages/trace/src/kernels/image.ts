import { interpolationWork, sizeOf } from '@sshn/ops';
import type { CropAndResizeAttrs, ResizeBilinearAttrs, TransformAttrs } from '@tensorflow/tfjs-core';
import type { TensorShape } from '../graph.js';
import { type Of, type RuleTable, rulesFor } from './rule.js';

const resized = ({ shape }: TensorShape, { size }: ResizeBilinearAttrs): number[] => [
  shape[0]!,
  ...size,
  shape[3]!,
];

const likeImages = ({ images }: Of<'images'>): TensorShape => ({ shape: images.shape, dtype: 'float32' });

/** Free where the nearest pixel is taken. */
const interpolated = (method: string, y: TensorShape) => ({
  elementwise: method === 'nearest' ? 0 : interpolationWork(y),
});

/** Images on another grid: `[batch, height, width, channels]`. */
export const imageTransforms: RuleTable = {
  ResizeBilinear: {
    shapes: ({ images }: Of<'images'>, attributes: ResizeBilinearAttrs) => ({
      shape: resized(images, attributes),
      dtype: 'float32',
    }),
    work: (_, __, [y]) => ({ elementwise: interpolationWork(y) }),
  },
  ResizeNearestNeighbor: {
    shapes: ({ images }: Of<'images'>, attributes: ResizeBilinearAttrs) => ({
      shape: resized(images, attributes),
      dtype: images.dtype,
    }),
    work: 'free',
  },
  ResizeBilinearGrad: {
    shapes: likeImages,
    work: ({ dy }: Of<'dy'>) => ({ elementwise: interpolationWork(dy) }),
  },
  ResizeNearestNeighborGrad: {
    shapes: likeImages,
    work: ({ dy }: Of<'dy'>) => ({ elementwise: sizeOf(dy) }),
  },
  CropAndResize: {
    shapes: ({ image, boxes }: Of<'image' | 'boxes'>, { cropSize }: CropAndResizeAttrs) => ({
      shape: [boxes.shape[0]!, ...cropSize, image.shape[3]!],
      dtype: 'float32',
    }),
    work: (_, { method }: CropAndResizeAttrs, [y]) => interpolated(method, y),
  },
  Transform: {
    shapes: ({ image }: Of<'image'>, { outputShape }: TransformAttrs) => {
      const [batch, height, width, channels] = image.shape as [number, number, number, number];
      return { shape: [batch, ...(outputShape ?? [height, width]), channels], dtype: image.dtype };
    },
    work: (_, { interpolation }: TransformAttrs, [y]) => interpolated(interpolation, y),
  },
  ...rulesFor(['FlipLeftRight', 'RotateWithOffset'], {
    shapes: ({ image }: Of<'image'>) => image,
    work: 'free',
  }),
};
