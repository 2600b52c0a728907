import type { Rng } from '@sshn/core';
import { type Canvas, stains } from './canvas.js';

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
