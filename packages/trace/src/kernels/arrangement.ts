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
import { asTensor, type NamedShapes, type Of, product, type RuleTable, type StockRule } from './rule.js';

const shapes: { readonly [kernel: string]: StockRule['shapes'] } = {
  BatchToSpaceND: ({ x }: Of<'x'>, { blockShape, crops }: BatchToSpaceNDAttrs) => {
    const [batch, ...rest] = x.shape;
    const spatial = rest.map((n, i) =>
      i < blockShape.length ? n * blockShape[i]! - crops[i]![0]! - crops[i]![1]! : n,
    );
    return { shape: [batch! / product(blockShape), ...spatial], dtype: x.dtype };
  },
  Concat: (inputs: NamedShapes, { axis }: ConcatAttrs) => {
    const parts = Object.values(inputs);
    const [along] = util.parseAxisParam(axis, [...parts[0]!.shape]);
    const shapes = parts.map(({ shape }) => [...shape]);
    backend_util.assertParamsConsistent(shapes, along!);
    return { shape: backend_util.computeOutShape(shapes, along!), dtype: parts[0]!.dtype };
  },
  DepthToSpace: ({ x }: Of<'x'>, { blockSize, dataFormat }: DepthToSpaceAttrs) => {
    const at = dataFormat === 'NHWC' ? { height: 1, width: 2, depth: 3 } : { depth: 1, height: 2, width: 3 };
    const shape = [...x.shape];
    shape[at.height]! *= blockSize;
    shape[at.width]! *= blockSize;
    shape[at.depth]! /= blockSize ** 2;
    return { shape, dtype: x.dtype };
  },
  ExpandDims: ({ input }: Of<'input'>, { dim }: ExpandDimsAttrs) => ({
    shape: input.shape.toSpliced(dim < 0 ? input.shape.length + 1 + dim : dim, 0, 1),
    dtype: input.dtype,
  }),
  Pack: (inputs: NamedShapes, { axis }: PackAttrs) => {
    const parts = Object.values(inputs);
    const { shape, dtype } = parts[0]!;
    return { shape: shape.toSpliced(axis < 0 ? shape.length + 1 + axis : axis, 0, parts.length), dtype };
  },
  MirrorPad: padded,
  PadV2: padded,
  Reshape: ({ x }: Of<'x'>, { shape }: ReshapeAttrs) => ({
    shape: util.inferFromImplicitShape([...shape], product(x.shape)),
    dtype: x.dtype,
  }),
  Reverse: ({ x }: Of<'x'>) => x,
  Slice: ({ x }: Of<'x'>, { begin, size }: SliceAttrs) => {
    const [start, shape] = slice_util.parseSliceParams(asTensor(x), begin, size);
    slice_util.assertParamsValid(asTensor(x), start!, shape!);
    return { shape: shape!, dtype: x.dtype };
  },
  SpaceToBatchND: ({ x }: Of<'x'>, { blockShape, paddings }: SpaceToBatchNDAttrs) => {
    const [batch, ...rest] = x.shape;
    const spatial = rest.map((n, i) =>
      i < blockShape.length ? (n + paddings[i]![0]! + paddings[i]![1]!) / blockShape[i]! : n,
    );
    return { shape: [batch! * product(blockShape), ...spatial], dtype: x.dtype };
  },
  SplitV: ({ x }: Of<'x'>, { numOrSizeSplits, axis }: SplitVAttrs) => {
    const [along] = util.parseAxisParam(axis, [...x.shape]);
    const sizes = backend_util.prepareSplitSize(asTensor(x), numOrSizeSplits, along);
    return sizes.map((size) => ({ shape: x.shape.with(along!, size), dtype: x.dtype }));
  },
  StridedSlice: ({ x }: Of<'x'>, attributes: StridedSliceAttrs) => {
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
  },
  Tile: ({ x }: Of<'x'>, { reps }: TileAttrs) => ({
    shape: x.shape.map((n, i) => n * reps[i]!),
    dtype: x.dtype,
  }),
  Transpose: ({ x }: Of<'x'>, { perm }: TransposeAttrs) => ({
    shape: perm.map((axis) => x.shape[axis]!),
    dtype: x.dtype,
  }),
  Unpack: ({ value }: Of<'value'>, { axis }: UnpackAttrs) => {
    const along = axis < 0 ? value.shape.length + axis : axis;
    const part: TensorShape = { shape: value.shape.toSpliced(along, 1), dtype: value.dtype };
    return Array.from({ length: value.shape[along]! }, () => part);
  },
};

function padded({ x }: Of<'x'>, { paddings }: Pick<PadV2Attrs, 'paddings'>): TensorShape {
  return { shape: x.shape.map((n, i) => n + paddings[i]![0] + paddings[i]![1]), dtype: x.dtype };
}

/** The same numbers in another shape or order, whole or in part: no arithmetic. */
export const arrangement: RuleTable = Object.fromEntries(
  Object.entries(shapes).map(([kernel, shapesOf]) => [kernel, { shapes: shapesOf, work: 'free' }]),
);
