import { useFastWasm } from '@sshn/backend-wasm';
import { initialize, Rng, setting } from '@sshn/core';
import type { Dataset } from '@sshn/data';
import { networkOf } from '@sshn/model';
import { withoutLeak } from '@sshn-internal/testing';
import { type Tensor, tensor } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test, vi } from 'vitest';
import { parseRunConfig, type RunConfigInput } from '../config/run-config.js';
import { describeNetwork } from '../methods/network.js';
import { disks } from '../testing/disks.js';
import type { TrainerState } from '../trainer/checkpoint.js';
import type { EpochEvent, TrainEvent } from '../trainer/events.js';
import { Trainer } from '../trainer/trainer.js';
import { examplesOf, taskOf } from './of-config.js';

const images = softDisks(14, [12, 12]);

const small = {
  task: 'registration',
  architecture: { features: 4, stages: 2 },
  hypernetwork: { hidden: [4, 8] },
  epochs: 2,
  batchSize: 4,
  registration: { weight: 0.003, pairsPerImage: 2 },
  optimizer: { learningRate: 1e-2, warmUpSteps: 5 },
} as const satisfies RunConfigInput;

function make(changes: RunConfigInput = {}, state?: TrainerState): Trainer {
  const config = parseRunConfig({ ...small, ...changes }, 'test');
  return new Trainer({ config, ...examplesOf(images, config), ...(state === undefined ? {} : { state }) });
}

async function collect(trainer: Trainer): Promise<TrainEvent[]> {
  const events: TrainEvent[] = [];
  for await (const event of trainer.run()) events.push(event);
  return events;
}

const epochsOf = (events: readonly TrainEvent[]) =>
  events.filter((event): event is EpochEvent => event.kind === 'epoch');

const bitsOf = ({ params, optimizer }: TrainerState) =>
  [...params, ...optimizer].map(([name, t]) => [
    name,
    Buffer.from(t.dataSync().slice().buffer).toString('hex'),
  ]);

function copy({ params, optimizer, progress }: TrainerState): TrainerState {
  const fresh = (tensors: ReadonlyMap<string, Tensor>) =>
    new Map([...tensors].map(([name, t]) => [name, tensor(t.dataSync().slice(), t.shape)]));
  return { params: fresh(params), optimizer: fresh(optimizer), progress: structuredClone(progress) };
}

/** The settings that a network was applied at while something ran. */
async function seenWhile(trainer: Trainer, work: () => Promise<unknown>) {
  const apply = vi.spyOn(trainer.model, 'apply');
  await work();
  return apply.mock.calls.map(([, , at]) => at);
}

beforeAll(() => useFastWasm({ threads: 1 }));

/** Disks without noise and with soft edges: what pulls one onto another is there to be seen. */
function softDisks(count: number, [height, width]: readonly [number, number]): Dataset {
  const sharp = disks(count, [height, width]);
  return {
    ...sharp,
    async load(id) {
      const example = await sharp.load(id);
      const { values: labels } = example.labels;
      const values = Float32Array.from(labels, (_, i) => {
        const [y, x] = [Math.floor(i / width), i % width];
        const near = [-2, -1, 0, 1, 2].flatMap((dy) =>
          [-2, -1, 0, 1, 2].map((dx) => {
            const [row, column] = [y + dy, x + dx];
            const isInside = row >= 0 && row < height && column >= 0 && column < width;
            return isInside ? labels[row * width + column]! : 0;
          }),
        );
        return near.reduce((sum, label) => sum + label, 0) / near.length;
      });
      return { ...example, image: { ...example.image, values } };
    },
  };
}

describe('a registration run', () => {
  test.each(['fixed', 'stochastic', 'film', 'sshn'] as const)(
    '%s aligns images without having seen a label',
    { timeout: 180_000 },
    async (method) => {
      const changes: RunConfigInput = {
        method,
        epochs: 16,
        architecture: { features: 6, stages: 2 },
        registration: { weight: 0.003, pairsPerImage: 2 },
        validation: { every: 16 },
      };
      using trainer = make(changes);
      await collect(trainer);
      const config = parseRunConfig({ ...small, ...changes }, 'test');
      const { dataset, split } = examplesOf(images, config);
      const accuracyOf = (of: Trainer) =>
        taskOf(config).accuracy(of.model, of.params, dataset, split.train, setting(0.5), 4);
      using untrained = make({ ...changes, epochs: 1 });
      const start = await accuracyOf(untrained);
      const { dice, registration } = await accuracyOf(trainer);
      // A network that has learned nothing leaves everything where it is.
      expect(start.dice.mean).toBe(start.registration!.before.mean);
      expect(start.registration!.foldedPercent).toBe(0);
      expect(registration!.before.mean).toBe(start.dice.mean);
      expect(dice.mean).toBeGreaterThan(registration!.before.mean + 0.03);
    },
  );

  test.each<[string, RunConfigInput]>([
    ['half resolution, velocities', { registration: { resolution: 'half', integrationSteps: 3 } }],
    ['separate factors and λ', { rescaling: 'separate', registration: { lambdaRange: [0, 1] } }],
    [
      'local NCC and bending energy',
      { registration: { similarity: 'localNcc', regularizer: 'bendingEnergy' } },
    ],
    [
      'labels, both ways, against folds',
      {
        augmentation: { flip: ['width'] },
        registration: {
          diceWeight: 1,
          bidirectional: true,
          foldingWeight: 1,
          integrationSteps: 3,
          resolution: 'half',
        },
      },
    ],
    ['the feature pyramid', { architecture: { name: 'fpn', features: 4, stages: 3 } }],
    ['the pyramid scene parser', { architecture: { name: 'pspnet', features: 4, stages: 3 } }],
    ['squeeze and excitation', { architecture: { name: 'senet', features: 4, stages: 3 } }],
    ['residual blocks', { architecture: { name: 'resunet', features: 4, stages: 3 } }],
  ])('with %s', async (_, changes) => {
    using trainer = make({ ...changes, epochs: 1 });
    const before = bitsOf(trainer.state);
    const [epoch] = epochsOf(await collect(trainer));
    expect(epoch).toMatchObject({ phase: 'alignment', loss: expect.any(Number) });
    expect(epoch!.validation!.every(({ dice }) => dice > 0)).toBe(true);
    // All moves but what is behind units that are off, such as a gate's.
    const moved = bitsOf(trainer.state).filter(([, bits], i) => bits !== before[i]![1]).length;
    expect(moved).toBeGreaterThan(0.6 * before.length);
    expect(before.some(([name]) => name!.includes('coarseHeads'))).toBe(false);
  });

  test('labels alone align, where no similarity does', async () => {
    const diceAfter = async (diceWeight: number): Promise<number> => {
      // λ = 1 is smoothness alone.
      const words = { lambdaRange: [1, 1], diceWeight, pairsPerImage: 2 };
      const config = parseRunConfig({ ...small, epochs: 6, registration: words }, 'test');
      const examples = examplesOf(images, config);
      using trainer = new Trainer({ config, ...examples });
      await collect(trainer);
      const { dataset, split } = examples;
      const task = taskOf(config);
      const at = task.use(setting(0.5));
      const { dice } = await task.accuracy(trainer.model, trainer.params, dataset, split.train, at, 4);
      return dice.mean;
    };
    expect(await diceAfter(30)).toBeGreaterThan((await diceAfter(0)) + 0.02);
  });

  test('cut anywhere goes on to the same bits, λ included', async () => {
    const changes: RunConfigInput = {
      epochs: 1,
      registration: { lambdaRange: [0.1, 0.9], pairsPerImage: 1 },
    };
    using whole = make(changes);
    await collect(whole);
    using cut = make(changes);
    const abort = new AbortController();
    for await (const event of cut.run(abort.signal)) if (event.kind === 'step') abort.abort();
    expect(cut.state.progress.step).toBe(1);
    using rest = make(changes, copy(cut.state));
    await collect(rest);
    expect(bitsOf(rest.state)).toEqual(bitsOf(whole.state));
  });

  test('keeps no tensors but its own, and frees those', async () => {
    await withoutLeak(async () => {
      using trainer = make({ registration: { lambdaRange: [0, 1], integrationSteps: 2 } });
      const held = epochsOf(await collect(trainer)).map(({ memory }) => memory.tensors);
      expect(new Set(held).size).toBe(1);
    });
  });
});

describe('λ', () => {
  test('is drawn anew in every step within its range, told to the network, and fixed at the middle after', async () => {
    const lambdaRange: [number, number] = [0.2, 0.6];
    using trainer = make({ epochs: 2, registration: { lambdaRange } });
    const seen = await seenWhile(trainer, () => collect(trainer));
    const drawn = seen.map(({ conditions }) => conditions[0]!);
    expect(drawn).toHaveLength(trainer.state.progress.step);
    expect(new Set(drawn).size).toBe(drawn.length);
    for (const lambda of drawn) {
      expect(lambda).toBeGreaterThanOrEqual(0.2);
      expect(lambda).toBeLessThanOrEqual(0.6);
    }
    const task = taskOf(parseRunConfig({ ...small, registration: { lambdaRange } }, 'test'));
    expect(task.use(setting(0.3)).conditions).toEqual([0.4]);
    expect(task.use(setting({ factor: 0.3, conditions: [0.25] })).conditions).toEqual([0.25]);
  });

  test('does not shift the factors that are drawn, nor is there one without a range', async () => {
    using plain = make();
    using told = make({ registration: { lambdaRange: [0, 1] } });
    const [without, with_] = [
      await seenWhile(plain, () => collect(plain)),
      await seenWhile(told, () => collect(told)),
    ];
    expect(without.every(({ conditions }) => conditions.length === 0)).toBe(true);
    expect(with_[0]!.factors).toEqual(without[0]!.factors);
  });

  test('is one more input of the hypernetwork, whose weights depend on it', () => {
    const config = parseRunConfig({ ...small, registration: { lambdaRange: [0, 1] } }, 'test');
    const description = describeNetwork(config, { ...images, channels: 2 });
    expect(description.method).toMatchObject({ hypernetwork: { factors: 1, conditions: 1 } });
    expect(description.network.flow).toEqual({ resolution: 'full', integrationSteps: 0 });
    const model = networkOf(description);
    const params = initialize(model.specs, Rng.fromSeed(1));
    const weightsAt = (lambda: number) =>
      JSON.stringify(
        model.specialize(params, setting({ factor: 0.3, conditions: [lambda] })),
        (_, value: unknown) =>
          value !== null && typeof value === 'object' && 'dataSync' in value
            ? [...(value as Tensor).dataSync()]
            : value,
      );
    expect(weightsAt(0.1)).not.toBe(weightsAt(0.9));
    expect(weightsAt(0.1)).toBe(weightsAt(0.1));
  });
});

describe('pairs', () => {
  /** Fifteen subjects with two slices each. */
  const slices: Dataset = {
    ...disks(30, [12, 12]),
    ids: Array.from({ length: 30 }, (_, i) => `s${Math.floor(i / 2)}-${i % 2}`),
    subjectOf: (id) => id.split('-')[0]!,
  };
  const partsOf = (registration: NonNullable<RunConfigInput['registration']> = {}) => {
    const { split } = examplesOf(slices, parseRunConfig({ task: 'registration', registration }, 'test'));
    const parts: Array<readonly string[]> = [split.train, split.validation, split.test];
    return parts.map((ids) => ids.map((id) => id.split(' > ') as [string, string]));
  };

  test('are made within each part of the split, of the same slice of different subjects', () => {
    const subjects = partsOf().map((pairs) => {
      for (const [moving, fixed] of pairs) {
        expect(moving.split('-')[1]).toBe(fixed.split('-')[1]);
        expect(moving.split('-')[0]).not.toBe(fixed.split('-')[0]);
      }
      return new Set(pairs.flat().map((id) => id.split('-')[0]!));
    });
    for (const [i, part] of subjects.entries())
      for (const other of subjects.slice(i + 1))
        expect([...part].filter((subject) => other.has(subject))).toEqual([]);
    // Each of n subjects to the n − 1 others, twice.
    expect(partsOf().map(({ length }) => length)).toEqual(subjects.map(({ size }) => 2 * size * (size - 1)));
  });

  test('are few where few are asked for, but all in the test set; an atlas is the only target', () => {
    const [train, , whole] = partsOf({ pairsPerImage: 1 });
    const moving = train!.map(([id]) => id);
    expect(new Set(moving).size).toBe(moving.length);
    expect(whole).toEqual(partsOf()[2]);
    for (const pairs of partsOf({ atlas: 's3' }))
      expect(new Set(pairs.map(([, fixed]) => fixed.split('-')[0]))).toEqual(new Set(['s3']));
    expect(() => partsOf({ atlas: 'nobody' })).toThrow('expected one of the subjects: s0');
  });

  test('a dataset of single images is refused', async () => {
    using trainer = make();
    const task = taskOf(parseRunConfig(small, 'test'));
    const accuracy = task.accuracy(trainer.model, trainer.params, images, images.ids, setting(0.5), 1);
    await expect(accuracy).rejects.toThrow('expected a dataset of pairs. Make one with `pairDataset`');
  });
});
