import type { Rng } from '@sshn/core';
import { valueNoise } from '../noise.js';
import { type Disc, length, type NucleusForm, nucleus, nucleusForms, outline, type Shape } from './shapes.js';

/** What absorbs light in a smear; each has a color of its own. */
export const stains = ['hemoglobin', 'azure', 'eosin', 'chromatin'] as const;
export type Stain = (typeof stains)[number];

/** The stain densities of a smear, pixel by pixel, and what is to be segmented in it. */
export interface Canvas {
  readonly height: number;
  readonly width: number;
  readonly density: Readonly<Record<Stain, Float32Array>>;
  readonly labels: Uint8Array;
}

/** An empty slide. */
export function canvas(height: number, width: number): Canvas {
  const layer = (): Float32Array => new Float32Array(height * width);
  return {
    height,
    width,
    density: { hemoglobin: layer(), azure: layer(), eosin: layer(), chromatin: layer() },
    labels: new Uint8Array(height * width),
  };
}

/** Calls `visit` for every pixel within reach of a shape, with the distance to its border. */
export function eachPixel(
  { height, width }: Canvas,
  shape: Shape,
  margin: number,
  visit: (index: number, distance: number, x: number, y: number) => void,
): void {
  const reach = shape.reach + margin;
  const [top, bottom] = [Math.max(0, Math.ceil(shape.y - reach)), Math.min(height - 1, shape.y + reach)];
  const [left, right] = [Math.max(0, Math.ceil(shape.x - reach)), Math.min(width - 1, shape.x + reach)];
  for (let y = top; y <= bottom; y++) {
    for (let x = left; x <= right; x++) {
      if (length(x - shape.x, y - shape.y) <= reach) {
        visit(y * width + x, shape.distance(x, y), x, y);
      }
    }
  }
}

/** How much of a pixel is inside: 1 well inside the border, 0 well outside, a ramp of `softness` pixels between. */
export function coverage(distance: number, softness: number): number {
  return Math.min(1, Math.max(0, 0.5 - distance / softness));
}

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

type Color = readonly [red: number, green: number, blue: number];

/** Optical density per unit of each stain, as it appears in Romanowsky-stained smears. */
const absorbance: Readonly<Record<(typeof stains)[number], Color>> = {
  hemoglobin: [0.16, 0.42, 0.44],
  azure: [0.38, 0.36, 0.13],
  eosin: [0.14, 0.34, 0.22],
  chromatin: [0.85, 1.35, 0.55],
};

/**
 * Light through a smear: color c of a pixel is light · slide_c · exp(−Σ density_stain · absorbance_stain,c).
 *
 * The slide's tint, the strength and hue of every stain and the direction in which the light falls off differ from
 * image to image. Row-major RGB.
 *
 * *Source*: the Beer–Lambert law, as color deconvolution uses it (Ruifrok & Johnston 2001).
 */
export function transmit({ height, width, density }: Canvas, rng: Rng): Float32Array {
  const yellow = rng.uniform();
  const brightness = rng.uniform(0.82, 0.97);
  const slide = [1, 0.9 + 0.08 * yellow, 0.95 - 0.22 * yellow].map(
    (c) => c * brightness * rng.uniform(0.97, 1.03),
  );
  const colors = stains.map((stain) => {
    const strength = rng.uniform(0.75, 1.3);
    return absorbance[stain].map((a) => a * strength * rng.uniform(0.85, 1.15));
  });
  const layers = stains.map((stain) => density[stain]);
  const light = unevenLight(rng, height, width);
  const rgb = new Float32Array(height * width * 3);
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i++) {
      const lit = light(x, y);
      for (let c = 0; c < 3; c++) {
        let absorbed = 0;
        for (let s = 0; s < layers.length; s++) absorbed += layers[s]![i]! * colors[s]![c]!;
        rgb[i * 3 + c] = lit * slide[c]! * Math.exp(-absorbed);
      }
    }
  }
  return rgb;
}

/** A slope of up to 20 % across the image in some direction, and corners up to 20 % darker than the middle. */
function unevenLight(rng: Rng, height: number, width: number): (x: number, y: number) => number {
  const angle = rng.uniform(0, 2 * Math.PI);
  const slope = rng.uniform(0, 0.1);
  const slopeX = slope * Math.cos(angle);
  const slopeY = slope * Math.sin(angle);
  const vignette = rng.uniform(0, 0.1);
  return (x, y) => {
    const dx = (2 * x) / width - 1;
    const dy = (2 * y) / height - 1;
    return 1 + slopeX * dx + slopeY * dy - vignette * (dx * dx + dy * dy);
  };
}

/**
 * Noise of a camera: a normal-like number per value, of standard deviation `strength` · √value (photons), then rounding
 * to 8 bits, in place.
 *
 * The number is the sum of the four bytes of one random word: its distribution is within 0.02 of normal, and one word
 * per value is all it costs.
 */
export function expose(rgb: Float32Array, rng: Rng, strength: number): void {
  const deviation = Math.sqrt((4 * (256 ** 2 - 1)) / 12);
  for (let i = 0; i < rgb.length; i++) {
    const word = rng.word();
    const sum = (word & 255) + ((word >>> 8) & 255) + ((word >>> 16) & 255) + (word >>> 24);
    const value = rgb[i]! + (strength * Math.sqrt(rgb[i]!) * (sum - 510)) / deviation;
    rgb[i] = Math.round(255 * Math.min(1, Math.max(0, value))) / 255;
  }
}
