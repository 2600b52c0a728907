import { tensor } from '@tensorflow/tfjs-core';
import { requireBackend } from './check.js';
import { type Initializer, type ParamsOf, type SpecNode, treeOf } from './params.js';
import type { Rng } from './rng.js';

/** Every entry 0. */
export const zeros: Initializer = { kind: 'constant', value: 0 };

/** Every entry 1. */
export const ones: Initializer = { kind: 'constant', value: 1 };

/**
 * Kaiming's normal initialization: std = √(2 / ((1 + slope²) · fanIn)), which keeps the variance of activations
 * from layer to layer when a (leaky) ReLU of that slope follows.
 *
 * @param fanIn Inputs summed into one output.
 * @param slope Of the activation's negative side; 1 for a layer without activation. @default 0.01
 *
 * *Source*: He et al., "Delving deep into rectifiers" (2015), equations 10 and 15.
 */
export function kaimingNormal(fanIn: number, slope = 0.01): Extract<Initializer, { kind: 'normal' }> {
  return { kind: 'normal', std: Math.sqrt(2 / ((1 + slope ** 2) * fanIn)) };
}

/**
 * The first values of all parameters of a tree of specs. Each parameter draws from a generator split off by its
 * path, so adding a layer elsewhere leaves it unchanged. The caller owns the tensors.
 *
 * @throws {NoBackendError} if no backend of tfjs is registered.
 * @example
 * const params = initialize(network.specs, Rng.fromSeed(1));
 */
export function initialize<Specs extends SpecNode>(specs: Specs, rng: Rng): ParamsOf<Specs> {
  requireBackend('initialize');
  return treeOf(specs, (path, { shape, init }) =>
    tensor(initialValues(shape, init, rng.split(path)), [...shape], 'float32'),
  );
}

function initialValues(shape: readonly number[], init: Initializer, rng: Rng): Float32Array {
  const values = new Float32Array(shape.reduce((product, n) => product * n, 1));
  if (init.kind === 'constant') return values.fill(init.value);
  for (let i = 0; i < values.length; i++) values[i] = init.std * rng.normal();
  return values;
}
