import {
  BatchToSpaceND,
  type BatchToSpaceNDAttrs,
  BroadcastTo,
  batchToSpaceND,
  Cast,
  Concat,
  type ConcatAttrs,
  clone,
  concat,
  DepthToSpace,
  type DepthToSpaceAttrs,
  ExpandDims,
  type GradConfig,
  Identity,
  Pack,
  type PackAttrs,
  Reshape,
  Reverse,
  type ReverseAttrs,
  reshape,
  reverse,
  Select,
  SpaceToBatchND,
  type SpaceToBatchNDAttrs,
  SplitV,
  type SplitVAttrs,
  spaceToBatchND,
  split,
  stack,
  type Tensor,
  Transpose,
  type TransposeAttrs,
  transpose,
  Unpack,
  type UnpackAttrs,
  unstack,
  where,
  zeros,
  zerosLike,
} from '@tensorflow/tfjs-core';
import { entry, fromInput, linear } from '../entry.js';
import { fromFront, sumTo } from '../reduction/broadcast.js';
import { spaceToDepth } from './rearrange.js';

/** As many gradients as a kernel of a list has inputs, made together. */
const byIndex = (gradients: readonly Tensor[]) =>
  Object.fromEntries(gradients.map((gradient, i) => [i, () => gradient]));

/** The gradients of all outputs of a kernel; tfjs hands over a bare tensor where there is only one. */
const asList = (dy: Tensor | Tensor[]): Tensor[] => (Array.isArray(dy) ? dy : [dy]);

/** What moves, copies, joins or parts entries without computing anything. */
export const shape = (): readonly GradConfig[] => [
  fromInput(Reshape, (dy, x) => reshape(dy, x.shape)),
  fromInput(BroadcastTo, (dy, x) => sumTo(dy, x.shape)),
  linear(Identity, (dy) => clone(dy)),
  linear(Cast, (dy) => clone(dy)),
  linear<TransposeAttrs>(Transpose, (dy, { perm }) =>
    transpose(
      dy,
      perm.map((_, axis) => perm.indexOf(axis)),
    ),
  ),
  linear<ReverseAttrs>(Reverse, (dy, { dims }) => reverse(dy, dims)),
  linear<BatchToSpaceNDAttrs>(BatchToSpaceND, (dy, { blockShape, crops }) =>
    spaceToBatchND(dy, blockShape, crops),
  ),
  linear<SpaceToBatchNDAttrs>(SpaceToBatchND, (dy, { blockShape, paddings }) =>
    batchToSpaceND(dy, blockShape, paddings),
  ),
  linear<DepthToSpaceAttrs>(DepthToSpace, (dy, { blockSize, dataFormat }) =>
    spaceToDepth(dy, blockSize, dataFormat),
  ),
  entry(ExpandDims, {
    save: ['input'],
    gradients: (dy, [input]) => ({ input: () => reshape(dy, input!.shape) }),
  }),
  entry(Select, {
    save: ['condition'],
    gradients: (dy, [condition]) => ({
      condition: () => zeros(condition!.shape),
      t: () => where(condition!, dy, zerosLike(dy)),
      e: () => where(condition!, zerosLike(dy), dy),
    }),
  }),
  {
    kernelName: Concat,
    saveAllInputs: true,
    gradFunc: (dy, saved, attributes) => {
      const axis = fromFront((attributes as unknown as ConcatAttrs).axis, saved[0]!.rank);
      return byIndex(
        split(
          dy as Tensor,
          saved.map((part) => part.shape[axis]!),
          axis,
        ),
      );
    },
  },
  {
    kernelName: SplitV,
    gradFunc: (dy, _, attributes) => ({
      x: () => concat(asList(dy), (attributes as unknown as SplitVAttrs).axis),
    }),
  },
  {
    kernelName: Pack,
    saveAllInputs: true,
    gradFunc: (dy, _, attributes) =>
      byIndex(unstack(dy as Tensor, (attributes as unknown as PackAttrs).axis)),
  },
  {
    kernelName: Unpack,
    gradFunc: (dy, _, attributes) => ({
      value: () => stack(asList(dy), (attributes as unknown as UnpackAttrs).axis),
    }),
  },
];
