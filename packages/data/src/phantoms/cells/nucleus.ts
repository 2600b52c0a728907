import type { Rng } from '@sshn/core';
import { type Disc, meltedDiscs, type Shape } from './shapes.js';

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
