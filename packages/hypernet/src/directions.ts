import { type ParamsOf, Rng, type Setting, setting } from '@sshn/core';
import type { Tensor2D } from '@tensorflow/tfjs-core';
import { type Encoding, encodeSetting, type Inputs, middleSetting } from './encoding.js';
import type { Form } from './head-plan.js';
import type { HypernetworkSpecs } from './hypernetwork.js';

/** Orthonormal directions, one after the other. */
export interface Directions {
  readonly count: number;
  /** Entries of a direction. */
  readonly width: number;
  /** `[count, width]`, row-major. */
  readonly values: Float32Array;
}

/** What of a hypernetwork's options decides about the curve. */
interface CurveConfig extends Inputs {
  readonly encoding: Encoding;
  readonly form: Form;
}

/** A width or a resolution is above 0. */
const leastKnob = 0.01;

const countOf = ({ factors, conditions, knobs = [] }: CurveConfig): number =>
  factors + conditions + knobs.length;

/** How far the curve may leave the directions, beside its norm. */
const tolerance = 1e-6;

/** Settings of the grid, and of each further draw, that the curve is followed at. */
const gridSize = 1025;
const drawSize = 1024;

/** Draws in a row that have to show nothing new. */
const draws = 3;

/** Weights of the hidden layers above which following the curve would take many seconds. */
const mostWeights = 2 ** 18;

/** A narrower layer has little to save. */
const leastWidth = 16;

/** More than that, and projected heads save too little. */
const mostDirections = 256;

/**
 * The directions that a hypernetwork's last hidden layer takes over all settings, factors and conditions in [0, 1] each.
 *
 * Over φ the layer traces a curve; being piecewise linear in the encoding, up to its norm, it stays in few of its
 * dimensions: 9 of 16 after the quick start's training. Heads read it through these directions alone (`directions` of
 * `HypernetworkConfig`), θ = θ₀ + a·m·(W·Bᵀ)·(B·(ĥ − ĥ₀)) in the centred form, and predict the same weights with so many columns less.
 *
 * The directions are found greedily: of a grid of settings the one that is farthest from those found so far gives the next,
 * until none is farther than 10⁻⁶ of its norm; then random settings are drawn until three draws show nothing new.
 *
 * @param params The hidden layers; stay the caller's.
 * @returns undefined where the last layer has fewer than 16 units, the curve needs more than three quarters of them or more
 * than 256 directions, or the hidden layers have more than 2¹⁸ weights.
 */
export async function curveDirections(
  params: Pick<ParamsOf<HypernetworkSpecs>, 'hidden'>,
  config: CurveConfig,
): Promise<Directions | undefined> {
  const layers = await Promise.all(params.hidden.map(readLayer));
  const width = layers.at(-1)?.outFeatures;
  const weights = layers.reduce((sum, { kernel }) => sum + kernel.length, 0);
  if (width === undefined || width < leastWidth || weights > mostWeights) return undefined;
  const most = Math.min(mostDirections, Math.floor(0.75 * width));
  const middle = config.form === 'centred' ? featuresAt(layers, middleSetting(config), config) : undefined;
  const basis: Float64Array[] = [];
  const follow = (settings: ReadonlyArray<readonly number[]>): 'new' | 'nothing new' | 'too many' => {
    const rests = settings.map((inputs) => featuresAt(layers, settingAt(inputs, config), config));
    if (middle !== undefined)
      for (const rest of rests) for (const [i, value] of middle.entries()) rest[i]! -= value;
    for (const rest of rests) for (const direction of basis) remove(rest, direction);
    for (let found = 0; ; found++) {
      const norms = rests.map(norm);
      const farthest = rests[norms.indexOf(Math.max(...norms))]!;
      if (norm(farthest) <= tolerance) return found === 0 ? 'nothing new' : 'new';
      if (basis.length === most) return 'too many';
      const direction = Float64Array.from(farthest);
      // Twice: rounding of the first pass is orthogonal to nothing.
      for (const other of basis) remove(direction, other);
      const length = norm(direction);
      basis.push(direction.map((value) => value / length));
      for (const rest of rests) remove(rest, basis.at(-1)!);
    }
  };
  const rng = Rng.fromSeed(1).split('settings');
  if (follow(gridOf(config, rng)) === 'too many') return undefined;
  for (let quiet = 0; quiet < draws; quiet++) {
    const found = follow(drawn(config, rng, drawSize));
    if (found === 'too many') return undefined;
    if (found === 'new') quiet = -1;
  }
  const values = new Float32Array(basis.length * width);
  for (const [i, direction] of basis.entries()) values.set(direction, i * width);
  return { count: basis.length, width, values };
}

/** One input: evenly spaced settings. Several: their corners, and random ones. */
function gridOf(config: CurveConfig, rng: Rng): number[][] {
  const inputs = countOf(config);
  if (inputs === 1) return Array.from({ length: gridSize }, (_, i) => [i / (gridSize - 1)]);
  const corners = Array.from({ length: 2 ** Math.min(inputs, 10) }, (_, i) =>
    Array.from({ length: inputs }, (__, axis) => (i >> axis) & 1),
  );
  return [...corners, ...drawn(config, rng, 2 * drawSize)];
}

function drawn(config: CurveConfig, rng: Rng, count: number): number[][] {
  const inputs = countOf(config);
  return Array.from({ length: count }, () => Array.from({ length: inputs }, () => rng.uniform(0, 1)));
}

interface Layer {
  readonly outFeatures: number;
  /** `[inFeatures, outFeatures]`. */
  readonly kernel: Float32Array;
  readonly bias: Float32Array;
}

async function readLayer({ kernel, bias }: ParamsOf<HypernetworkSpecs>['hidden'][number]): Promise<Layer> {
  const { shape } = kernel as Tensor2D;
  return {
    outFeatures: shape[1],
    kernel: (await kernel.data()) as Float32Array,
    bias: (await bias.data()) as Float32Array,
  };
}

/** The setting with these inputs, each in [0, 1]. */
function settingAt(inputs: readonly number[], { factors, conditions, knobs = [] }: CurveConfig): Setting {
  const turned = knobs.map((knob, i) => [knob, Math.max(leastKnob, inputs[factors + conditions + i]!)]);
  return setting({
    factor: inputs.slice(0, factors),
    conditions: inputs.slice(factors, factors + conditions),
    ...Object.fromEntries(turned),
  });
}

/** The last hidden layer at a setting, of norm 1. */
function featuresAt(layers: readonly Layer[], at: Setting, config: CurveConfig): Float64Array {
  let h = Float64Array.from(encodeSetting(at, config, config.encoding));
  for (const { outFeatures, kernel, bias } of layers) {
    const next = Float64Array.from(bias);
    for (const [i, value] of h.entries()) {
      for (let j = 0; j < outFeatures; j++) next[j]! += value * kernel[i * outFeatures + j]!;
    }
    h = next.map((value) => (value > 0 ? value : slope * value));
  }
  const length = norm(h);
  return length === 0 ? h : h.map((value) => value / length);
}

/** Of leakyRelu in the hidden layers. */
const slope = 0.01;

function norm(vector: Float64Array): number {
  let sum = 0;
  for (const value of vector) sum += value * value;
  return Math.sqrt(sum);
}

/** Takes a direction out of a vector. */
function remove(vector: Float64Array, direction: Float64Array): void {
  let along = 0;
  for (let i = 0; i < vector.length; i++) along += vector[i]! * direction[i]!;
  for (let i = 0; i < vector.length; i++) vector[i]! -= along * direction[i]!;
}
