import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readModelFile } from '@sshn/model/node';
import { useBackend } from '@sshn-internal/testing';
import { dispose } from '@tensorflow/tfjs-core';
import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { parseRunConfig, type RunConfigInput, type TrainEvent } from '../index.js';
import { disks } from '../testing/disks.js';
import { trainRun } from './index.js';

let folder: string;
beforeAll(() => useBackend('cpu'));
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sshn-coarse-front-'));
});
afterEach(() => rm(folder, { recursive: true }));

const small: RunConfigInput = {
  epochs: 1,
  batchSize: 2,
  architecture: { features: 4, stages: 2, convolutionsPerStage: 1 },
  hypernetwork: { hidden: [2] },
  knobs: { widthRange: [0.25, 1], resolutionRange: [0.5, 1] },
};

/** Trains in the folder, until so many settings of the front are measured. */
async function train(changes: RunConfigInput, measured = Number.POSITIVE_INFINITY): Promise<TrainEvent[]> {
  const events: TrainEvent[] = [];
  const cut = new AbortController();
  const onEvent = (event: TrainEvent): void => {
    events.push(event);
    if (event.kind === 'front' && event.done === measured) cut.abort();
  };
  const config = parseRunConfig({ ...small, ...changes }, 'test');
  const data = { path: 'disks', layout: 'flat' };
  await trainRun({ folder, dataset: disks(8, [16, 16]), data, config, onEvent, signal: cut.signal });
  return events;
}

async function storedTable() {
  const { manifest, params } = await readModelFile(join(folder, 'best.safetensors'));
  dispose([...params.values()]);
  return manifest.accuracyCost;
}

test('tells of every setting, stops between two of them, and is stored by the next call', async () => {
  const first = await train({ validation: { factors: [0, 0.3, 0.5] } }, 2);
  expect(first.at(-1)).toMatchObject({ kind: 'end', reason: 'interrupted', epoch: 1 });
  expect((await storedTable()).map(({ factor }) => factor)).toEqual([0, 0.3, 0.5]);

  const second = await train({ validation: { factors: [0, 0.3, 0.5] } });
  expect(second.at(-1)).toMatchObject({ kind: 'end', reason: 'finished' });
  const done = second.flatMap((event) => (event.kind === 'front' ? [[event.done, event.total]] : []));
  expect(done).toEqual([0, 1, 2, 3, 4].map((i) => [i, 5]));
  const table = await storedTable();
  const smallest = table.find(({ width, resolution }) => width === 0.25 && resolution === 0.5);
  expect(table[0]).toEqual(smallest); // The cheapest is always on the front.
  expect(smallest!.factor).toBe(0.3);

  // What is stored is not measured again.
  expect((await train({ validation: { factors: [0, 0.3, 0.5] } })).some(({ kind }) => kind === 'front')).toBe(
    false,
  );
});

test('is measured too where downsampling steps have factors of their own', async () => {
  const architecture = { ...small.architecture, stages: 3 };
  await train({ rescaling: 'separate', architecture, validation: { factors: [0.4] } });
  expect((await storedTable())[0]).toMatchObject({ factor: 0.4, width: 0.25, resolution: 0.5 });
});
