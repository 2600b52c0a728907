import type { SoftDiceSettings } from '@sshn/ops';
import { type Tensor, tensor } from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';

import type { NativeKernels } from './index.js';
import { crossEntropy, softDice } from './losses.js';
import { nativeForTests, noise, take } from './testing/native.js';

let native: NativeKernels;
beforeAll(async () => {
  native = await nativeForTests();
});

interface Case {
  readonly batch: number;
  readonly pixels: number;
  readonly count: number;
  readonly isSoft: boolean;
  readonly spread: number;
}

const cases = fc.record<Case>({
  batch: fc.integer({ min: 1, max: 3 }),
  pixels: fc.integer({ min: 1, max: 150 }),
  count: fc.integer({ min: 2, max: 9 }),
  isSoft: fc.boolean(),
  spread: fc.constantFrom(1, 20, 300),
});

/** Random logits, labels as the kernel takes them, and shares of labels as numbers. */
function sample({ batch, pixels, count, isSoft, spread }: Case) {
  const size = batch * pixels * count;
  const logits = noise(size, 1).map((v) => v * spread);
  const hard = Int32Array.from(noise(batch * pixels, 2), (v) => Math.floor(((v + 1) / 2) * count));
  const soft = isSoft
    ? softmax(noise(size, 3), count)
    : Float64Array.from({ length: size }, (_, i) => (hard[Math.floor(i / count)] === i % count ? 1 : 0));
  const shape = [batch, pixels, count];
  const labels = isSoft ? tensor(Float32Array.from(soft), shape) : tensor(hard, shape.slice(0, 2), 'int32');
  return { z: logits, t: soft, logits: tensor(logits, shape), labels };
}

function softmax(z: ArrayLike<number>, count: number): Float64Array {
  const p = new Float64Array(z.length);
  for (let row = 0; row < z.length; row += count) {
    let largest = -Infinity;
    let total = 0;
    for (let l = 0; l < count; l++) largest = Math.max(largest, z[row + l]!);
    for (let l = 0; l < count; l++) total += Math.exp(z[row + l]! - largest);
    for (let l = 0; l < count; l++) p[row + l] = Math.exp(z[row + l]! - largest) / total;
  }
  return p;
}

/** Logarithms of softmax, exact where softmax itself vanishes. */
function logSoftmax(z: ArrayLike<number>, count: number): Float64Array {
  const logarithms = new Float64Array(z.length);
  for (let row = 0; row < z.length; row += count) {
    let largest = -Infinity;
    let total = 0;
    for (let l = 0; l < count; l++) largest = Math.max(largest, z[row + l]!);
    for (let l = 0; l < count; l++) total += Math.exp(z[row + l]! - largest);
    for (let l = 0; l < count; l++) logarithms[row + l] = z[row + l]! - largest - Math.log(total);
  }
  return logarithms;
}

/** Loss, and gradients to probabilities and to logits, by the formulas of `softDiceLoss`. */
function referenceDice(
  { batch, pixels, count }: Case,
  { p, t }: { p: Float64Array; t: Float64Array },
  { squaredDenominator, smooth, includeBackground, perSample }: SoftDiceSettings,
): { readonly loss: number; readonly slope: Float64Array; readonly gradient: Float64Array } {
  const groups = perSample ? batch : 1;
  const rows = (batch * pixels) / groups;
  const first = includeBackground ? 0 : 1;
  const weight = 1 / ((count - first) * groups);
  const slope = new Float64Array(p.length);
  let loss = 1;
  for (let group = 0; group < groups; group++) {
    for (let label = first; label < count; label++) {
      const at = Array.from({ length: rows }, (_, i) => (group * rows + i) * count + label);
      const overlap = at.reduce((sum, i) => sum + p[i]! * t[i]!, 0);
      const power = squaredDenominator ? 2 : 1;
      const size = at.reduce((sum, i) => sum + p[i]! ** power + t[i]! ** power, smooth);
      const dice = (2 * overlap + smooth) / size;
      loss -= weight * dice;
      for (const i of at) {
        slope[i] = (-weight * (2 * t[i]! - dice * (squaredDenominator ? 2 * p[i]! : 1))) / size;
      }
    }
  }
  const gradient = p.map((value, i) => {
    const row = i - (i % count);
    let mean = 0;
    for (let l = 0; l < count; l++) mean += p[row + l]! * slope[row + l]!;
    return value * (slope[i]! - mean);
  });
  return { loss, slope, gradient };
}

function dispose(...tensors: Tensor[]): void {
  for (const t of tensors) t.dispose();
}

describe('cross-entropy', () => {
  it('has the value and gradient of double precision for any sizes, hard and soft labels', () => {
    fc.assert(
      fc.property(cases, (at) => {
        const { z, t, logits, labels } = sample(at);
        const [loss, gradient] = crossEntropy(native, { logits, labels }).map(take);
        const rows = at.batch * at.pixels;
        const expected = logSoftmax(z, at.count).reduce((sum, v, i) => sum - v * t[i]!, 0) / rows;
        expect(Math.abs(loss![0]! - expected) / (1 + expected)).toBeLessThan(1e-6);
        // In units of a probability: where the network is sure and right, the difference is nearly 0.
        const error = softmax(z, at.count).reduce(
          (most, p, i) => Math.max(most, Math.abs(p - t[i]! - gradient![i]! * rows)),
          0,
        );
        expect(error).toBeLessThan(1e-6);
        dispose(logits, labels);
      }),
    );
  });

  it('joins the parts of many pixels', () => {
    const at = { batch: 3, pixels: 4001, count: 3, spread: 5 };
    for (const isSoft of [false, true]) {
      const { z, t, logits, labels } = sample({ ...at, isSoft });
      const [loss, gradient] = crossEntropy(native, { logits, labels }).map(take);
      const rows = at.batch * at.pixels;
      const expected = logSoftmax(z, at.count).reduce((sum, v, i) => sum - v * t[i]!, 0) / rows;
      expect(loss![0]).toBeCloseTo(expected, 5);
      const p = softmax(z, at.count);
      expect(gradient!.every((g, i) => Math.abs(p[i]! - t[i]! - g * rows) < 1e-6)).toBe(true);
      dispose(logits, labels);
    }
  });

  it('takes the sum of many logarithms without overflow', () => {
    const pixels = 5000;
    const logits = tensor(new Float32Array(pixels * 90), [pixels, 90]);
    const labels = tensor(new Int32Array(pixels), [pixels], 'int32');
    expect(take(crossEntropy(native, { logits, labels })[0]!)[0]).toBeCloseTo(Math.log(90), 6);
    dispose(logits, labels);
  });

  it('counts an integer that is no label as no label, as a one-hot of tfjs does', () => {
    const logits = tensor([0, 0, 0, 0], [2, 2]);
    const labels = tensor([-1, 2], [2], 'int32');
    const [loss, gradient] = crossEntropy(native, { logits, labels }).map(take);
    expect(loss![0]!).toBeCloseTo(Math.log(2), 6);
    expect([...gradient!]).toEqual([0.25, 0.25, 0.25, 0.25]);
    dispose(logits, labels);
  });

  it('shows logits that are not numbers', () => {
    const logits = tensor([Number.NaN, 0], [1, 2]);
    const labels = tensor([1], [1], 'int32');
    const [loss, gradient] = crossEntropy(native, { logits, labels }).map(take);
    expect(loss![0]).toBeNaN();
    expect(gradient![0]).toBeNaN();
    dispose(logits, labels);
  });
});

describe('soft Dice', () => {
  const settings = fc.record<SoftDiceSettings>({
    squaredDenominator: fc.boolean(),
    smooth: fc.constantFrom(1e-7, 1),
    includeBackground: fc.boolean(),
    perSample: fc.boolean(),
  });

  it('has the value and gradient of double precision under all settings', () => {
    fc.assert(
      fc.property(
        cases.filter(({ spread }) => spread < 300),
        settings,
        (at, options) => {
          const { z, t, logits, labels } = sample(at);
          const [loss, gradient] = softDice(native, { logits, labels }, options).map(take);
          const expected = referenceDice(at, { p: softmax(z, at.count), t }, options);
          expect(loss![0]!).toBeCloseTo(expected.loss, 5);
          // Where softmax is sure, terms of the size of the slope cancel to a gradient of nearly 0.
          const scale = expected.slope.reduce((most, v) => Math.max(most, Math.abs(v)), 0);
          const error = expected.gradient.reduce(
            (most, v, i) => Math.max(most, Math.abs(v - gradient![i]!)),
            0,
          );
          expect(error / scale).toBeLessThan(1e-6);
          dispose(logits, labels);
        },
      ),
    );
  });
});

it('soft Dice joins the parts of many pixels, of all or of each sample', () => {
  const at = { batch: 2, pixels: 9001, count: 3, isSoft: false, spread: 5 };
  for (const perSample of [false, true]) {
    const options = { squaredDenominator: true, smooth: 1, includeBackground: true, perSample };
    const { z, t, logits, labels } = sample(at);
    const [loss, gradient] = softDice(native, { logits, labels }, options).map(take);
    const expected = referenceDice(at, { p: softmax(z, at.count), t }, options);
    expect(loss![0]).toBeCloseTo(expected.loss, 6);
    const scale = expected.gradient.reduce((most, v) => Math.max(most, Math.abs(v)), 0);
    expect(expected.gradient.every((v, i) => Math.abs(v - gradient![i]!) < 1e-5 * scale)).toBe(true);
    dispose(logits, labels);
  }
});

it('losses give the same bits again and do not grow the heap over a thousand calls', () => {
  const { logits, labels } = sample({ batch: 2, pixels: 77, count: 3, isSoft: false, spread: 5 });
  const options = { squaredDenominator: true, smooth: 1e-7, includeBackground: false, perSample: true };
  const run = (): Buffer[] =>
    [...crossEntropy(native, { logits, labels }), ...softDice(native, { logits, labels }, options)].map(
      (info) => Buffer.from(take(info).buffer),
    );
  const first = run();
  const heap = native.words().byteLength;
  for (let i = 0; i < 1000; i++)
    run().forEach((bytes, j) => {
      if (!bytes.equals(first[j]!)) throw new Error(`call ${i}, result ${j}`);
    });
  expect(native.words().byteLength).toBe(heap);
  dispose(logits, labels);
});
