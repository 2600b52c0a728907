import { backend_util, type CastAttrs, Multiply, type TensorInfo, Tile, util } from '@tensorflow/tfjs-core';
import { groupAxes, groupedShape } from './groups.js';
import { isSmall, mostAxes, type Repair, type Work } from './work.js';

/** A function of two tensors whose shapes differ: neighboring axes along which the same one is stretched become one. */
export const ofTwo =
  (first: string, second: string): Repair<object> =>
  (inputs, attrs) => {
    const [a, b] = [inputs[first]!, inputs[second]!];
    if ((isSmall(a) && isSmall(b)) || util.arraysEqual(a.shape, b.shape)) return undefined;
    const shape = backend_util.assertAndGetBroadcastShape(a.shape, b.shape);
    const fit = ({ shape: own }: TensorInfo) => [...Array<number>(shape.length - own.length).fill(1), ...own];
    const [ofA, ofB] = [fit(a), fit(b)];
    const isAlike = (own: readonly number[], axis: number) =>
      (own[axis] === shape[axis]) === (own[axis - 1] === shape[axis - 1]);
    const groups = groupAxes(shape.length, (axis) => isAlike(ofA, axis) && isAlike(ofB, axis));
    return (work) => {
      const [x, y] =
        groups.length <= mostAxes
          ? [work.reshape(a, groupedShape(ofA, groups)), work.reshape(b, groupedShape(ofB, groups))]
          : [stretched(work, a, ofA, shape), stretched(work, b, ofB, shape)];
      return work.reshape(work.run({ [first]: x, [second]: y }, attrs), shape);
    };
  };

/** All entries of a tensor that is stretched, in a row. */
function stretched(work: Work, x: TensorInfo, own: readonly number[], shape: readonly number[]): TensorInfo {
  const reps = shape.map((size, axis) => size / own[axis]!);
  const all = work.kernel(Tile, { x: work.reshape(x, own) }, { reps });
  return work.reshape(all, [util.sizeFromShape([...shape])]);
}

/** A choice between two tensors of the condition's shape: in a row. */
export const select: Repair<object> = ({ condition, t, e }, attrs) => {
  const shape = condition!.shape;
  if (isSmall(condition!) || ![t!, e!].every((each) => util.arraysEqual(each.shape, shape))) return undefined;
  const row = [util.sizeFromShape(shape)];
  return (work) => {
    const flat = (x: TensorInfo) => work.reshape(x, row);
    return work.reshape(work.run({ condition: flat(condition!), t: flat(t!), e: flat(e!) }, attrs), shape);
  };
};

/** Programs of webgpu read at most eight buffers, the one that they write included. */
const mostInputs = 7;

/** A sum of many, some at a time. */
export const addMany: Repair<object> = (inputs) => {
  const all = Object.values(inputs);
  if (all.length <= mostInputs) return undefined;
  return (work) => {
    let sum = work.runList(all.slice(0, mostInputs));
    for (let next = mostInputs; next < all.length; next += mostInputs - 1) {
      sum = work.runList([sum, ...all.slice(next, next + mostInputs - 1)]);
    }
    return sum;
  };
};

/** Real floats of integers and masks: a product of what is only labeled so. */
export const cast: Repair<CastAttrs> = ({ x }, attrs) =>
  attrs.dtype !== 'float32' || (x!.dtype !== 'int32' && x!.dtype !== 'bool')
    ? undefined
    : (work) => work.kernel(Multiply, { a: work.run({ x: x! }, attrs), b: work.scalar(1) });
