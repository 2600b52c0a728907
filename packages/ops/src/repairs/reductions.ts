import { type TensorInfo, util } from '@tensorflow/tfjs-core';
import { groupAxes, groupedShape } from './groups.js';
import { isSmall, mostAxes, type Repair } from './work.js';

type Axes = number | number[] | null | undefined;
type ReductionAttrs = Readonly<Record<string, Axes | boolean>>;

/** A reduction: neighboring axes that all go, or all stay, become one; where those are still too many, one run of them goes at a time. */
export const reduction =
  (axisAttribute: 'axis' | 'reductionIndices'): Repair<ReductionAttrs> =>
  ({ x }, attrs) => {
    if (isSmall(x!)) return undefined;
    const { [axisAttribute]: axis, keepDims } = attrs;
    const rank = x!.shape.length;
    const gone = new Set(util.parseAxisParam((axis as Axes) ?? x!.shape.map((_, i) => i), x!.shape));
    const groups = groupAxes(rank, (at) => gone.has(at) === gone.has(at - 1));
    const runs = groups.flatMap(([first], i) => (gone.has(first) ? [i] : []));
    const shape = x!.shape.flatMap((size, at) => (!gone.has(at) ? [size] : keepDims === true ? [1] : []));
    return (work) => {
      const grouped = work.reshape(x!, groupedShape(x!.shape, groups));
      const reduced =
        groups.length <= mostAxes
          ? work.run({ x: grouped }, { [axisAttribute]: runs, keepDims: false })
          : runs.reduceRight<TensorInfo>((all, run) => {
              const less = work.run({ x: work.around(all, run) }, { [axisAttribute]: [1], keepDims: false });
              return work.reshape(less, all.shape.toSpliced(run, 1));
            }, grouped);
      return work.reshape(reduced, shape);
    };
  };
