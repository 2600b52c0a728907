import type { Rng } from '@sshn/core';

/** A vessel cut across. */
export interface Vessel {
  /** Gives it the width and place that it has at a time. */
  moveTo(seconds: number): void;
  /** Its echo and label at a place, in pixels; undefined outside. */
  at(y: number, x: number): { readonly echo: number; readonly label: number } | undefined;
}

/** A round vessel whose wall is thin, thicker where plaque lies. @param across Where it lies, as a share of the width. */
export function vessel(rng: Rng, [height, width]: readonly [number, number], across: number): Vessel {
  const unit = Math.min(height, width);
  const middle = [height * rng.uniform(0.35, 0.65), width * (across + rng.uniform(-0.08, 0.08))] as const;
  const atRest = unit * rng.uniform(0.1, 0.17);
  const flatness = rng.uniform(0.75, 1);
  const [thickness, plaque, plaqueAt] = [
    unit * rng.uniform(0.018, 0.032),
    rng.uniform() < 0.5 ? rng.uniform(1, 2.5) : 0,
    rng.uniform(-Math.PI, Math.PI),
  ];
  const [beats, strength, phase] = [rng.uniform(0.9, 1.6), rng.uniform(0.04, 0.12), rng.uniform(0, 7)];
  const bright = rng.uniform(1.3, 2.2);
  const inside = rng.uniform(0.015, 0.05);
  let radius = atRest;
  return {
    moveTo: (seconds) => {
      radius = atRest * (1 + strength * pulse(beats * seconds + phase));
    },
    at: (y, x) => {
      const down = (y - middle[0]) / flatness;
      const right = x - middle[1];
      const distance = Math.sqrt(down * down + right * right);
      if (distance >= radius + thickness) return undefined;
      const angle = Math.atan2(down, right);
      const away = Math.abs(((angle - plaqueAt + 3 * Math.PI) % (2 * Math.PI)) - Math.PI);
      const inner = radius - thickness * plaque * Math.exp(-((away / 0.7) ** 2));
      if (distance < inner) return { echo: inside, label: 1 };
      // Walls across the beam reflect most.
      const facing = 0.45 + (0.55 * Math.abs(down)) / Math.max(1, distance);
      return { echo: bright * facing, label: 2 };
    },
  };
}

/** Wide at once, narrow again slowly. @param beat Time in heartbeats. */
function pulse(beat: number): number {
  const share = beat - Math.floor(beat);
  return Math.min(1, 8 * share) * Math.exp(-3 * share);
}

/** A dark patch: it dims the tissue, and has no wall. */
export interface Dark {
  /** What is left of the echo at a place, in [0, 1]. */
  at(y: number, x: number): number;
}

/** A soft-edged dark patch somewhere in the frame. */
export function dark(rng: Rng, [height, width]: readonly [number, number]): Dark {
  const unit = Math.min(height, width);
  const middle = [height * rng.uniform(0.1, 0.95), width * rng.uniform(0, 1)] as const;
  const radii = [unit * rng.uniform(0.06, 0.12), unit * rng.uniform(0.08, 0.2)] as const;
  const depth = rng.uniform(0.7, 0.95);
  return {
    at: (y, x) => {
      const distance = Math.hypot((y - middle[0]) / radii[0], (x - middle[1]) / radii[1]);
      return 1 - depth / (1 + Math.exp(12 * (distance - 1)));
    },
  };
}
