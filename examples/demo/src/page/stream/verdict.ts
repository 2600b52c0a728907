import { settingText } from '@sshn/model';
import type { RatePoint, RateState } from './rate-controller.js';
import { typicalMilliseconds } from './rate-controller.js';

/** How many frames per second come, and how many of them are segmented and shown. */
export interface Rates {
  readonly wanted: number;
  readonly filmed: number;
  readonly shown: number;
}

/** A rate counts as held from this share of it on: counting over three seconds strays by a frame or two. */
const held = 0.9;

/** In one sentence, why φ is what it is. Says no measured number, so that it changes with φ and not with every frame. */
export function verdictOf(
  state: RateState,
  points: readonly RatePoint[],
  { wanted, filmed, shown }: Rates,
): string {
  const factor = settingText(points[state.place]!.at);
  const typical = typicalMilliseconds(state) ?? 0;
  const isLate = typical > 1000 / wanted;
  const goal = `${wanted} frames per second`;
  if (isLate && state.place === 0)
    return `Even the smallest φ is too slow for ${goal} here: frames are left out.`;
  // What the camera does not film cannot be shown, however fast the network is.
  if (filmed < held * wanted)
    return `${goal} are not reached: this device films fewer. A frame at φ ${factor} would be segmented in time.`;
  if (shown < held * wanted && state.last !== 'down')
    return `${goal} are not reached at φ ${factor}: frames are left out.`;
  if (state.last === 'down') return `φ went down to ${factor}, to hold ${goal}.`;
  if (state.place === points.length - 1)
    return `φ is ${factor}, the most accurate: this device has time for it at ${goal}.`;
  if (state.last === 'up') return `φ went up to ${factor}: there was time left at ${goal}.`;
  return `φ is ${factor}, the most accurate with which this device holds ${goal}.`;
}
