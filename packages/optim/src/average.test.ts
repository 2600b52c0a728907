import { disposeParams, initialize, namedParams, paramTree, Rng, ValueError, zeros } from '@sshn/core';
import { backends, useBackend, withoutLeak } from '@sshn-internal/testing';
import { tensor1d } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { adam } from './adam.js';
import { averaged, averageOf } from './average.js';
import { type OptimizerState, stateFrom } from './optimizer.js';
import { sgd } from './sgd.js';

describe.each(backends)('averaged on %s', (backend) => {
  beforeAll(() => useBackend(backend));

  test.each([0, 0.9, 0.999])(
    'decay %f: the recurrence in float64; the weights are those of the optimizer alone',
    async (decay) => {
      await withoutLeak(() => {
        const [plain, kept] = [adam(), averaged(adam(), { decay })];
        let params = { w: tensor1d([1, -2, 3]) };
        let alone = { w: tensor1d([1, -2, 3]) };
        let [state, aloneState]: OptimizerState[] = [kept.init(params), plain.init(alone)];
        let wanted = [1, -2, 3];
        for (let step = 0; step < 45; step++) {
          const gradients = { w: tensor1d([Math.sin(step), 1, -0.1 * step]) };
          const at = { step, learningRate: 0.05, overwrite: true };
          const next = kept.update(gradients, state!, params, at);
          const other = plain.update(gradients, aloneState!, alone, at);
          for (const tree of [gradients, params, state!, alone, aloneState!]) disposeParams(tree);
          ({ params, state } = next);
          [alone, aloneState] = [other.params, other.state];
          const now = [...params.w.dataSync()];
          expect(now).toEqual([...alone.w.dataSync()]);
          if (step % 10 !== 9) continue;
          const d = Math.min(decay, (1 + step) / (10 + step)) ** 10;
          wanted = wanted.map((value, i) => d * value + (1 - d) * now[i]!);
          const average = [...namedParams(averageOf(state!)!).values()][0]!.dataSync();
          for (const [i, value] of wanted.entries()) expect(average[i]).toBeCloseTo(value, 5);
        }
        for (const tree of [params, state!, alone, aloneState!]) disposeParams(tree);
      });
    },
  );
});

test('its state is stored and read by name; what averages nothing has none', () => {
  const specs = {
    w: { kind: 'param', role: 'bias', axes: ['out'], shape: [2], fanIn: 1, init: zeros },
  } as const;
  const params = initialize(specs, Rng.fromSeed(1));
  const optimizer = averaged(sgd(), { decay: 0.9 });
  const state = optimizer.init(params);
  expect([...namedParams(state).keys()]).toEqual(['average.w']);
  const read = stateFrom(optimizer, specs, namedParams(state));
  expect(paramTree(specs, namedParams(averageOf(read)!)).w).toBe(namedParams(state).get('average.w'));
  expect(averageOf(sgd().init(params))).toBeUndefined();
  for (const tree of [params, state]) disposeParams(tree);
  expect(() => averaged(sgd(), { decay: 1 })).toThrow(ValueError);
});
