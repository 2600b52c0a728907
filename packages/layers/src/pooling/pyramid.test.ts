import { initialize, namedParams, namedSpecs, type ParamsOf, Rng, rescaling } from '@sshn/core';
import { interpolationMatrix, registerGradients, valueAndGradients } from '@sshn/ops';
import { backends, distinct, gradientError, useBackend, weighted, withoutLeak } from '@sshn-internal/testing';
import { dispose, type Scalar, slice, type Tensor, tensor, zeros } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, expectTypeOf, test } from 'vitest';
import { average, naivePooling } from '../testing/naive-pooling.js';
import { pyramidPooling } from './pyramid.js';

const at = rescaling(0.5);

test('names, channels and their types', () => {
  const layer = pyramidPooling({ inChannels: 8 });
  expect(layer.outChannels).toBe(16);
  expect(namedSpecs(layer.specs).map(([path, { shape }]) => [path, ...shape])).toEqual(
    [0, 1, 2, 3].flatMap((level) => [
      [`levels.${level}.bias`, 2],
      [`levels.${level}.kernel`, 1, 1, 8, 2],
    ]),
  );
  expectTypeOf<ParamsOf<typeof layer.specs>['levels'][number]['kernel']>().toEqualTypeOf<Tensor>();
  expect(pyramidPooling({ inChannels: 3 }).outChannels).toBe(7);
  expect(pyramidPooling({ inChannels: 3, bins: [1, 5], outChannelsPerBin: 4 }).outChannels).toBe(11);
  const kernel = pyramidPooling({ rank: 3, inChannels: 3, bins: [2] }).specs.levels[0]!.kernel;
  expect(kernel.shape).toEqual([1, 1, 1, 3, 3]);
});

describe.each(backends)('on %s', (backend) => {
  beforeAll(async () => {
    await useBackend(backend);
    registerGradients();
  });

  test('by hand: one bin is the mean, weighted, everywhere', () => {
    const params = { levels: [{ kernel: tensor([10], [1, 1, 1, 1]), bias: tensor([1]) }] };
    const x = tensor([1, 2, 3, 6], [1, 2, 2, 1]);
    const layer = pyramidPooling({ inChannels: 1, bins: [1] });
    expect([...layer.apply(params, x, at).dataSync()]).toEqual([1, 31, 2, 31, 3, 31, 6, 31]);
    const negative = { levels: [{ kernel: tensor([-10], [1, 1, 1, 1]), bias: tensor([0]) }] };
    const active = pyramidPooling({ inChannels: 1, bins: [1], activation: 'leakyRelu', slope: 0.5 });
    expect([...active.apply(negative, x, at).dataSync()]).toEqual([1, -15, 2, -15, 3, -15, 6, -15]);
  });

  test.each([[[5, 7]], [[1, 1]], [[6, 12]], [[2, 9]]])('size %j: as by definition', (size) => {
    const bins = [1, 2, 3, 6];
    const [height, width] = size as [number, number];
    const layer = pyramidPooling({ inChannels: 2, bins, outChannelsPerBin: 1 });
    const params = initialize(layer.specs, Rng.fromSeed(5));
    const x = distinct([2, height, width, 2]);
    const y = layer.apply(params, x, at);
    expect(y.shape).toEqual([2, height, width, 6]);
    const got = y.dataSync();
    bins.forEach((bin, level) => {
      const pooled = naivePooling(x, [bin, bin], average);
      const [first, second] = params.levels[level]!.kernel.dataSync();
      const [rows, columns] = [interpolationMatrix(bin, height), interpolationMatrix(bin, width)];
      for (let b = 0; b < 2; b++)
        for (let row = 0; row < height; row++)
          for (let column = 0; column < width; column++) {
            let want = 0;
            for (let i = 0; i < bin; i++)
              for (let j = 0; j < bin; j++) {
                const pixel = ((b * bin + i) * bin + j) * 2;
                const value = pooled[pixel]! * first! + pooled[pixel + 1]! * second!;
                want += rows[row * bin + i]! * columns[column * bin + j]! * value;
              }
            const value = got[((b * height + row) * width + column) * 6 + 2 + level]!;
            expect(Math.abs(value - want)).toBeLessThan(2e-5);
          }
    });
    expect(slice(y, [0, 0, 0, 0], [2, height, width, 2]).dataSync()).toEqual(x.dataSync());
  });

  test.each([[[1, 5, 4, 2]], [[2, 1, 1, 2]], [[1, 2, 3, 2, 2]]])('gradients at %j', (shape) => {
    const rank = (shape.length - 2) as 2 | 3;
    const layer = pyramidPooling({ rank, inChannels: 2, bins: [1, 3] });
    const params = namedParams(initialize(layer.specs, Rng.fromSeed(2)));
    const f = (x: Tensor, ...[bias0, kernel0, bias1, kernel1]: Tensor[]) =>
      weighted(
        layer.apply(
          {
            levels: [
              { kernel: kernel0!, bias: bias0! },
              { kernel: kernel1!, bias: bias1! },
            ],
          },
          x,
          at,
        ),
      );
    expect(gradientError(f as never, [distinct(shape), ...params.values()], 0.1)).toBeLessThan(2e-3);
  });

  test('leaves nothing behind, forward and backward', async () => {
    const layer = pyramidPooling({ inChannels: 4, activation: 'leakyRelu' });
    const params = initialize(layer.specs, Rng.fromSeed(1));
    const x = distinct([2, 3, 5, 4]);
    await withoutLeak(() => layer.apply(params, x, at).dispose());
    await withoutLeak(() => {
      const { value, gradients } = valueAndGradients(
        params,
        (p) => weighted(layer.apply(p, x, at)) as Scalar,
      );
      dispose([value, ...namedParams(gradients).values()]);
    });
    dispose([x, ...namedParams(params).values()]);
  });
});

test('refuses what makes no layer, and features that do not fit', () => {
  expect(() => pyramidPooling({ inChannels: 4, bins: [] })).toThrow(
    'pyramidPooling: bins: got [], expected at least one.',
  );
  expect(() => pyramidPooling({ inChannels: 4, bins: [1, 0] })).toThrow(
    'pyramidPooling: bins: level 1: got 0',
  );
  expect(() => pyramidPooling({ inChannels: 0 })).toThrow('pyramidPooling: inChannels: got 0');
  expect(() => pyramidPooling({ inChannels: 4, outChannelsPerBin: 1.5 })).toThrow(
    'outChannelsPerBin: got 1.5',
  );
  expect(() => pyramidPooling({ inChannels: 4, slope: 0.1 })).toThrow('slope: got 0.1');
  const layer = pyramidPooling({ inChannels: 4 });
  const params = initialize(layer.specs, Rng.fromSeed(1));
  expect(() => layer.apply(params, zeros([1, 2, 2, 3]), at)).toThrow(
    'pyramidPooling: got shape [1, 2, 2, 3], expected [batch, height, width, 4].',
  );
});
