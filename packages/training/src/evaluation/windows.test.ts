import { initialize, Rng, setting } from '@sshn/core';
import type { Image } from '@sshn/data';
import { networkOf } from '@sshn/model';
import { useBackend, withoutLeak } from '@sshn-internal/testing';
import { dispose, softmax, type Tensor, tensor, tidy } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { parseRunConfig } from '../config/run-config.js';
import { describeNetwork } from '../methods/network.js';
import { disks } from '../testing/disks.js';
import { diceOver, segment, surfaceOver } from './segment.js';
import { windowedLabels, windowedProbabilities } from './windows.js';

beforeAll(() => useBackend('wasm'));

const labelCount = 3;
const names = ['background', 'a', 'b'];
const at = setting(0.5);

/** A network with random weights for images of a rank, and an image. */
function make(size: readonly number[]) {
  const config = parseRunConfig({ architecture: { features: 3, stages: 2 } }, 'test');
  const model = networkOf(describeNetwork(config, { size, channels: 2, labelNames: names }));
  const params = initialize(model.specs, Rng.fromSeed(3));
  const rng = Rng.fromSeed(8);
  const values = Float32Array.from({ length: 2 * size.reduce((a, b) => a * b, 1) }, () => rng.normal());
  const weights = model.specialize(params, at);
  const apply = (input: Tensor) => model.network.apply(weights, input, at);
  const image: Image = { values, size, channels: 2 };
  return { image, apply, dispose: () => dispose([params, weights] as unknown as Tensor[]) };
}

const placesOf = (size: readonly number[]) =>
  size.reduce<number[][]>(
    (all, n) => all.flatMap((one) => Array.from({ length: n }, (_, i) => [...one, i])),
    [[]],
  );

/** Windows cut, predicted and blended one pixel at a time, in 64 bits. */
function byHand(
  { values, size }: Image,
  window: readonly number[],
  starts: number[][],
  apply: (x: Tensor) => Tensor,
) {
  const least = Math.min(...values);
  const padded = size.map((n, axis) => Math.max(n, window[axis]!));
  const before = padded.map((n, axis) => Math.floor((n - size[axis]!) / 2));
  const sums = new Map<string, number[]>();
  for (const begin of starts.reduce<number[][]>(
    (all, along) => all.flatMap((one) => along.map((s) => [...one, s])),
    [[]],
  )) {
    const inside = placesOf(window);
    const input = inside.flatMap((place) => {
      const old = place.map((p, axis) => p + begin[axis]! - before[axis]!);
      if (old.some((p, axis) => p < 0 || p >= size[axis]!)) return [least, least];
      const pixel = old.reduce((sum, p, axis) => sum * size[axis]! + p, 0);
      return [values[2 * pixel]!, values[2 * pixel + 1]!];
    });
    const map = tidy(() => softmax(apply(tensor(input, [1, ...window, 2]))).dataSync());
    inside.forEach((place, i) => {
      const share = place.reduce(
        (product, p, axis) =>
          product *
          (starts[axis]!.length > 1
            ? Math.exp(-32 * ((p - (window[axis]! - 1) / 2) / window[axis]!) ** 2)
            : 1),
        1,
      );
      const key = place.map((p, axis) => p + begin[axis]! - before[axis]!).join();
      const sum = sums.get(key) ?? [0, 0, 0, 0];
      for (let label = 0; label < 3; label++) sum[label]! += share * map[3 * i + label]!;
      sum[3]! += share;
      sums.set(key, sum);
    });
  }
  return placesOf(size).flatMap((place) => {
    const [a, b, c, weight] = sums.get(place.join())! as [number, number, number, number];
    return [a / weight, b / weight, c / weight];
  });
}

describe.each<[number[], number[], number[][]]>([
  [
    [9, 7],
    [9, 7],
    [[0], [0]],
  ],
  [
    [9, 7],
    [4, 7],
    [[0, 3, 5], [0]],
  ],
  [
    [11, 10],
    [6, 5],
    [
      [0, 3, 5],
      [0, 3, 5],
    ],
  ],
  [
    [5, 8],
    [7, 4],
    [[0], [0, 2, 4]],
  ],
  [
    [1, 3],
    [4, 3],
    [[0], [0]],
  ],
  [
    [6, 5, 7],
    [4, 5, 4],
    [[0, 2], [0], [0, 3]],
  ],
  [
    [3, 6, 4],
    [5, 4, 8],
    [[0], [0, 2], [0]],
  ],
])('an image of %j in windows of %j', (size, window, starts) => {
  test('has the Gaussian mean of what its windows say', async () => {
    const { image, apply, dispose } = make(size);
    const options = { window, labelCount, apply };
    const [map, labels] = await withoutLeak(async () => [
      await windowedProbabilities(image, options),
      await windowedLabels(image, options),
    ]);
    const expected = byHand(image, window, starts, apply);
    expect(map).toHaveLength(expected.length);
    const errors = expected.map((value, i) => Math.abs(map![i]! - value));
    expect(Math.max(...errors)).toBeLessThan(1e-5);
    const best = Array.from({ length: expected.length / 3 }, (_, i) => {
      const three = [...map!.subarray(3 * i, 3 * i + 3)];
      return three.indexOf(Math.max(...three));
    });
    expect([...labels!]).toEqual(best);
    dispose();
  });
});

test('one window that covers images gives the labels and the scores of whole images', async () => {
  const dataset = disks(5, [16, 12]);
  const config = parseRunConfig({ architecture: { features: 4, stages: 2 } }, 'test');
  const model = networkOf(describeNetwork(config, dataset));
  const params = initialize(model.specs, Rng.fromSeed(3));
  const of = [model, params, dataset, dataset.ids, at] as const;
  const labels = async (batchSize: number, window?: readonly number[]) => {
    const all: number[] = [];
    for await (const { predicted } of segment(...of, batchSize, window)) all.push(...predicted);
    return all;
  };
  await withoutLeak(async () => {
    expect(await labels(2, [16, 12])).toEqual(await labels(2));
    expect(await diceOver(...of, 2, [16, 12])).toEqual(await diceOver(...of, 2));
    expect(await surfaceOver(...of, 1, [16, 12])).toEqual(await surfaceOver(...of, 1));
  });
  dispose(params as unknown as Tensor[]);
});
