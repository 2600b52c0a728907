import { setTimeout } from 'node:timers/promises';
import { useFastWasm } from '@sshn/backend-wasm';
import { namedParams, paramTree, setting } from '@sshn/core';
import { withoutLeak } from '@sshn-internal/testing';
import { type Tensor, tensor } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test, vi } from 'vitest';
import { parseRunConfig, type RunConfigInput } from '../config/run-config.js';
import { diceOver } from '../evaluation/segment.js';
import { describeNetwork } from '../methods/network.js';
import { disks, splitOf } from '../testing/disks.js';
import type { TrainerState } from './checkpoint.js';
import type { EpochEvent, TrainEvent } from './events.js';
import { DivergenceError } from './events.js';
import { Trainer } from './trainer.js';

const dataset = disks(20, [16, 16]);
const split = splitOf(dataset);

const small: RunConfigInput = {
  architecture: { features: 4, stages: 3 },
  hypernetwork: { hidden: [4, 8] },
  epochs: 4,
  batchSize: 4,
  optimizer: { learningRate: 1e-2, warmUpSteps: 10 },
};

function make(changes: RunConfigInput = {}, state?: TrainerState): Trainer {
  const config = parseRunConfig({ ...small, ...changes }, 'test');
  return new Trainer({ config, dataset, split, ...(state === undefined ? {} : { state }) });
}

async function collect(trainer: Trainer, signal?: AbortSignal): Promise<TrainEvent[]> {
  const events: TrainEvent[] = [];
  for await (const event of trainer.run(signal)) events.push(event);
  return events;
}

const epochsOf = (events: readonly TrainEvent[]) =>
  events.filter((event): event is EpochEvent => event.kind === 'epoch');

/** All bits of a trainer's tensors and its place. */
function fingerprint({ params, optimizer, progress }: TrainerState): unknown {
  const bits = (tensors: ReadonlyMap<string, Tensor>) =>
    [...tensors].map(([name, t]) => [name, Buffer.from(t.dataSync().slice().buffer).toString('base64')]);
  return { params: bits(params), optimizer: bits(optimizer), progress };
}

/** What a checkpoint would bring back: the same values in new tensors. */
function copy({ params, optimizer, progress }: TrainerState): TrainerState {
  const fresh = (tensors: ReadonlyMap<string, Tensor>) =>
    new Map([...tensors].map(([name, t]) => [name, tensor(t.dataSync().slice(), t.shape)]));
  return {
    params: fresh(params),
    optimizer: fresh(optimizer),
    progress: JSON.parse(JSON.stringify(progress)),
  };
}

beforeAll(() => useFastWasm({ threads: 1 }));

describe('Trainer', () => {
  test.each(['fixed', 'stochastic', 'film', 'sshn'] as const)(
    '%s learns',
    { timeout: 180_000 },
    async (method) => {
      using trainer = make({
        method,
        epochs: 40,
        batchSize: 2,
        crossEntropyShare: 0.7,
        validation: { every: 40 },
      });
      const events = await collect(trainer);
      const epochs = epochsOf(events);
      expect(events.at(-1)).toMatchObject({ kind: 'end', reason: 'finished', epoch: 40 });
      const [first, last] = [epochs[0]!, epochs.at(-1)!];
      expect(last.validation!.at(-1)!.dice).toBeGreaterThan(0.8);
      expect(first.phase).toBe('crossEntropy');
      expect(last.phase).toBe('softDice');
      const factors = new Set(events.flatMap((event) => (event.kind === 'step' ? event.factor : [])));
      expect(factors.size).toBe(method === 'fixed' ? 1 : 40 * 7);
      expect(Math.max(...factors)).toBeLessThanOrEqual(0.5);
    },
  );

  test.each(['fixed', 'stochastic', 'film', 'sshn'] as const)(
    '%s with knobs learns at its smallest and as a whole',
    { timeout: 180_000 },
    async (method) => {
      using trainer = make({
        method,
        knobs: { widthRange: [0.5, 1], resolutionRange: [0.75, 1] },
        epochs: 60,
        batchSize: 2,
        crossEntropyShare: 0.7,
        validation: { every: 60 },
      });
      await collect(trainer);
      for (const [width, resolution] of [
        [0.5, 0.75],
        [1, 1],
      ] as const) {
        const at = setting({ factor: 0.5, width, resolution });
        const { mean } = await diceOver(trainer.model, trainer.params, dataset, split.validation, at, 4);
        expect(mean, `width ${width}`).toBeGreaterThan(0.7);
      }
    },
  );

  test('every step has a generator for its layers, the same one after a resume; validation has none', async () => {
    /** The states that the network saw, 'none' where it saw none. */
    const seenBy = async (trainer: Trainer, work: () => Promise<unknown>) => {
      const apply = vi.spyOn(trainer.model.network, 'apply');
      await work();
      return apply.mock.calls.map(([, , { rng }]) => rng?.state().join() ?? 'none');
    };
    using whole = make({ epochs: 2 });
    const all = await seenBy(whole, () => collect(whole));
    const steps = all.filter((state) => state !== 'none');
    expect(steps).toHaveLength(whole.state.progress.step);
    expect(new Set(steps).size).toBe(steps.length);
    expect(all.length).toBeGreaterThan(steps.length);

    using first = make({ epochs: 2 });
    const run = first.run();
    for (let taken = 0; taken < 2; ) taken += (await run.next()).value?.kind === 'step' ? 1 : 0;
    using second = make({ epochs: 2 }, copy(first.state));
    const rest = await seenBy(second, () => collect(second));
    expect(rest).toEqual(all.slice(2));
  });

  test('an average of the weights is what is given out, and goes on to the same bits', async () => {
    const config = { epochs: 3, optimizer: { ...small.optimizer, averageDecay: 0.9 } };
    using plain = make({ epochs: 3 });
    using whole = make(config);
    const [without, epochs] = [await collect(plain), await collect(whole)].map(epochsOf);
    const named = (params: typeof whole.params) =>
      [...namedParams(params)].map(([path, t]) => [path, t.dataSync().join()] as const);
    // Steps are the same; what is given out is the average.
    expect(named(paramTree(whole.model.specs, whole.state.params))).toEqual(named(plain.params));
    expect(named(whole.params)).not.toEqual(named(plain.params));
    expect(named(whole.params).map(([path]) => path)).toEqual(named(plain.params).map(([path]) => path));
    expect(epochs!.at(-1)!.loss).toBe(without!.at(-1)!.loss);

    using first = make(config);
    const run = first.run();
    for (let taken = 0; taken < 12; ) taken += (await run.next()).value?.kind === 'step' ? 1 : 0;
    using second = make(config, copy(first.state));
    await collect(second);
    expect(fingerprint(second.state)).toEqual(fingerprint(whole.state));
  });

  test('the same seed gives the same weights, another one others', async () => {
    const states = [];
    for (const seed of [1, 1, 2]) {
      using trainer = make({ seed, epochs: 2 });
      await collect(trainer);
      states.push(JSON.stringify(fingerprint(trainer.state)));
    }
    expect(states[0]).toBe(states[1]);
    expect(states[0]).not.toBe(states[2]);
  });

  test.each(['fixed', 'stochastic', 'film', 'sshn'] as const)(
    '%s trains at separate factors, and goes on to the same bits',
    async (method) => {
      const changes: RunConfigInput = {
        method,
        rescaling: 'separate',
        epochs: 2,
        ...(method === 'fixed' ? { prior: { kind: 'constant', factor: [0.3, 0.6] } } : {}),
      };
      using whole = make(changes);
      const events = await collect(whole);
      const factors = events.flatMap((event) => (event.kind === 'step' ? [event.factor] : []));
      for (const factor of factors) expect(factor).toHaveLength(2);
      expect(new Set(factors.flat()).size).toBe(method === 'fixed' ? 2 : 2 * factors.length);
      const abort = new AbortController();
      using cut = make(changes);
      for await (const event of cut.run(abort.signal)) if (event.kind === 'step') abort.abort();
      using rest = make(changes, copy(cut.state));
      await collect(rest);
      expect(fingerprint(rest.state)).toEqual(fingerprint(whole.state));
    },
  );

  test('a batch is divided among several draws; training goes on to the same bits', async () => {
    const changes: RunConfigInput = { epochs: 2, drawsPerStep: 3 };
    using whole = make(changes);
    const events = await collect(whole);
    const factors = events.flatMap((event) => (event.kind === 'step' ? [event.factor] : []));
    // Of 13 images in batches of 4 the last batch has one: it can have no more than one draw.
    expect(split.train).toHaveLength(13);
    expect(factors.map((factor) => [factor].flat().length)).toEqual([3, 3, 3, 1, 3, 3, 3, 1]);
    expect(new Set(factors.flat()).size).toBe(20);

    using first = make(changes);
    const run = first.run();
    for (let taken = 0; taken < 5; ) taken += (await run.next()).value?.kind === 'step' ? 1 : 0;
    using second = make(changes, copy(first.state));
    await collect(second);
    expect(fingerprint(second.state)).toEqual(fingerprint(whole.state));
  });

  test('several draws of one factor are one draw', async () => {
    const lossesOf = async (drawsPerStep: number) => {
      using trainer = make({
        method: 'stochastic',
        prior: { kind: 'constant', factor: 0.3 },
        epochs: 3,
        drawsPerStep,
      });
      return epochsOf(await collect(trainer)).map(({ loss }) => loss);
    };
    const one = await lossesOf(1);
    for (const draws of [2, 3, 4]) {
      for (const [i, loss] of (await lossesOf(draws)).entries()) expect(loss).toBeCloseTo(one[i]!, 4);
    }
  });

  test('more draws than images are refused', () => {
    expect(() => make({ drawsPerStep: 5 })).toThrow(/drawsPerStep.*is 5, and a step has 4 images/s);
  });

  test.each([{}, { distillation: 0.5 }])(
    'the smallest and the whole network are trained in every step besides, on all images (%j); training goes on to the same bits',
    async (taught) => {
      const knobs = { widthRange: [0.5, 1], resolutionRange: [0.75, 1], knobEndpoints: 1, ...taught };
      const changes: RunConfigInput = {
        epochs: 2,
        knobs: { ...knobs, alsoSmallest: true, alsoLargest: true },
      };
      using whole = make(changes);
      const apply = vi.spyOn(whole.model.network, 'apply');
      const losses = (await collect(whole)).flatMap((event) => (event.kind === 'step' ? [event.loss] : []));
      const seen = apply.mock.calls.filter(([, , { rng }]) => rng !== undefined);
      expect(seen).toHaveLength(3 * losses.length);
      for (let i = 0; i < seen.length; i += 3) {
        const [[, drawnImages, drawn], ...also] = seen.slice(i, i + 3) as [(typeof seen)[0], ...typeof seen];
        const ends = [
          { width: 0.5, resolution: 0.75 },
          { width: 1, resolution: 1 },
        ];
        for (const [j, [, images, at]] of also.entries()) {
          expect(images.shape).toEqual(drawnImages.shape);
          expect(at).toMatchObject({ factors: drawn.factors, ...ends[j] });
          expect(at.rng!.state()).not.toEqual(drawn.rng!.state());
        }
      }

      using cut = make(changes);
      const run = cut.run();
      for (let taken = 0; taken < 5; ) taken += (await run.next()).value?.kind === 'step' ? 1 : 0;
      using rest = make(changes, copy(cut.state));
      await collect(rest);
      expect(fingerprint(rest.state)).toEqual(fingerprint(whole.state));
    },
  );

  test('a hypernetwork takes as many factors as there are steps', () => {
    using trainer = make({ rescaling: 'separate' });
    const [first] = trainer.model.specs.hypernetwork.hidden;
    expect(Object.values(first!).map(({ shape }) => shape)).toContainEqual([4, 4]);
    const manifest = describeNetwork(parseRunConfig({ ...small, rescaling: 'separate' }, 'test'), dataset);
    expect(manifest.method).toMatchObject({ kind: 'sshn', hypernetwork: { factors: 2 } });
  });

  test('the loss of a configuration decides the weights, once cross-entropy is over', async () => {
    const course = async (changes: RunConfigInput) => {
      using trainer = make({ epochs: 2, crossEntropyShare: 0.5, ...changes });
      return epochsOf(await collect(trainer)).map(({ phase, loss }) => ({ phase, loss }));
    };
    const [dice, tversky] = [await course({}), await course({ loss: { name: 'tversky', beta: 0.9 } })];
    expect(dice.map(({ phase }) => phase)).toEqual(['crossEntropy', 'softDice']);
    expect(tversky.map(({ phase }) => phase)).toEqual(['crossEntropy', 'tversky']);
    expect(tversky[0]!.loss).toBe(dice[0]!.loss);
    expect(tversky[1]!.loss).not.toBe(dice[1]!.loss);
  });

  test('dropout is active in training, and the same when a run goes on', async () => {
    const architecture = { features: 4, stages: 3, dropout: 0.5 };
    using plain = make({ epochs: 1 });
    using whole = make({ epochs: 1, architecture });
    for (const trainer of [plain, whole]) await collect(trainer);
    expect(JSON.stringify(fingerprint(whole.state))).not.toBe(JSON.stringify(fingerprint(plain.state)));
    const abort = new AbortController();
    using cut = make({ epochs: 1, architecture });
    for await (const event of cut.run(abort.signal)) if (event.kind === 'step') abort.abort();
    using rest = make({ epochs: 1, architecture }, copy(cut.state));
    await collect(rest);
    expect(fingerprint(rest.state)).toEqual(fingerprint(whole.state));
  });

  test('deep supervision trains heads at every resolution', async () => {
    using trainer = make({ epochs: 2, architecture: { features: 4, stages: 3, deepSupervision: true } });
    const before = fingerprint(copy(trainer.state)) as { params: Array<[string, string]> };
    await collect(trainer);
    const after = fingerprint(trainer.state) as { params: Array<[string, string]> };
    const heads = before.params.filter(([path]) => /coarseHeads\.\d/.test(path));
    expect(heads.length).toBeGreaterThan(0);
    for (const [path, bits] of heads) expect(new Map(after.params).get(path)).not.toBe(bits);
  });

  test('a run cut anywhere goes on to the same bits', async () => {
    using whole = make({ augmentation: { flip: ['width'], noise: 0.05 } });
    await collect(whole);
    const expected = fingerprint(whole.state);
    for (const stopAfter of [1, 5, 11]) {
      const abort = new AbortController();
      using cut = make({ augmentation: { flip: ['width'], noise: 0.05 } });
      let steps = 0;
      for await (const event of cut.run(abort.signal)) {
        if (event.kind === 'step' && ++steps === stopAfter) abort.abort();
      }
      expect(cut.state.progress.step).toBe(stopAfter);
      using rest = make({ augmentation: { flip: ['width'], noise: 0.05 } }, copy(cut.state));
      await collect(rest);
      expect(fingerprint(rest.state)).toEqual(expected);
    }
  });

  test('patches are trained on, and a run cut within an image goes on to the same bits', async () => {
    const changes: RunConfigInput = {
      batchSize: 4,
      epochs: 2,
      patches: { size: [7, 20], perImage: 3 },
      augmentation: { flip: ['width'], elastic: { strength: 1, spacing: 6 } },
    };
    using whole = make(changes);
    const apply = vi.spyOn(whole.model.network, 'apply');
    const events = await collect(whole);
    const [start] = events;
    const steps = Math.ceil((split.train.length * 3) / 4);
    expect(start).toMatchObject({
      stepsPerEpoch: steps,
      patches: { size: [7, 20], perImage: 3, foreground: 0.5 },
    });
    expect(whole.state.progress.step).toBe(2 * steps);
    // Training sees patches, and validation windows of their size.
    expect(new Set(apply.mock.calls.map(([, { shape }]) => shape.slice(1).join()))).toEqual(
      new Set(['7,20,1']),
    );
    expect(epochsOf(events).at(-1)!.validation![0]!.dice).toBeGreaterThanOrEqual(0);
    using other = make({ ...changes, patches: { ...changes.patches!, foreground: 0 } });
    await collect(other);
    expect(JSON.stringify(fingerprint(other.state))).not.toBe(JSON.stringify(fingerprint(whole.state)));
    for (const stopAfter of [1, steps, steps + 2]) {
      const abort = new AbortController();
      using cut = make(changes);
      let taken = 0;
      for await (const event of cut.run(abort.signal)) {
        if (event.kind === 'step' && ++taken === stopAfter) abort.abort();
      }
      using rest = make(changes, copy(cut.state));
      await collect(rest);
      expect(fingerprint(rest.state)).toEqual(fingerprint(whole.state));
    }
  });

  test('patches teach what whole images are then scored on, in windows', async () => {
    using trainer = make({
      epochs: 30,
      batchSize: 4,
      crossEntropyShare: 0.7,
      patches: { size: [10, 9], perImage: 2 },
    });
    const last = epochsOf(await collect(trainer)).at(-1)!;
    expect(last.validation!.at(-1)!.dice).toBeGreaterThan(0.7);
    // Where there is room for whole images, windows say nearly the same.
    const of = [trainer.model, trainer.params, dataset, split.test, setting(0.5), 4] as const;
    const [windows, whole] = [await diceOver(...of, [10, 9]), await diceOver(...of)];
    expect(Math.abs(windows.mean - whole.mean)).toBeLessThan(0.1);
  });

  test('patches are of as many axes as images', () => {
    expect(() => make({ patches: { size: [8, 8, 8] } })).toThrow(
      'patches.size: got shape [8, 8, 8], expected 2 edges, as the images are of 16×16',
    );
  });

  test('stops when validation no longer improves', async () => {
    using trainer = make({
      epochs: 50,
      crossEntropyShare: 0,
      optimizer: { learningRate: 1e-12 },
      validation: { patience: 3 },
    });
    const events = await collect(trainer);
    expect(events.at(-1)).toMatchObject({ kind: 'end', reason: 'stoppedEarly' });
    expect(epochsOf(events).length).toBeLessThan(10);
  });

  test('validates when asked, at the factors asked for', async () => {
    using trainer = make({ epochs: 3, validation: { every: 2, factors: [0.1, 0.4] } });
    const validations = epochsOf(await collect(trainer)).map(({ validation }) =>
      validation?.map(({ factor }) => factor),
    );
    expect(validations).toEqual([undefined, [0.1, 0.4], [0.1, 0.4]]);
  });

  test('says in what share of the time steps waited for images', async () => {
    const config = parseRunConfig({ ...small, epochs: 1 }, 'test');
    const load = async (id: string) => {
      await setTimeout(100);
      return dataset.load(id);
    };
    using trainer = new Trainer({ config, dataset: { ...dataset, load }, split });
    const events = await collect(trainer);
    const { waitingShare, seconds } = epochsOf(events)[0]!;
    expect(waitingShare! * seconds!).toBeGreaterThan(0.09); // The first batch, at least.
    expect(waitingShare!).toBeLessThan(1);
    const last = events.findLast((event) => event.kind === 'step')!;
    expect(last.waitingShare!).toBeGreaterThan(0);
    expect(last.waitingShare!).toBeLessThan(1);
  });

  test('a loss that is no number stops the run, with step, factor and way out', async () => {
    using trainer = make({ optimizer: { learningRate: 1e30 } });
    const error = await collect(trainer).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(DivergenceError);
    const { message, step, factor } = error as DivergenceError;
    expect(step).toBeGreaterThan(0);
    expect(factor).toBeLessThanOrEqual(0.5);
    expect(message).toContain(`at step ${step} (factor ${(factor as number).toFixed(4)})`);
    expect(message).toContain('optimizer.learningRate');
  });

  test.each<RunConfigInput>([{}, { patches: { size: [7, 9] } }])(
    'keeps no tensors but its own, and frees those: %j',
    async (changes) => {
      await withoutLeak(async () => {
        using trainer = make({ epochs: 2, optimizer: { clipNorm: 1 }, ...changes });
        const held = epochsOf(await collect(trainer)).map(({ memory }) => memory.tensors);
        expect(new Set(held).size).toBe(1);
      });
    },
  );

  test('refuses a split without training images', () => {
    const config = parseRunConfig(small, 'test');
    expect(() => new Trainer({ config, dataset, split: { ...split, train: [] } })).toThrow(
      'expected at least one for training and one for validation',
    );
  });
});
