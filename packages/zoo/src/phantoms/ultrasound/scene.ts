import type { Rng } from '@sshn/core';
import type { Image, LabelMap } from '@sshn/data';
import { dark, type Vessel, vessel } from './bodies.js';
import { echoMap } from './echo-map.js';
import { type Speckle, speckle } from './speckle.js';

/** What the labels of a frame mean. */
export const ultrasoundLabels = ['background', 'lumen', 'wall'] as const;

/** `[height, width]` of the frames that the packaged model sees, in pixels. */
export const frameSize = [256, 256] as const;

/** One frame, and what is in it. */
export interface UltrasoundFrame {
  /** Grey, in [0, 1]. */
  readonly image: Image;
  readonly labels: LabelMap;
}

/** A patient under a moving probe: frames of it at any time. */
export interface UltrasoundScene {
  frame(seconds: number): UltrasoundFrame;
}

/**
 * Generated B-mode ultrasound: one or two vessels cut across, in tissue of bright and dark layers.
 *
 * Vessels pulse, the hand that holds the probe drifts, and speckle moves with the tissue, that of the blood faster. The
 * amplitude is echo · speckle · attenuation, shown on a logarithmic scale as scanners do. Dark patches without a wall look
 * like a lumen from close by and are background.
 *
 * @param size `[height, width]` in pixels.
 */
export function ultrasoundScene(rng: Rng, size: readonly [number, number]): UltrasoundScene {
  const [height, width] = size;
  const unit = Math.min(height, width);
  const bodies = rng.split('bodies');
  const vessels: Vessel[] = [vessel(bodies.split(0), size, 0.5)];
  if (bodies.uniform() < 0.6)
    vessels.push(vessel(bodies.split(1), size, bodies.uniform() < 0.5 ? 0.18 : 0.82));
  const patches = Array.from({ length: bodies.integer(3) }, (_, i) => dark(bodies.split(`dark ${i}`), size));
  const look = lookOf(rng.split('look'));
  const grain = speckle(rng.split('tissue'), 256);
  const blood = speckle(rng.split('blood'), 128);
  const tissue = echoMap(size, Math.ceil(unit * largestDrift) + 2, (y, x) => ({
    echo: patches.reduce((echo, patch) => echo * patch.at(y, x), look.layers(y, x, unit)),
    grain: grain.at(y, x),
  }));

  return {
    frame: (seconds) => {
      const values = new Float32Array(height * width);
      const labels = new Uint8Array(height * width);
      const [down, right] = look.drift(seconds, unit);
      const still = tissue.at(down, right);
      for (const body of vessels) body.moveTo(seconds);
      for (let row = 0; row < height; row++) {
        const left = Math.exp((-look.attenuation * row) / height);
        for (let column = 0; column < width; column++) {
          const pixel = row * width + column;
          const [y, x] = [row + down, column + right];
          const inside = insideOf(vessels, y, x);
          const { echo, grain } = still(row, column);
          labels[pixel] = inside?.label ?? 0;
          const amplitude =
            inside === undefined
              ? echo * grain
              : inside.echo * (inside.label === 1 ? bloodAt(blood, y, x, seconds) : grain);
          values[pixel] = Math.min(
            1,
            Math.max(0, look.gain + Math.log(amplitude * left + 0.003) / look.range),
          );
        }
      }
      return { image: { values, size, channels: 1 }, labels: { values: labels, size } };
    },
  };
}

/** Echo and label at a place of the tissue; undefined outside all vessels. */
function insideOf(vessels: readonly Vessel[], y: number, x: number): ReturnType<Vessel['at']> {
  for (const body of vessels) {
    const found = body.at(y, x);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Blood passes through the plane: its speckle changes within a few frames. */
function bloodAt(blood: Speckle, y: number, x: number, seconds: number): number {
  return blood.at(y + 37 * seconds, x + 53 * seconds);
}

/** Of the probe, as a share of the frame. */
const largestDrift = 0.112;

/** What differs from scanner to scanner and from hand to hand. */
function lookOf(rng: Rng) {
  const [pace, sway, phase] = [rng.uniform(0.6, 1.6), rng.uniform(0.02, 0.07), rng.uniform(0, 7)];
  const [slope, spacing, offset] = [rng.uniform(-0.25, 0.25), rng.uniform(0.14, 0.3), rng.uniform(0, 7)];
  const contrast = rng.uniform(0.2, 0.55);
  return {
    attenuation: rng.uniform(0.2, 1.1),
    gain: rng.uniform(0.62, 0.78),
    range: rng.uniform(4.5, 6),
    /** How far the probe has moved, in pixels. */
    drift: (seconds: number, unit: number) =>
      [
        unit * sway * Math.sin(pace * seconds + phase),
        1.6 * unit * sway * Math.sin(0.61 * pace * seconds + 2 * phase),
      ] as const,
    /** Fasciae and muscle: bright and dark, one below the other. */
    layers: (y: number, x: number, unit: number) => {
      const depth = (y + slope * x + 0.03 * unit * Math.sin((5 * x) / unit + offset)) / (spacing * unit);
      return 0.5 * (1 + contrast * Math.sin(2 * Math.PI * depth + offset) ** 3);
    },
  };
}
