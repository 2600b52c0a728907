import { expect, test } from 'vitest';
import { NoBackendError } from './errors.js';
import { initialize, ones } from './initializers.js';
import { Rng } from './rng.js';

test('without a backend the first tensors say how to get one', async () => {
  const specs = { kind: 'param', role: 'bias', axes: ['out'], shape: [2], fanIn: 1, init: ones } as const;
  expect(() => initialize(specs, Rng.fromSeed(1))).toThrow(NoBackendError);
  expect(() => initialize(specs, Rng.fromSeed(1))).toThrow(
    'initialize: no backend of tfjs is registered. Call `await useFastWasm()` of @sshn/backend-wasm first, or import a backend',
  );
  await import('@tensorflow/tfjs-backend-cpu');
  const weights = initialize(specs, Rng.fromSeed(1));
  expect([...weights.dataSync()]).toEqual([1, 1]);
  weights.dispose();
});
