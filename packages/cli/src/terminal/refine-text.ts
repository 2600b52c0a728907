import type { RefineStep } from '@sshn/registration';
import { formatDuration } from '../text/duration.js';

/** A refinement under way, in one line: 'level 1/3  step 12/90  loss 0.0123  4 s left'. */
export function refineText({ step, steps, level, levels, loss }: RefineStep, milliseconds: number): string {
  const words = [
    ...(levels === 1 ? [] : [`level ${level + 1}/${levels}`]),
    `step ${step}/${steps}`,
    `loss ${loss.toPrecision(4)}`,
    // Steps of finer levels take longer: nothing is promised before the last one.
    ...(level === levels - 1
      ? [`${formatDuration(((steps - step) * milliseconds) / step / 1000)} left`]
      : []),
  ];
  return words.join('  ');
}
