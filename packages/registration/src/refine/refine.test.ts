import { OptionError, ShapeError, ValueError } from '@sshn/core';
import { backends, useBackend, withoutLeak } from '@sshn-internal/testing';
import { dispose, fill, neg, type Tensor, tensor, zeros } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { jacobianStatistics } from '../jacobian.js';
import { fieldOf } from '../network/registration-network.js';
import { type RegistrationObjective, registrationLoss, similarityLoss } from '../objective/objective.js';
import { waves } from '../testing/smooth.js';
import { warp } from '../warp/warp.js';
import { pyramidSizes, usualLevels } from './pyramid.js';
import { type RefineStep, refineField } from './refine.js';

/** Stripes and a disk: an image in [0, 1] with something to align everywhere. */
function pattern(size: readonly number[]): Tensor {
  const count = size.reduce((product, length) => product * length, 1);
  const values = Float32Array.from({ length: count }, (_, flat) => {
    let rest = flat;
    let sum = 0;
    for (const [axis, length] of [...size].reverse().entries()) {
      sum += Math.sin((2.5 + axis) * Math.PI * ((rest % length) / length) + axis);
      rest = Math.floor(rest / length);
    }
    return 0.5 + sum / (2 * size.length);
  });
  return tensor(values, [1, ...size, 1]);
}

const objective: RegistrationObjective = {
  similarity: 'mse',
  regularizer: 'diffusion',
  weight: 0.003,
  integrationSteps: 2,
};
const numberOf = (x: Tensor): number => x.dataSync()[0]!;
const read = (x: Tensor): number[] => [...x.dataSync()];

describe.each(backends)('refineField on %s', (backend) => {
  beforeAll(() => useBackend(backend));

  /** An image, and the same one deformed by a smooth field. */
  const pairOf = (size: readonly number[], amplitude = 2): [moving: Tensor, fixed: Tensor] => {
    const moving = pattern(size);
    return [moving, warp(moving, waves(size, amplitude))];
  };

  test.each([
    { size: [20, 17], steps: 20 },
    { size: [9, 1], steps: 12 },
    { size: [8, 7, 6], steps: 10 },
  ])('brings images of $size much closer, without folds', async ({ size, steps }) => {
    const [moving, fixed] = pairOf(size, Math.min(...size) < 10 ? 0.8 : 1.5);
    const { field, lossBefore, lossAfter } = await refineField(moving, fixed, { objective, steps });
    const before = numberOf(similarityLoss(moving, fixed, objective));
    const after = numberOf(similarityLoss(warp(moving, field), fixed, objective));
    expect(field.shape).toEqual([1, ...size, size.length]);
    expect(lossBefore).toBeCloseTo(before, 5); // a field of zeros is as smooth as can be
    expect(after).toBeLessThan(0.3 * before);
    expect(lossAfter).toBeLessThan(lossBefore);
    const [statistics] = await jacobianStatistics(field);
    expect(statistics!.foldedPercent).toBe(0);
  });

  test('goes on from a flow, is never worse than it, and gives the same every time', async () => {
    const [moving, fixed] = pairOf([12, 14]);
    const options = { objective, steps: 5 };
    const first = await refineField(moving, fixed, options);
    const again = await refineField(moving, fixed, options);
    expect(read(again.flow)).toEqual(read(first.flow));
    const more = await refineField(moving, fixed, { ...options, start: first.flow });
    expect(more.lossBefore).toBeCloseTo(first.lossAfter, 6);
    expect(more.lossAfter).toBeLessThan(first.lossAfter);
    const none = await refineField(moving, fixed, { objective, steps: 0, start: first.flow });
    expect(read(none.flow)).toEqual(read(first.flow));
    expect(none.lossAfter).toBe(none.lossBefore);
    const wild = await refineField(moving, fixed, {
      objective,
      steps: 1,
      start: first.flow,
      learningRate: 50,
    });
    expect(read(wild.flow)).toEqual(read(first.flow));
  });

  test('the losses are those of what is returned', async () => {
    const [moving, fixed] = pairOf([12, 17]);
    const { flow, field, lossAfter } = await refineField(moving, fixed, { objective, steps: 4 });
    expect(numberOf(registrationLoss(flow, moving, fixed, objective))).toBeCloseTo(lossAfter, 6);
    expect(read(fieldOf(flow, [12, 17], objective))).toEqual(read(field));
  });

  test('resolution, levels and the rate of learning have their effect', async () => {
    const [moving, fixed] = pairOf([16, 24]);
    const options = { objective, steps: 3 };
    const half = await refineField(moving, fixed, { ...options, resolution: 'half' });
    expect([half.flow.shape, half.field.shape]).toEqual([
      [1, 8, 12, 2],
      [1, 16, 24, 2],
    ]);
    const plain = await refineField(moving, fixed, { ...options, levels: 1 });
    const coarse = await refineField(moving, fixed, { ...options, levels: 2 });
    const fast = await refineField(moving, fixed, { ...options, levels: 1, learningRate: 0.3 });
    expect(coarse.lossAfter).toBeLessThan(plain.lossAfter);
    expect(fast.lossAfter).toBeLessThan(plain.lossAfter);
  });

  test('a heavier regularizer makes smoother fields, and λ stands for it', async () => {
    const [moving, fixed] = pairOf([16, 16]);
    const spreadAt = async (changes: Partial<RegistrationObjective>) => {
      const with_ = { ...objective, ...changes };
      const { field } = await refineField(moving, fixed, { objective: with_, steps: 10 });
      return (await jacobianStatistics(field))[0]!.logStandardDeviation;
    };
    const [light, heavy, lambda] = [
      await spreadAt({ weight: 0.001 }),
      await spreadAt({ weight: 0.1 }),
      await spreadAt({ lambda: 0.1 / 1.1 }),
    ];
    expect(heavy).toBeLessThan(0.5 * light);
    expect(lambda).toBeCloseTo(heavy, 2); // the loss over 1.1, which Adam does not see
  });

  test('tells every step, and stops when asked', async () => {
    const [moving, fixed] = pairOf([32, 32]);
    const seen: RefineStep[] = [];
    const options = { objective, steps: 2, onStep: (step: RefineStep) => void seen.push(step) };
    await refineField(moving, fixed, options);
    expect(seen.map(({ step, steps, level, levels }) => [step, steps, level, levels])).toEqual([
      [1, 4, 0, 2],
      [2, 4, 0, 2],
      [3, 4, 1, 2],
      [4, 4, 1, 2],
    ]);
    const abort = new AbortController();
    let steps = 0;
    const { lossBefore, lossAfter } = await refineField(moving, fixed, {
      objective,
      steps: 50,
      signal: abort.signal,
      onStep: () => {
        if (++steps === 5) abort.abort();
      },
    });
    expect(steps).toBe(5);
    expect(lossAfter).toBeLessThan(lossBefore);
  });

  test('keeps nothing alive, also when it fails', async () => {
    const [moving, fixed] = pairOf([16, 20]);
    const start = zeros([1, 8, 10, 2]);
    await withoutLeak(async () => {
      const { flow, field } = await refineField(moving, fixed, { objective, steps: 2, start, levels: 2 });
      dispose([flow, field]);
    });
    await withoutLeak(async () => {
      const fails = () => {
        throw new Error('enough');
      };
      await expect(refineField(moving, fixed, { objective, steps: 2, onStep: fails })).rejects.toThrow(
        'enough',
      );
    });
  });
});

describe('refineField refuses', () => {
  beforeAll(() => useBackend('cpu'));
  const constant = (shape: number[]) => fill(shape, 0.5);

  test.each([
    [{ steps: -1 }, ValueError],
    [{ steps: 1.5 }, ValueError],
    [{ levels: 0 }, ValueError],
    [{ learningRate: 0 }, ValueError],
    [{ resolution: 'quarter' as never }, OptionError],
    [{ objective: { ...objective, similarity: 'ssd' as never } }, OptionError],
    [{ objective: { ...objective, regularizer: 'tv' as never } }, OptionError],
    [{ objective: { ...objective, weight: -1 } }, ValueError],
    [{ objective: { ...objective, lambda: 2 } }, ValueError],
  ])('%o', async (changes, error) => {
    const [moving, fixed] = [constant([1, 4, 4, 1]), neg(constant([1, 4, 4, 1]))];
    await withoutLeak(async () => {
      await expect(refineField(moving, fixed, { objective, steps: 1, ...changes })).rejects.toThrow(error);
    });
  });

  test('images of two shapes, and flows that are none of theirs', async () => {
    const image = constant([1, 4, 4, 1]);
    await expect(refineField(image, zeros([1, 4, 5, 1]), { objective, steps: 1 })).rejects.toThrow(
      ShapeError,
    );
    for (const shape of [
      [1, 4, 4, 1],
      [2, 4, 4, 2],
      [1, 4, 4, 4, 3],
    ]) {
      const options = { objective, steps: 1, start: zeros(shape) };
      await expect(refineField(image, image, options)).rejects.toThrow(ShapeError);
    }
  });
});

test('a pyramid halves down to 16 voxels, three levels at most', () => {
  expect(
    [
      [15, 99],
      [32, 64],
      [160, 192, 224],
      [64, 1],
    ].map(usualLevels),
  ).toEqual([1, 2, 3, 3]);
  expect(pyramidSizes([9, 1, 32], 3)).toEqual([
    [3, 1, 8],
    [5, 1, 16],
    [9, 1, 32],
  ]);
});
