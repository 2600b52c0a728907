import { input } from '../element.js';

/** Sliders for the cross, from left to right, back to front and bottom to top. */
const sliders = ['cross-x', 'cross-y', 'cross-z'] as const;

/** Lets the keyboard do what dragging in a slice does; a drag moves the sliders in turn. */
export function crossControls(move: (place: readonly [number, number, number]) => void): {
  show(place: readonly number[]): void;
} {
  const place = () => sliders.map((id) => input(id).valueAsNumber) as [number, number, number];
  for (const id of sliders) input(id).addEventListener('input', () => move(place()));
  return {
    show: (at) => {
      for (const [axis, id] of sliders.entries()) input(id).value = `${at[axis]}`;
    },
  };
}
