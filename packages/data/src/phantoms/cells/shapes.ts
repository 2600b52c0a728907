import type { Rng } from '@sshn/core';

/** A closed shape in the plane, coordinates in pixels. */
export interface Shape {
  readonly x: number;
  readonly y: number;
  /** No point of the shape is farther from (x, y). */
  readonly reach: number;
  /** Roughly the distance to the border: negative inside, positive outside. */
  distance(x: number, y: number): number;
}

/** How a star-shaped outline departs from a circle. */
export interface OutlineOptions {
  readonly x: number;
  readonly y: number;
  readonly radius: number;
  /** Size of the bumps as a share of the radius. */
  readonly roughness: number;
  /** Ratio of the longer to the shorter axis. @default 1 */
  readonly elongation?: number;
}

/**
 * A star-shaped outline: R(θ) = radius · ellipse(θ) · (1 + roughness · Σ aₖ cos(kθ + pₖ)), k = 2 … 6, aₖ ~ 1/k.
 */
export function outline(rng: Rng, { x, y, radius, roughness, elongation = 1 }: OutlineOptions): Shape {
  const bumps = [2, 3, 4, 5, 6].map((k) => ({
    k,
    size: (roughness * rng.uniform(0.5, 1.5)) / k,
    phase: rng.uniform(0, 2 * Math.PI),
  }));
  const turn = rng.uniform(0, Math.PI);
  const stretch = Math.sqrt(elongation);
  const radiusAt = (angle: number): number => {
    let factor = 1;
    for (const { k, size, phase } of bumps) factor += size * Math.cos(k * angle + phase);
    const along = Math.cos(angle - turn) / stretch;
    const across = Math.sin(angle - turn) * stretch;
    return (radius * factor) / length(along, across);
  };
  // A table of directions: trigonometry per pixel would be most of the time that an image takes.
  const radii = Float64Array.from({ length: directions + 1 }, (_, i) =>
    radiusAt((2 * Math.PI * i) / directions - Math.PI),
  );
  return {
    x,
    y,
    reach: radii.reduce((most, r) => Math.max(most, r)),
    distance(px, py) {
      const at = (Math.atan2(py - y, px - x) / (2 * Math.PI) + 0.5) * directions;
      const before = Math.min(directions - 1, Math.floor(at));
      const rim = radii[before]! + (at - before) * (radii[before + 1]! - radii[before]!);
      return length(px - x, py - y) - rim;
    },
  };
}

const directions = 128;

/** √(x² + y²), without the guards against overflow that make Math.hypot slow. */
export function length(x: number, y: number): number {
  return Math.sqrt(x * x + y * y);
}

/** A disc. */
export interface Disc {
  readonly x: number;
  readonly y: number;
  readonly radius: number;
}

/**
 * Discs that melt into each other: a smooth minimum of their distances, −b · log Σ exp(−dᵢ / b).
 *
 * @param blend b in pixels: how far a neck reaches.
 */
export function meltedDiscs(discs: readonly Disc[], blend: number): Shape {
  const x = discs.reduce((sum, disc) => sum + disc.x, 0) / discs.length;
  const y = discs.reduce((sum, disc) => sum + disc.y, 0) / discs.length;
  const reach = Math.max(...discs.map((disc) => length(disc.x - x, disc.y - y) + disc.radius));
  return {
    x,
    y,
    reach: reach + blend * Math.log(discs.length),
    distance(px, py) {
      let sum = 0;
      for (const disc of discs) {
        sum += Math.exp(-(length(px - disc.x, py - disc.y) - disc.radius) / blend);
      }
      return -blend * Math.log(sum);
    },
  };
}
