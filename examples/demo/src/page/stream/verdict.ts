import type { RatePoint, RateState } from './rate-controller.js';
import { typicalMilliseconds } from './rate-controller.js';

/** In one sentence, why φ is what it is. Says no measured number, so that it changes with φ and not with every frame. */
export function verdictOf(state: RateState, points: readonly RatePoint[], framesPerSecond: number): string {
  const { factor } = points[state.place]!;
  const typical = typicalMilliseconds(state) ?? 0;
  const isLate = typical > 1000 / framesPerSecond;
  const goal = `${framesPerSecond} frames per second`;
  if (isLate && state.place === 0)
    return `Even the smallest φ is too slow for ${goal} here: frames are left out.`;
  if (state.last === 'down') return `φ went down to ${factor}, to hold ${goal}.`;
  if (state.place === points.length - 1)
    return `φ is ${factor}, the most accurate: this device has time for it at ${goal}.`;
  if (state.last === 'up') return `φ went up to ${factor}: there was time left at ${goal}.`;
  return `φ is ${factor}, the most accurate with which this device holds ${goal}.`;
}
