import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { EpochEvent } from '../trainer/events.js';
import { MetricsLog } from './metrics-log.js';

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sshn-log-'));
});

afterAll(() => rm(folder, { recursive: true, force: true }));

const event = (epoch: number): EpochEvent => ({
  kind: 'epoch',
  epoch,
  epochs: 9,
  phase: 'softDice',
  loss: 0.5,
  learningRate: 1e-3,
  imagesPerSecond: 10,
  secondsLeft: 1,
  isBest: false,
  memory: { tensors: 3 },
});

const epochs = async () =>
  (await readFile(join(folder, 'metrics.jsonl'), 'utf8'))
    .split('\n')
    .flatMap((line) => (line ? [JSON.parse(line).epoch] : []));

test('goes on where the checkpoint is: later lines and half a line are dropped', async () => {
  const log = await MetricsLog.open(folder, 0);
  for (const epoch of [0, 1, 2]) await log.append(event(epoch));
  expect(await epochs()).toEqual([0, 1, 2]);
  const path = join(folder, 'metrics.jsonl');
  await writeFile(path, `${await readFile(path, 'utf8')}{"kind":"epo`);
  const again = await MetricsLog.open(folder, 2);
  await again.append(event(2));
  expect(await epochs()).toEqual([0, 1, 2]);
});
