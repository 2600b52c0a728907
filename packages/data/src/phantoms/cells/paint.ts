import type { Rng } from '@sshn/core';
import { valueNoise } from '../value-noise.js';
import { type Canvas, coverage, eachPixel } from './canvas.js';
import { type NucleusForm, nucleus, nucleusForms } from './nucleus.js';
import { type Disc, outline, type Shape } from './shapes.js';

/** Label values of a smear. */
export const cytoplasmLabel = 1;
export const nucleusLabel = 2;

/**
 * A white cell: cytoplasm, in a stain between blue and pink and sometimes hardly darker than the slide, around a
 * nucleus with clumped chromatin. The only thing in a smear that is labelled.
 */
export function paintWhiteCell(on: Canvas, rng: Rng, { x, y, radius }: Disc): void {
  const body = outline(rng, { x, y, radius, roughness: 0.12, elongation: rng.uniform(1, 1.25) });
  const form: NucleusForm = nucleusForms[rng.integer(nucleusForms.length)]!;
  const core = nucleus(rng, form, x, y, radius);
  const density = rng.uniform(0.35, 1);
  const pinkness = rng.uniform();
  const grain = valueNoise(rng, Math.max(1.2, radius * 0.06));
  const clumps = valueNoise(rng, Math.max(1.5, radius * 0.14));
  const edge = valueNoise(rng, Math.max(1.5, radius * 0.12));
  const chromatin = rng.uniform(0.75, 1.15);

  eachPixel(on, body, 2, (index, distance, px, py) => {
    const covered = coverage(distance, 1.5);
    if (covered === 0) return;
    // White cells are thick: red cells bend around them rather than shine through.
    on.density.hemoglobin[index]! *= 1 - covered;
    const amount = covered * density * (0.65 + 0.7 * grain(px, py));
    on.density.azure[index]! += amount * (1 - pinkness);
    on.density.eosin[index]! += amount * pinkness;
    if (distance < 0) on.labels[index] = cytoplasmLabel;
  });

  const inside = Math.max(1, radius * 0.05);
  eachPixel(on, core, 2, (index, toBorder, px, py) => {
    const rough = toBorder + (edge(px, py) - 0.5) * radius * 0.09;
    const distance = Math.max(rough, body.distance(px, py) + inside);
    const covered = coverage(distance, 1.2);
    if (covered === 0) return;
    on.density.chromatin[index]! += covered * chromatin * (0.7 + 0.6 * clumps(px, py));
    if (distance < 0) on.labels[index] = nucleusLabel;
  });
}

/** A red cell: a disc that is paler in its middle; a young one takes up azure too, much as cytoplasm does. */
export function paintRedCell(on: Canvas, rng: Rng, disc: Disc): void {
  const body = outline(rng, { ...disc, roughness: 0.06, elongation: rng.uniform(1, 1.2) });
  const density = rng.uniform(0.7, 1.2);
  const pallor = rng.uniform(0.1, 0.75);
  const middle = (disc.radius * rng.uniform(0.4, 0.6)) ** 2;
  const youth = rng.uniform() < 0.25 ? rng.uniform(0.3, 0.9) : 0;
  eachPixel(on, body, 2, (index, distance, px, py) => {
    const fromCenter = (px - disc.x) ** 2 + (py - disc.y) ** 2;
    const profile = 1 - pallor * Math.exp(-fromCenter / middle);
    const amount = coverage(distance, 1.5) * density * profile;
    on.density.hemoglobin[index]! += amount * (1 - 0.6 * youth);
    on.density.azure[index]! += amount * youth;
  });
}

/** What looks like nucleus and is none: platelets, grains of stain, smudged nuclei that have lost their cell. */
export function paintDebris(on: Canvas, rng: Rng, disc: Disc, softness: number): void {
  const body: Shape = outline(rng, { ...disc, roughness: 0.5, elongation: rng.uniform(1, 1.8) });
  const density = rng.uniform(0.45, 1.1);
  const clumps = valueNoise(rng, Math.max(1, disc.radius * 0.4));
  eachPixel(on, body, softness, (index, distance, px, py) => {
    if (on.labels[index] !== 0) return;
    on.density.chromatin[index]! += coverage(distance, softness) * density * (0.6 + 0.8 * clumps(px, py));
  });
}
