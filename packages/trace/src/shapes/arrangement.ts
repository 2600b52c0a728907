import {
  type BatchToSpaceNDAttrs,
  backend_util,
  type ConcatAttrs,
  type DepthToSpaceAttrs,
  type ExpandDimsAttrs,
  type PackAttrs,
  type PadV2Attrs,
  type ReshapeAttrs,
  type SliceAttrs,
  type SpaceToBatchNDAttrs,
  type SplitVAttrs,
  type StridedSliceAttrs,
  slice_util,
  type TileAttrs,
  type TransposeAttrs,
  type UnpackAttrs,
  util,
} from '@tensorflow/tfjs-core';
import type { TensorShape } from '../graph.js';
import { asTensor, type ShapeTable, shapeOf, shapesOf } from './shape-function.js';

/** The same numbers in another shape or order, whole or in part. */
export const arrangement: ShapeTable = {
  BatchToSpaceND: shapeOf<'x', BatchToSpaceNDAttrs>(({ x }, { blockShape, crops }) => {
    const [batch, ...rest] = x.shape;
    const spatial = rest.map((n, i) =>
      i < blockShape.length ? n * blockShape[i]! - crops[i]![0]! - crops[i]![1]! : n,
    );
    return { shape: [batch! / product(blockShape), ...spatial], dtype: x.dtype };
  }),
  Concat: shapeOf<string, ConcatAttrs>((inputs, { axis }) => {
    const parts = Object.values(inputs);
    const [along] = util.parseAxisParam(axis, [...parts[0]!.shape]);
    const shapes = parts.map(({ shape }) => [...shape]);
    backend_util.assertParamsConsistent(shapes, along!);
    return { shape: backend_util.computeOutShape(shapes, along!), dtype: parts[0]!.dtype };
  }),
  DepthToSpace: shapeOf<'x', DepthToSpaceAttrs>(({ x }, { blockSize, dataFormat }) => {
    const at = dataFormat === 'NHWC' ? { height: 1, width: 2, depth: 3 } : { depth: 1, height: 2, width: 3 };
    const shape = [...x.shape];
    shape[at.height]! *= blockSize;
    shape[at.width]! *= blockSize;
    shape[at.depth]! /= blockSize ** 2;
    return { shape, dtype: x.dtype };
  }),
  ExpandDims: shapeOf<'input', ExpandDimsAttrs>(({ input }, { dim }) => ({
    shape: input.shape.toSpliced(dim < 0 ? input.shape.length + 1 + dim : dim, 0, 1),
    dtype: input.dtype,
  })),
  Pack: shapeOf<string, PackAttrs>((inputs, { axis }) => {
    const parts = Object.values(inputs);
    const { shape, dtype } = parts[0]!;
    return { shape: shape.toSpliced(axis < 0 ? shape.length + 1 + axis : axis, 0, parts.length), dtype };
  }),
  ...shapesOf(
    ['MirrorPad', 'PadV2'],
    shapeOf<'x', Pick<PadV2Attrs, 'paddings'>>(({ x }, { paddings }) => ({
      shape: x.shape.map((n, i) => n + paddings[i]![0] + paddings[i]![1]),
      dtype: x.dtype,
    })),
  ),
  Reshape: shapeOf<'x', ReshapeAttrs>(({ x }, { shape }) => ({
    shape: util.inferFromImplicitShape([...shape], product(x.shape)),
    dtype: x.dtype,
  })),
  Reverse: shapeOf<'x'>(({ x }) => x),
  Slice: shapeOf<'x', SliceAttrs>(({ x }, { begin, size }) => {
    const [start, shape] = slice_util.parseSliceParams(asTensor(x), begin, size);
    slice_util.assertParamsValid(asTensor(x), start!, shape!);
    return { shape: shape!, dtype: x.dtype };
  }),
  SpaceToBatchND: shapeOf<'x', SpaceToBatchNDAttrs>(({ x }, { blockShape, paddings }) => {
    const [batch, ...rest] = x.shape;
    const spatial = rest.map((n, i) =>
      i < blockShape.length ? (n + paddings[i]![0]! + paddings[i]![1]!) / blockShape[i]! : n,
    );
    return { shape: [batch! * product(blockShape), ...spatial], dtype: x.dtype };
  }),
  SplitV: shapeOf<'x', SplitVAttrs>(({ x }, { numOrSizeSplits, axis }) => {
    const [along] = util.parseAxisParam(axis, [...x.shape]);
    const sizes = backend_util.prepareSplitSize(asTensor(x), numOrSizeSplits, along);
    return sizes.map((size) => ({ shape: x.shape.with(along!, size), dtype: x.dtype }));
  }),
  StridedSlice: shapeOf<'x', StridedSliceAttrs>(({ x }, attributes) => {
    const { begin, end, strides, beginMask, endMask, ellipsisMask, newAxisMask, shrinkAxisMask } = attributes;
    const { finalShape } = slice_util.sliceInfo(
      [...x.shape],
      begin,
      end,
      strides,
      beginMask,
      endMask,
      ellipsisMask,
      newAxisMask,
      shrinkAxisMask,
    );
    return { shape: finalShape, dtype: x.dtype };
  }),
  Tile: shapeOf<'x', TileAttrs>(({ x }, { reps }) => ({
    shape: x.shape.map((n, i) => n * reps[i]!),
    dtype: x.dtype,
  })),
  Transpose: shapeOf<'x', TransposeAttrs>(({ x }, { perm }) => ({
    shape: perm.map((axis) => x.shape[axis]!),
    dtype: x.dtype,
  })),
  Unpack: shapeOf<'value', UnpackAttrs>(({ value }, { axis }) => {
    const along = axis < 0 ? value.shape.length + axis : axis;
    const part: TensorShape = { shape: value.shape.toSpliced(along, 1), dtype: value.dtype };
    return Array.from({ length: value.shape[along]! }, () => part);
  }),
};

function product(factors: readonly number[]): number {
  return factors.reduce((result, n) => result * n, 1);
}
