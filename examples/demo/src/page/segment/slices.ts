import { type Picture, type SliceAxis, sliceAxes } from '../../worker/protocol.js';
import type { Compute } from '../compute.js';
import { element, fillOptions, input, select } from '../element.js';
import { attempt } from '../errors.js';
import { latest } from '../latest.js';

/** The controls that leaf through a volume; they show only while one is open. */
export function wireSlices(
  compute: Compute,
  open: (picture: Picture) => Promise<void>,
): { show(slice: Picture['slice']): void } {
  fillOptions(select('axis'), sliceAxes);
  const go = latest(async (index: number | undefined) => {
    await open(await compute.call('slice', { axis: select('axis').value as SliceAxis, index }));
  });
  select('axis').addEventListener('change', () => void attempt(() => go(undefined)));
  input('slice').addEventListener('input', () => void attempt(() => go(input('slice').valueAsNumber)));
  return {
    show: (slice) => {
      element('slices').hidden = slice === undefined;
      if (slice === undefined) return;
      const { axis, index, count } = slice;
      select('axis').value = axis;
      Object.assign(input('slice'), { max: `${count - 1}`, value: `${index}` });
      element('slice-number').textContent = `${index + 1} of ${count}`;
    },
  };
}
