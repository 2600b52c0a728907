import type { SliceAxis } from '../../volumes/slices.js';
import type { SliceOptions } from './options.js';

/** The indices of a volume's slices that are examples, of `count` that it has. */
export function sliceIndices(count: number, { range = [0, count - 1], step = 1 }: SliceOptions): number[] {
  const [first, last] = [range[0]!, Math.min(range[1]!, count - 1)];
  const indices: number[] = [];
  for (let index = first; index <= last; index += step) indices.push(index);
  return indices;
}

/** 'subject-01/coronal-096'. */
export function sliceName(subject: string, axis: SliceAxis, index: number): string {
  return `${subject}/${axis}-${String(index).padStart(3, '0')}`;
}
