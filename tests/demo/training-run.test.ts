import { useFastWasm } from '@sshn/backend-wasm';
import { loadModel } from '@sshn/model';
import { registerGradients } from '@sshn/ops';
import { dispose, type Tensor } from '@tensorflow/tfjs-core';
import { beforeAll, expect, test } from 'vitest';
import type { TrainingProgress } from '../../examples/demo/src/worker/protocol.js';
import { trainingRun } from '../../examples/demo/src/worker/training-run.js';

beforeAll(async () => {
  await useFastWasm({ threads: 1 });
  registerGradients();
});

test('half of the preset steps segment held-out images well, at every φ that is not tiny', async () => {
  const seen: TrainingProgress[] = [];
  const bytes = await trainingRun(
    { kind: 'cells', steps: 750, features: 8 },
    { report: (progress) => seen.push(progress), signal: new AbortController().signal },
  );
  const curves = seen.flatMap(({ curve }) => (curve === undefined ? [] : [curve]));
  for (const { factor, dice } of curves.at(-1)!)
    if (factor > 0) expect(dice, `φ ${factor}`).toBeGreaterThan(0.7);
  expect(curves.at(-1)!.at(-1)!.dice!).toBeGreaterThan(curves[0]!.at(-1)!.dice! + 0.2);
  expect(seen.at(-1)!.loss).toBeLessThan(seen[0]!.loss / 2);
  const { manifest, params } = loadModel(bytes, 'trained');
  expect(manifest.accuracyCost.map(({ dice }) => dice)).toEqual(curves.at(-1)!.map(({ dice }) => dice));
  dispose([...params.values()] as Tensor[]);
}, 240_000);
