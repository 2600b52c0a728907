import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { FileError, ValueError } from '@sshn/core';
import type { Dataset } from '@sshn/data';
import { pick } from '@sshn/model';
import { readModelFile, updateManifest } from '@sshn/model/node';
import { useBackend } from '@sshn-internal/testing';
import { dispose } from '@tensorflow/tfjs-core';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { parseRunConfig, type RunConfigInput, type TrainEvent } from '../index.js';
import { disks } from '../testing/disks.js';
import { evaluateRun, loadRun, trainRun } from './index.js';
import { dropForeignLock, lockRun } from './run-lock.js';

let folder: string;
beforeAll(() => useBackend('cpu'));
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sshn-run-'));
});
afterEach(() => rm(folder, { recursive: true }));

const small: RunConfigInput = {
  epochs: 2,
  batchSize: 2,
  architecture: { features: 2, stages: 2, convolutionsPerStage: 1 },
  hypernetwork: { hidden: [2] },
  validation: { factors: [0.25, 0.5] },
};
const run = () => join(folder, 'run');
async function train(dataset: Dataset, changes: RunConfigInput = {}): Promise<TrainEvent[]> {
  const events: TrainEvent[] = [];
  const config = parseRunConfig({ ...small, ...changes }, 'test');
  const data = { path: 'disks', layout: 'flat' };
  await trainRun({ folder: run(), dataset, data, config, onEvent: (event) => events.push(event) });
  return events;
}
const warningsIn = (events: readonly TrainEvent[]) =>
  events.flatMap((event) => (event.kind === 'warning' ? [event.message] : []));
/** The same images under other names, in the order of those. */
function renamed(dataset: Dataset, name: (id: string, i: number) => string): Dataset {
  const old = new Map(dataset.ids.map((id, i) => [name(id, i), id]));
  return {
    ...dataset,
    ids: [...old.keys()].sort(),
    load: async (id) => ({ ...(await dataset.load(old.get(id)!)), id }),
  };
}
/** With one example changed. */
function changed(dataset: Dataset, which: string, part: 'image' | 'labels'): Dataset {
  return {
    ...dataset,
    load: async (id) => {
      const example = await dataset.load(id);
      if (id !== which) return example;
      const values = example[part].values.slice();
      values[0] = 1 - values[0]!;
      return { ...example, [part]: { ...example[part], values } };
    },
  };
}

describe('the split of a run', () => {
  test('is stored, and images that were renamed are known again by content', async () => {
    const dataset = disks(8, [8, 8]);
    await train(dataset);
    using _ = { [Symbol.dispose]: () => opened.dispose() };
    const opened = await loadRun(run());
    const before = await evaluateRun(opened, dataset, { factors: [0.5] });
    const other = renamed(dataset, (_, i) => `scan-${(i * 5) % 8}`);
    const matched = await opened.match(other);
    expect(matched.changes).toHaveLength(1);
    expect(matched.changes[0]).toContain('8 images were renamed since training');
    expect(matched.split).toEqual(opened.split(dataset));
    const after = await evaluateRun(opened, other, { factors: [0.5] });
    expect(after[0]!.dice).toBe(before[0]!.dice);
    expect(matched.digest).toBe((await opened.match(dataset)).digest);
    expect(() => opened.split(other)).toThrow(FileError);
  });

  test('says what was added, and refuses what is missing or replaced', async () => {
    const dataset = disks(8, [8, 8]);
    await train(dataset);
    using _ = { [Symbol.dispose]: () => opened.dispose() };
    const opened = await loadRun(run());
    const more = await opened.match(disks(9, [8, 8]));
    expect(more.changes).toEqual(['1 image was added since training and left out: disk-8']);
    expect(more.dataset.ids).toEqual(dataset.ids);
    await expect(opened.match({ ...dataset, ids: dataset.ids.slice(1) })).rejects.toThrow(
      /missing: disk-0.*--data/,
    );
    await expect(opened.match(changed(dataset, 'disk-3', 'image'))).rejects.toThrow('replaced: disk-3');
    await expect(opened.match(changed(dataset, 'disk-3', 'labels'))).rejects.toThrow('other labels: disk-3');
    await expect(train(changed(dataset, 'disk-3', 'image'))).rejects.toThrow('replaced: disk-3');
  });

  test('is by shares or folds where the configuration says so; all folds test every image once', async () => {
    const dataset = disks(8, [8, 8]);
    await train(dataset, { epochs: 1, split: { kind: 'shares', train: 50, validation: 25, test: 25 } });
    const opened = await loadRun(run());
    const { train: a, validation: b, test: c } = opened.split(dataset);
    expect([a.length, b.length, c.length]).toEqual([4, 2, 2]);
    opened.dispose();
    const tested: string[] = [];
    for (const fold of [1, 2, 3, 4]) {
      await rm(run(), { recursive: true });
      await train(dataset, { epochs: 1, split: { kind: 'folds', count: 4, fold } });
      const one = await loadRun(run());
      const parts = one.split(dataset);
      tested.push(...parts.test);
      expect(new Set(Object.values(parts).flat()).size).toBe(8);
      one.dispose();
    }
    expect(tested.sort()).toEqual([...dataset.ids]);
  });

  test('is that of a file, which the run does not need again; a file that does not fit leaves nothing behind', async () => {
    const dataset = disks(6, [8, 8]);
    const path = join(folder, 'splits_final.json');
    const split = { kind: 'file', path, fold: 2 } as const;
    await expect(train(dataset, { split })).rejects.toThrow(FileError);
    const val = ['disk-3.png', 'disk-1_0000.nii.gz'];
    await writeFile(
      path,
      JSON.stringify([
        { train: ['disk-0'], val },
        { train: ['disk-4', 'nobody'], val },
      ]),
    );
    await expect(train(dataset, { split })).rejects.toThrow('names "nobody" in train');
    expect(existsSync(run())).toBe(false);
    await writeFile(
      path,
      JSON.stringify([
        { train: ['x'], val },
        { train: ['disk-4', 'disk-0'], val },
      ]),
    );
    const warnings = warningsIn(await train(dataset, { split }));
    expect(warnings).toContain(`${path} names 2 of 6 images not: "disk-2", "disk-5".`);
    await rm(path);
    const again = await train(dataset, { split });
    expect(again.map(({ kind }) => kind)).not.toContain('epoch');
    using _ = { [Symbol.dispose]: () => opened.dispose() };
    const opened = await loadRun(run());
    const parts = { train: ['disk-0', 'disk-4'], validation: ['disk-1', 'disk-3'], test: [] };
    expect(opened.split(dataset)).toEqual(parts);
    await expect(evaluateRun(opened, dataset, { factors: [0.5] })).rejects.toThrow('--split validation');
    expect(await evaluateRun(opened, dataset, { factors: [0.5], split: 'validation' })).toHaveLength(1);
  });

  test('of a fold that is not there is refused', () => {
    expect(() => parseRunConfig({ split: { kind: 'folds', count: 2, fold: 3 } }, 'x')).toThrow('is 3 of 2');
  });
});

describe('too little data', () => {
  test('is found before anything is written, in one message', async () => {
    await expect(train(disks(3, [8, 8]))).rejects.toThrow(ValueError);
    await expect(train(disks(3, [8, 8]))).rejects.toThrow(
      /got \[\d,0,\d\], expected at least one for training and one for validation\. Give more images/,
    );
    expect(existsSync(run())).toBe(false);
    await train(disks(8, [8, 8]), { epochs: 1 }); // The same folder, with more images.
    expect(existsSync(join(run(), 'best.safetensors'))).toBe(true);
  });

  test('validation images without a label: the loss chooses the model, and it is said', async () => {
    const dataset = disks(8, [8, 8]);
    const validated = new Set((await splitOf(dataset)).validation);
    const bare: Dataset = {
      ...dataset,
      load: async (id) => {
        const example = await dataset.load(id);
        if (!validated.has(id)) return example;
        return { ...example, labels: { ...example.labels, values: new Uint8Array(64) } };
      },
    };
    const events = await train(bare, { epochs: 3 });
    expect(warningsIn(events)).toEqual(
      expect.arrayContaining([
        'No validation image has the label disk.',
        expect.stringContaining('No validation image has a label'),
      ]),
    );
    const epochs = events.filter((event) => event.kind === 'epoch');
    for (const { validation } of epochs) for (const { loss } of validation!) expect(loss).toBeGreaterThan(0);
    expect(epochs[0]!.isBest).toBe(true);
    const opened = await loadRun(run());
    opened.dispose();
    expect(existsSync(join(run(), 'last.safetensors'))).toBe(true);
  });
});

async function splitOf(dataset: Dataset) {
  await train(dataset, { epochs: 1 });
  const opened = await loadRun(run());
  const split = opened.split(dataset);
  opened.dispose();
  await rm(run(), { recursive: true });
  return split;
}

describe('the front of a run with several knobs', () => {
  const knobs: RunConfigInput = { knobs: { widthRange: [0.5, 1], resolutionRange: [0.5, 1] }, epochs: 12 };
  const table = async () => {
    const { manifest, params } = await readModelFile(join(run(), 'best.safetensors'));
    dispose([...params.values()]);
    return manifest.accuracyCost;
  };

  test('is stored coarsely by training alone, with the Dice of the validation images; a finer one is left', async () => {
    const dataset = disks(16, [8, 8]);
    await train(dataset, knobs);
    const rows = await table();
    expect(rows.some(({ width, resolution }) => width! < 1 || resolution! < 1)).toBe(true);
    for (const [i, row] of rows.slice(1).entries()) {
      expect(row.gflops!).toBeGreaterThan(rows[i]!.gflops!);
      expect(row.dice!).toBeGreaterThan(rows[i]!.dice!);
    }
    const { factor, width, resolution, dice } = rows[0]!;
    expect([width, resolution]).toEqual([0.5, 0.5]);
    const opened = await loadRun(run());
    const [wanted] = await evaluateRun(opened, dataset, {
      split: 'validation',
      factors: [factor],
      width: 0.5,
      resolution: 0.5,
      isTimed: false,
    });
    opened.dispose();
    expect(dice!).toBeCloseTo(wanted!.dice, 9);
    expect(pick(rows, { dice: dice! })).toMatchObject({ chosen: { width: 0.5, resolution: 0.5 } });

    // The same call again, as after `sshn pareto` has stored its own.
    await updateManifest(join(run(), 'best.safetensors'), (manifest) => ({
      ...manifest,
      accuracyCost: rows.slice(0, 1),
    }));
    await train(dataset, knobs);
    expect(await table()).toEqual(rows.slice(0, 1));
  });

  test('with one knob has three values of it', async () => {
    await train(disks(16, [8, 8]), { knobs: { widthRange: [0.5, 1] } });
    for (const { resolution = 1, width = 1 } of await table()) {
      expect(resolution).toBe(1);
      expect([0.5, 0.75, 1]).toContain(width);
    }
  });
});

describe('what a run tells and keeps', () => {
  test('a short run reaches its peak rate, a warm-up that does not is warned of', async () => {
    const [start] = await train(disks(8, [8, 8])).then((all) => all.filter(({ kind }) => kind === 'start'));
    expect(start).toMatchObject({ schedule: { steps: 6, warmUpSteps: 0, highest: 2e-3 } });
    await rm(run(), { recursive: true });
    const events = await train(disks(8, [8, 8]), { optimizer: { warmUpSteps: 100 } });
    expect(warningsIn(events).join()).toContain('rises for 100 of 6 steps and never reaches its peak');
  });

  test('the model carries values, colors and codes of labels', async () => {
    const liver = { type: { value: '10200004', scheme: 'SCT', meaning: 'Liver' } };
    await train({
      ...disks(8, [8, 8]),
      labelValues: [0, 255],
      labelColors: [undefined, [1, 2, 3]],
      labelCodes: [undefined, liver],
    });
    const { manifest } = await readModelFile(join(run(), 'best.safetensors'));
    expect(manifest.labels[1]).toMatchObject({ value: 255, color: [1, 2, 3], codes: liver });
  });

  test('the model knows what its factors reach and cost; intensities are stored as they were chosen', async () => {
    const events = await train(disks(8, [8, 8]));
    const best = events.findLast((event) => event.kind === 'epoch' && event.isBest);
    const { manifest } = await readModelFile(join(run(), 'best.safetensors'));
    expect(manifest.accuracyCost.map(({ factor }) => factor)).toEqual([0.25, 0.5]);
    expect(manifest.accuracyCost.map(({ dice }) => dice)).toEqual(
      best?.kind === 'epoch' ? best.validation!.map(({ dice }) => dice) : [],
    );
    for (const { gflops } of manifest.accuracyCost) expect(gflops).toBeGreaterThan(0);
    const file = JSON.parse(await readFile(join(run(), 'run.json'), 'utf8'));
    expect(file.config.intensity.kind).not.toBe('auto');
    expect(manifest.preprocessing.intensity).toEqual(file.config.intensity);
  });

  test('a checkpoint that was deleted is an error, not a new beginning', async () => {
    await train(disks(8, [8, 8]));
    await rm(join(run(), 'checkpoints'), { recursive: true });
    await expect(train(disks(8, [8, 8]))).rejects.toThrow(FileError);
    await expect(train(disks(8, [8, 8]))).rejects.toThrow('2 epochs are logged: the run cannot go on');
  });
});

describe('the lock of a run folder', () => {
  test('of another machine is dropped for who knows that it works no more; that of this one never', async () => {
    const path = join(folder, 'run.lock');
    await writeFile(path, JSON.stringify({ pid: 1, host: 'elsewhere', started: '' }));
    await expect(lockRun(folder)).rejects.toThrow('on elsewhere');
    await dropForeignLock(folder);
    const unlock = await lockRun(folder);
    await dropForeignLock(folder);
    await expect(lockRun(folder)).rejects.toThrow(`process ${process.pid}`);
    await unlock();
    await dropForeignLock(folder);
  });

  test('keeps a second one out, and is given back', async () => {
    const unlock = await lockRun(folder);
    await expect(lockRun(folder)).rejects.toThrow(`process ${process.pid} is training in this folder`);
    await unlock();
    await (await lockRun(folder))();
    expect(await readdir(folder)).toEqual([]);
  });

  test('of a process that was killed is taken over, of a living one not', async () => {
    const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
    const path = join(folder, 'run.lock');
    const stat = await readFile(`/proc/${child.pid}/stat`, 'utf8').catch(() => '');
    const started = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
    await writeFile(path, JSON.stringify({ pid: child.pid, host: hostname(), started }));
    await expect(lockRun(folder)).rejects.toThrow(FileError);
    const ended = new Promise((resolve) => child.on('exit', resolve));
    child.kill('SIGKILL');
    await ended;
    await (await lockRun(folder))();
  });

  test('that a crash cut off is taken over, one of another machine is named', async () => {
    await writeFile(join(folder, 'run.lock'), '{"pid": 1');
    await (await lockRun(folder))();
    await writeFile(join(folder, 'run.lock'), JSON.stringify({ pid: 1, host: 'elsewhere', started: '' }));
    await expect(lockRun(folder)).rejects.toThrow('on elsewhere, delete this file');
  });
});
