import type { Rng } from '@sshn/core';
import type { Image, LabelMap } from '../../dataset/types.js';
import { blur } from '../noise.js';
import { type Canvas, canvas, expose, paintDebris, paintRedCell, paintWhiteCell, transmit } from './paint.js';

import { type Disc, length } from './shapes.js';

/** What each label value of a smear is. */
export const smearLabelNames = ['background', 'cytoplasm', 'nucleus'] as const;

/**
 * A stained blood smear: one or two white cells among red cells and debris.
 *
 * Sizes are in units of the image's shorter side, so an image shows the same at any resolution. RGB in [0, 1],
 * in steps of 1/255.
 */
export function smear(rng: Rng, height: number, width: number): { image: Image; labels: LabelMap } {
  const unit = Math.min(height, width) / 128;
  const slides = (height * width) / (128 * unit) ** 2;
  const on = canvas(height, width);
  const white = placeWhiteCells(rng.split('white'), on, unit, slides);
  const red = placeRedCells(rng.split('red'), on, unit, slides, white);
  for (const [i, disc] of red.entries()) paintRedCell(on, rng.split(`red ${i}`), disc);
  for (const [i, disc] of white.entries()) paintWhiteCell(on, rng.split(`white ${i}`), disc);
  scatterDebris(rng.split('debris'), on, unit, slides);

  const optics = rng.split('optics');
  const sharp = transmit(on, optics);
  const values = blur(sharp, [height, width], 3, unit * optics.uniform(0.45, 0.9));
  expose(values, rng.split('camera'), optics.uniform(0.01, 0.03));
  return {
    image: { values, size: [height, width], channels: 3 },
    labels: { values: on.labels, size: [height, width] },
  };
}

/** One cell near the middle of every square of the image, and now and then another one wherever there is room. */
function placeWhiteCells(rng: Rng, { height, width }: Canvas, unit: number, slides: number): Disc[] {
  const cells: Disc[] = [];
  const squares = Math.max(1, Math.round(slides));
  for (let i = 0; i < squares; i++) {
    const along = (i + rng.uniform(0.35, 0.65)) / squares;
    const across = rng.uniform(0.35, 0.65);
    const [x, y] = width >= height ? [along * width, across * height] : [across * width, along * height];
    cells.push({ x, y, radius: unit * rng.uniform(24, 38) });
  }
  const second = { x: rng.uniform(0, width), y: rng.uniform(0, height), radius: unit * rng.uniform(22, 32) };
  const hasRoom = cells.every((cell) => gap(cell, second) > 3 * unit);
  return hasRoom && rng.uniform() < 0.5 ? [...cells, second] : cells;
}

/** Red cells beside the white ones, hardly overlapping each other. */
function placeRedCells(
  rng: Rng,
  { height, width }: Canvas,
  unit: number,
  slides: number,
  white: readonly Disc[],
): Disc[] {
  const cells: Disc[] = [];
  const wanted = Math.round(slides * (4 + rng.integer(13)));
  for (let tries = 0; tries < 6 * wanted && cells.length < wanted; tries++) {
    const margin = 10 * unit;
    const cell = {
      x: rng.uniform(-margin, width + margin),
      y: rng.uniform(-margin, height + margin),
      radius: unit * rng.uniform(13, 18),
    };
    const isFree =
      white.every((other) => gap(other, cell) > -0.3 * cell.radius) &&
      cells.every((other) => gap(other, cell) > -0.6 * cell.radius);
    if (isFree) cells.push(cell);
  }
  return cells;
}

/** Platelets and grains anywhere outside of white cells, and sometimes a smudge as large as a lobe of a nucleus. */
function scatterDebris(rng: Rng, on: Canvas, unit: number, slides: number): void {
  const grains = Math.round(slides * (2 + rng.integer(7)));
  const smudges = Math.round(slides * rng.integer(4));
  for (let i = 0; i < grains + smudges; i++) {
    const isSmudge = i >= grains;
    const disc = {
      x: rng.uniform(0, on.width),
      y: rng.uniform(0, on.height),
      radius: unit * (isSmudge ? rng.uniform(5, 12) : rng.uniform(1, 3.5)),
    };
    paintDebris(on, rng.split(i), disc, unit * (isSmudge ? rng.uniform(1.5, 4) : 1.2));
  }
}

/** Distance between the rims of two discs; negative where they overlap. */
function gap(a: Disc, b: Disc): number {
  return length(a.x - b.x, a.y - b.y) - a.radius - b.radius;
}
