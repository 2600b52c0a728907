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

/** Kinds of white cells by the form of their nucleus. */
export const nucleusForms = ['round', 'kidney', 'lobed'] as const;
export type NucleusForm = (typeof nucleusForms)[number];

/**
 * The nucleus of a cell at (x, y): one round body (as lymphocytes have), a bent one (monocytes), or two to five lobes
 * on an arc that only thin necks hold together (neutrophils). It may reach beyond the cell; the painter cuts it there.
 *
 * @param radius Of the cell, in pixels.
 */
export function nucleus(rng: Rng, form: NucleusForm, x: number, y: number, radius: number): Shape {
  const start = rng.uniform(0, 2 * Math.PI);
  if (form === 'round') {
    const offset = radius * rng.uniform(0, 0.15);
    const body = { ...polar(x, y, offset, start), radius: radius * rng.uniform(0.62, 0.76) };
    const bulge = {
      ...polar(body.x, body.y, body.radius * 0.5, rng.uniform(0, 2 * Math.PI)),
      radius: body.radius * 0.6,
    };
    return meltedDiscs([body, bulge], radius * 0.05);
  }
  const discs: Disc[] = [];
  if (form === 'kidney') {
    const span = rng.uniform(1.6, 2.8);
    const steps = 6;
    const thickness = rng.uniform(0.3, 0.38);
    for (let i = 0; i < steps; i++) {
      const angle = start + span * (i / (steps - 1));
      discs.push({
        ...polar(x, y, radius * 0.42, angle),
        radius: radius * thickness * rng.uniform(0.9, 1.1),
      });
    }
    return meltedDiscs(discs, radius * 0.06);
  }
  const lobes = 2 + rng.integer(4);
  const distance = radius * rng.uniform(0.4, 0.52);
  const size = radius * (0.46 - 0.04 * lobes);
  let angle = start;
  let previous: Disc | undefined;
  for (let i = 0; i < lobes; i++) {
    const lobe = {
      ...polar(x, y, distance * rng.uniform(0.8, 1.15), angle),
      radius: size * rng.uniform(0.85, 1.15),
    };
    if (previous !== undefined) discs.push(...neck(previous, lobe, Math.max(0.6, radius * 0.045)));
    discs.push(lobe);
    previous = lobe;
    angle += (1.7 * size) / distance + rng.uniform(0, 0.5);
  }
  return meltedDiscs(discs, Math.max(0.4, radius * 0.03));
}

/** Small discs along the line between two lobes. */
function neck(from: Disc, to: Disc, radius: number): Disc[] {
  return [0.35, 0.5, 0.65].map((t) => ({
    x: from.x + t * (to.x - from.x),
    y: from.y + t * (to.y - from.y),
    radius,
  }));
}

function polar(x: number, y: number, distance: number, angle: number): { x: number; y: number } {
  return { x: x + distance * Math.cos(angle), y: y + distance * Math.sin(angle) };
}
