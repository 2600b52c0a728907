import { setting } from '@sshn/core';
import { registerGradients } from '@sshn/ops';
import { backends, distinct, gradientError, useBackend, weighted, withoutLeak } from '@sshn-internal/testing';
import { dispose, type Tensor, tensor, zeros } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { film } from './film.js';

const at = setting(0.5);

test('γ and β are a scale and a shift per channel, zero at the start', () => {
  const zero = { kind: 'constant', value: 0 };
  expect(film({ channels: 3 }).specs).toMatchObject({
    gamma: { role: 'scale', axes: ['channels'], shape: [3], init: zero },
    beta: { role: 'shift', axes: ['channels'], shape: [3], init: zero },
  });
});

describe.each(backends)('on %s', (backend) => {
  beforeAll(async () => {
    await useBackend(backend);
    registerGradients();
  });

  test('y = (1 + γ) · x + β per channel', () => {
    const x = tensor([1, 2, 3, 4], [1, 1, 2, 2]);
    const y = film({ channels: 2 }).apply({ gamma: tensor([1, -3]), beta: tensor([10, 0]) }, x, at);
    expect([...y.dataSync()]).toEqual([12, -4, 16, -8]);
  });

  test('zeros leave every bit as it is', () => {
    const x = distinct([2, 1, 3, 5, 4]);
    const y = film({ channels: 4 }).apply({ gamma: zeros([4]), beta: zeros([4]) }, x, at);
    expect(y.dataSync()).toEqual(x.dataSync());
  });

  test('gradients', () => {
    const f = (...[x, gamma, beta]: Tensor[]) =>
      weighted(film({ channels: 2 }).apply({ gamma: gamma!, beta: beta! }, x!, at));
    const inputs = [distinct([2, 3, 1, 2]), tensor([0.5, -1]), tensor([1, 2])];
    expect(gradientError(f, inputs, 0.1)).toBeLessThan(1e-3);
  });

  test('leaves nothing behind', async () => {
    const [x, gamma, beta] = [distinct([1, 2, 2, 3]), zeros([3]), zeros([3])];
    await withoutLeak(() => film({ channels: 3 }).apply({ gamma, beta }, x, at).dispose());
    dispose([x, gamma, beta]);
  });

  test('refuses other channels, which would broadcast', () => {
    const params = { gamma: zeros([4]), beta: zeros([4]) };
    expect(() => film({ channels: 4 }).apply(params, zeros([1, 2, 2, 1]), at)).toThrow(
      'film: got shape [1, 2, 2, 1], expected [..., 4].',
    );
  });
});

test('refuses channels that are no count', () => {
  expect(() => film({ channels: 0 })).toThrow('film: channels: got 0, expected an integer of at least 1.');
});
