import { setting } from '@sshn/core';
import { groupNormalization } from '@sshn/layers';
import { createLoss, lossNames } from '@sshn/losses';
import { valueAndGradients } from '@sshn/ops';
import {
  globalNccLoss,
  gradientDifferenceLoss,
  localNccLoss,
  mutualInformationLoss,
} from '@sshn/registration';
import { dispose, mul, reshape, type Scalar, sum, type Tensor, tensor, tidy } from '@tensorflow/tfjs-core';
import * as exact from '../../../../packages/registration/src/testing/any-unit.js';
import { type Case, labelWave } from '../probe.js';

// Variances and quotients in awkward units. Values and gradients are compared with float64; gradients are times the unit.

type Loss = (moved: Tensor, fixed: Tensor) => Scalar;

function similarityCase(
  name: string,
  size: readonly number[],
  loss: Loss,
  inFloat64: (images: exact.Images) => exact.Similarity,
): Case {
  const pairs = Object.entries(exact.pairsInAnyUnit(size));
  let known: Map<string, number[]> | undefined;
  return {
    name: `similarity ${name} in any unit`,
    tolerance: 5e-3,
    run() {
      const results = new Map<string, Tensor>();
      for (const [title, images] of pairs) {
        const units = [exact.unitOf(images[0]), exact.unitOf(images[1])] as const;
        const [moved, fixed] = images.map((values) => tensor(values, [1, ...size, 1])) as [Tensor, Tensor];
        const { value, gradients } = valueAndGradients({ moved, fixed }, (p) => loss(p.moved, p.fixed));
        results.set(`${title}: value`, value);
        results.set(`${title}: to moved`, mul(gradients.moved, units[0]));
        results.set(`${title}: to fixed`, mul(gradients.fixed, units[1]));
        dispose([moved, fixed, gradients.moved, gradients.fixed]);
      }
      return results;
    },
    exact() {
      if (known !== undefined) return known;
      const results = new Map<string, number[]>();
      for (const [title, images] of pairs) {
        const similarity = inFloat64(images);
        const [toMoved, toFixed] = exact.gradientsInUnit(similarity, images);
        results.set(`${title}: value`, [similarity(Array.from(images[0]), Array.from(images[1]))]);
        results.set(`${title}: to moved`, toMoved);
        results.set(`${title}: to fixed`, toFixed);
      }
      known = results;
      return results;
    },
  };
}

const plane = [6, 5];
const volume = [3, 4, 2];
const local = { window: 3, epsilon: 1e-5 };

const similarities: readonly Case[] = [
  ...[plane, volume].flatMap((size) =>
    [true, false].map((squared) =>
      similarityCase(
        `localNccLoss${squared ? '' : ', signed'}, ${size.length}D`,
        size,
        (a, b) => localNccLoss(a, b, { ...local, squared }),
        (images) => exact.localNcc(images, { ...local, squared, size }),
      ),
    ),
  ),
  similarityCase('globalNccLoss', plane, globalNccLoss, exact.globalNcc),
  similarityCase('gradientDifferenceLoss', plane, gradientDifferenceLoss, (images) =>
    exact.gradientDifference(images, plane),
  ),
  similarityCase(
    'mutualInformationLoss',
    plane,
    (a, b) => mutualInformationLoss(a, b, { bins: 6 }),
    (images) => exact.mutualInformation(images, 6),
  ),
];

/** Logits of three labels. */
const logits: Readonly<Record<string, (value: number, i: number) => number>> = {
  'a range of 1e-6': (value) => value * 1e-6,
  'a range of 1e6': (value) => value * 1e6,
  'an offset of 1e5': (value) => value + 1e5,
  constant: () => 100_000.3,
  '95 % zeros': (value, i) => (i % 20 === 0 ? value : 0),
};

const losses: readonly Case[] = lossNames
  .filter((name) => name !== 'weightedSum')
  .map((name) => ({
    name: `loss ${name} in any unit`,
    run() {
      const [shape, results] = [[2, 4, 5, 3], new Map<string, Tensor>()];
      const labels = labelWave(shape.slice(0, -1), 3);
      const loss = createLoss({ name });
      for (const [title, change] of Object.entries(logits)) {
        const values = Float32Array.from({ length: 120 }, (_, i) =>
          change(2 * Math.sin(0.37 * i * i + 1), i),
        );
        const z = tensor(values, shape);
        const { value, gradients } = valueAndGradients({ z }, (p) => loss(p.z, labels));
        results.set(`${title}: value`, value);
        results.set(`${title}: gradient`, gradients.z);
        z.dispose();
      }
      labels.dispose();
      return results;
    },
  }));

const channels = 2;
const group = groupNormalization({ channels, groups: 1, affine: false });
const weights = Array.from({ length: 30 * channels }, (_, i) => Math.sin(1 + 1.7 * i) + 0.3);

/** Both channels of an image make one group. */
function normalized(values: readonly number[]): number[] {
  const mean = values.reduce((all, value) => all + value, 0) / values.length;
  const variance = values.reduce((all, value) => all + (value - mean) ** 2, 0) / values.length;
  return values.map((value) => (value - mean) / Math.sqrt(variance + 1e-5));
}

/** An image with both of a pair as its channels. */
const stacked = ([a, b]: exact.Images): Float32Array =>
  Float32Array.from({ length: channels * a.length }, (_, i) => (i % 2 === 0 ? a : b)[i >> 1]!);

/** Squares of 1e20 are beyond float32, in which features live. */
const features = Object.entries(exact.pairsInAnyUnit(plane)).filter(([title]) => title !== 'a range of 1e20');

const normalization: Case = {
  name: 'group normalization in any unit',
  // Features have no such offsets, so the mean is taken once: at 1e5 float32 knows it to 0.004, and webgl to 0.01.
  tolerance: 5e-2,
  run() {
    const results = new Map<string, Tensor>();
    for (const [title, images] of features) {
      const x = tensor(stacked(images), [1, ...plane, channels]);
      const y = (input: Tensor) => group.apply({}, input, setting(0.5));
      const { value, gradients } = valueAndGradients({ x }, (p) =>
        sum(mul(reshape(y(p.x), [-1]), tensor(weights))),
      );
      results.set(
        `${title}: y`,
        tidy(() => y(x)),
      );
      results.set(`${title}: gradient`, mul(gradients.x, exact.unitOf(stacked(images))));
      dispose([x, value, gradients.x]);
    }
    return results;
  },
  exact() {
    const results = new Map<string, number[]>();
    for (const [title, images] of features) {
      const values = stacked(images);
      results.set(`${title}: y`, normalized(Array.from(values)));
      const f = (x: readonly number[]) =>
        normalized(x).reduce((all, value, i) => all + value * weights[i]!, 0);
      results.set(`${title}: gradient`, exact.gradientInUnit(f, values));
    }
    return results;
  },
};

export const units: readonly Case[] = [...similarities, ...losses, normalization];
