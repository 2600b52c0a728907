import {
  countParams,
  disposeParams,
  type Factor,
  initialize,
  namedParams,
  nextTask,
  type ParamsOf,
  paramTree,
  Rng,
  setting,
} from '@sshn/core';
import { augment, type BatchOptions, batches, type Dataset, type Split } from '@sshn/data';
import type { Scalable, ScalableSpecs } from '@sshn/hypernet';
import { networkOf } from '@sshn/model';
import {
  averageOf,
  createOptimizer,
  createSchedule,
  firstNonFinite,
  type Optimizer,
  type OptimizerState,
  rateAt,
  type Schedule,
  stateFrom,
  summarizeSchedule,
  type Update,
} from '@sshn/optim';
import { memory } from '@tensorflow/tfjs-core';
import { drawKnobs, knobsOfEveryStep } from '../config/knobs.js';
import { requirePatches } from '../config/patches.js';
import type { RunConfig } from '../config/run-config.js';
import { describeNetwork } from '../methods/network.js';
import { factorOf, type Prior, priorOf, sampleSetting } from '../methods/prior.js';
import { requireParts, taskOf } from '../tasks/of-config.js';
import type { Task } from '../tasks/task.js';
import type { TrainerState } from './checkpoint.js';
import type { EndEvent, EpochEvent, TrainEvent } from './events.js';
import { DivergenceError } from './events.js';
import { afterEpoch, afterStep, isBetter, type Progress, start } from './progress.js';
import { trainStep } from './step.js';
import { hasForeground, scoreOf, validate } from './validate.js';
import { warningsBefore, warningsOf } from './warnings.js';

/** What a trainer is made of. */
export interface TrainerOptions {
  readonly config: RunConfig;
  /** Already of one size (see `prepareDataset`); pairs for registration (see `examplesOf`). */
  readonly dataset: Dataset;
  readonly split: Split;
  /** Where an earlier trainer of the same configuration stopped; its tensors become this trainer's. */
  readonly state?: TrainerState;
  /** Gives what `augment(config.augmentation)` gives, elsewhere: see `augmentInThreads`. @default that, on this thread */
  readonly transform?: BatchOptions['transform'];
}

/**
 * Trains one network by one method, and tells what happens as it goes.
 *
 * The same configuration, data and seed give the same weights, bit by bit, whether or not the run was cut by a
 * checkpoint (`state`) in between: all randomness hangs on the seed, the epoch and the stored generator.
 *
 * @example
 * using trainer = new Trainer({ config: parseRunConfig({ epochs: 10 }, 'example'), dataset, split });
 * for await (const event of trainer.run()) if (event.kind === 'epoch') console.log(event.loss);
 * const weights = trainer.model.specialize(trainer.params, setting(0.25));
 *
 * *Source*: the paper, sections 4.1, 4.4 and A.1.
 */
export class Trainer {
  readonly model: Scalable;
  private readonly task: Task;
  private readonly prior: Prior;
  private readonly optimizer: Optimizer;
  private readonly schedule: Schedule;
  private readonly root: Rng;
  private readonly stepsPerEpoch: number;
  private tensors: { params: ParamsOf<ScalableSpecs>; optimizer: OptimizerState };
  private progress: Progress;
  private lastFactor: Factor = Number.NaN;
  private imagesPerSecond = Number.NaN;
  /** Of the steps of the epoch that ended last. */
  private seconds = 0;
  private waitingShare = 0;
  private hasLabels = true;
  private readonly warned = new Set<string>();

  /**
   * @throws {ValueError} if there are no training or validation images, or the options make no network.
   * @throws {ShapeError} if patches have another number of axes than the images.
   */
  constructor(private readonly options: TrainerOptions) {
    const { config, dataset, split, state } = options;
    requireParts(split, config.task);
    requirePatches(config, dataset);
    this.model = networkOf(describeNetwork(config, dataset));
    this.task = taskOf(config);
    this.prior = priorOf(config);
    this.root = Rng.fromSeed(config.seed);
    this.stepsPerEpoch = Math.ceil((split.train.length * (config.patches?.perImage ?? 1)) / config.batchSize);
    this.optimizer = createOptimizer(config.optimizer);
    this.schedule = createSchedule(config.optimizer, this.stepsPerEpoch * config.epochs);
    if (state === undefined) {
      const params = initialize(this.model.specs, this.root.split('weights'));
      this.tensors = { params, optimizer: this.optimizer.init(params) };
      this.progress = start(this.root);
    } else {
      this.tensors = {
        params: paramTree(this.model.specs, state.params),
        optimizer: stateFrom(this.optimizer, this.model.specs, state.optimizer),
      };
      this.progress = state.progress;
    }
  }

  /**
   * The weights as they are validated and stored: those of the last step or, where the configuration asks for it, their moving
   * average. The trainer's own: valid until the next step.
   */
  get params(): ParamsOf<ScalableSpecs> {
    return (averageOf(this.tensors.optimizer) as ParamsOf<ScalableSpecs> | undefined) ?? this.tensors.params;
  }

  /** What a checkpoint stores; the tensors stay the trainer's own and are valid until the next step. */
  get state(): TrainerState {
    const { params, optimizer } = this.tensors;
    return { params: namedParams(params), optimizer: namedParams(optimizer), progress: this.progress };
  }

  /**
   * Trains until the last epoch, until validation stops improving, or until `signal` aborts; may be called again to go on.
   *
   * While it waits to be asked for the next event, `state` is consistent and may be stored.
   *
   * @throws {DivergenceError} at a loss or weight that is not finite.
   */
  async *run(signal?: AbortSignal): AsyncGenerator<TrainEvent, void, void> {
    const { config } = this.options;
    const first = this.progress.epoch;
    const parameters = {
      trained: countParams(this.model.specs),
      network: countParams(this.model.network.specs),
    };
    yield {
      kind: 'start',
      epochs: config.epochs,
      stepsPerEpoch: this.stepsPerEpoch,
      firstEpoch: first,
      schedule: summarizeSchedule(this.schedule, this.stepsPerEpoch * config.epochs),
      parameters,
      ...(config.patches === undefined ? {} : { patches: config.patches }),
    };
    this.hasLabels = await hasForeground(this.options.dataset, this.options.split.validation);
    const plan = { steps: this.stepsPerEpoch * config.epochs, hasLabels: this.hasLabels };
    for (const message of warningsBefore(config, plan)) yield { kind: 'warning', message };
    const began = performance.now();
    while (this.progress.epoch < config.epochs && !this.isStalled()) {
      for await (const event of this.epoch(signal)) yield event;
      if (signal?.aborted) {
        await this.requireFinite();
        return yield this.end('interrupted');
      }
      const secondsPerEpoch = (performance.now() - began) / 1000 / (this.progress.epoch + 1 - first);
      const event = await this.endOfEpoch(secondsPerEpoch);
      for (const [kind, message] of warningsOf(config, event)) {
        if (!this.warned.has(kind)) yield { kind: 'warning', message };
        this.warned.add(kind);
      }
      yield event;
    }
    yield this.end(this.progress.epoch < config.epochs ? 'stoppedEarly' : 'finished');
  }

  /** Frees all tensors of the trainer. */
  dispose(): void {
    disposeParams(this.tensors.params);
    disposeParams(this.tensors.optimizer);
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  private async *epoch(signal?: AbortSignal): AsyncGenerator<TrainEvent, void, void> {
    const { config, dataset, split } = this.options;
    const { epoch, batch: done } = this.progress;
    const order = this.root.split('epoch').split(epoch);
    const { transform = augment(config.augmentation) } = this.options;
    const began = performance.now();
    let images = 0;
    let waited = 0;
    let asked = began; // For the next batch.
    let index = done; // Those before were taken before the checkpoint that this run goes on from.
    for await (const batch of batches(dataset, split.train, {
      batchSize: config.batchSize,
      order,
      transform,
      ...(config.patches === undefined ? {} : { patches: config.patches }),
      first: done,
    })) {
      waited += performance.now() - asked;
      index++;
      const generator = Rng.fromState(this.progress.generator);
      const layers = this.root.split('layers').split(this.progress.step);
      const draws = Math.min(config.drawsPerStep ?? 1, batch.ids.length);
      const settings = Array.from({ length: draws }, (_, i) => {
        const drawn = this.task.draw(sampleSetting(this.prior, generator), generator);
        const knobs = drawKnobs(config.knobs, generator);
        return setting({ ...drawn, ...knobs, rng: i === 0 ? layers : layers.split(i) });
      });
      const also = knobsOfEveryStep(config.knobs).map((knobs, i) =>
        setting({ ...settings[0]!, ...knobs, rng: layers.split(`also ${i}`) }),
      );
      const factor = factorOf(settings);
      this.lastFactor = factor;
      const learningRate = rateAt(this.schedule, this.progress.step);
      const next = await trainStep(this.model, this.optimizer, this.tensors, batch, settings, {
        task: this.task,
        labelCount: dataset.labelNames.length,
        stage: this.task.stage(epoch),
        clipNorm: config.optimizer.clipNorm,
        also,
        learningRate,
        step: this.progress.step,
      });
      this.replace(next);
      images += batch.ids.length;
      this.progress = afterStep(this.progress, {
        batch: index,
        loss: next.loss,
        generator: generator.state(),
      });
      const passed = performance.now() - began;
      yield {
        kind: 'step',
        epoch,
        step: index - 1,
        steps: this.stepsPerEpoch,
        factor,
        loss: next.loss,
        imagesPerSecond: (1000 * images) / passed,
        waitingShare: waited / passed,
      };
      asked = performance.now(); // What was read meanwhile is augmented now.
      await nextTask();
      if (signal?.aborted) return;
    }
    this.seconds = (performance.now() - began) / 1000;
    this.imagesPerSecond = images / this.seconds;
    this.waitingShare = waited / 1000 / this.seconds;
  }

  private async endOfEpoch(secondsPerEpoch: number): Promise<EpochEvent> {
    const { config } = this.options;
    const { epoch, lossSum, step, batch } = this.progress;
    const stage = this.task.stage(epoch);
    const learningRate = rateAt(this.schedule, step - 1);
    await this.requireFinite();
    const isValidated = (epoch + 1) % config.validation.every === 0 || epoch + 1 === config.epochs;
    const { dataset, split } = this.options;
    const validation = isValidated
      ? await validate(this.task, this.model, this.params, {
          dataset,
          ids: split.validation,
          config,
          stage,
          hasLabels: this.hasLabels,
        })
      : undefined;
    const score = validation === undefined ? Number.NaN : scoreOf(validation);
    const isBest = isBetter(this.progress, score);
    this.progress = afterEpoch(this.progress, score, isValidated && stage.isLast);
    return {
      kind: 'epoch',
      epoch,
      epochs: config.epochs,
      phase: stage.phase,
      loss: lossSum / batch,
      learningRate,
      imagesPerSecond: this.imagesPerSecond,
      seconds: this.seconds,
      waitingShare: this.waitingShare,
      secondsLeft: secondsPerEpoch * (config.epochs - epoch - 1),
      ...(validation === undefined ? {} : { validation }),
      isBest,
      memory: { tensors: memory().numTensors },
    };
  }

  /** A step may break weights without a bad loss: no checkpoint and no model is made of such. */
  private async requireFinite(): Promise<void> {
    const { params, optimizer } = this.tensors;
    const bad = (await firstNonFinite(params)) ?? (await firstNonFinite(optimizer));
    if (bad === undefined) return;
    const factor = this.lastFactor;
    const what = `${bad.path} holds ${bad.count} value(s) such as ${bad.value}`;
    throw new DivergenceError({ what, step: this.progress.step - 1, factor });
  }

  private isStalled(): boolean {
    const { patience } = this.options.config.validation;
    return patience !== null && this.progress.validationsWithoutProgress >= patience;
  }

  private replace(next: Update<ParamsOf<ScalableSpecs>>): void {
    this.dispose();
    this.tensors = { params: next.params, optimizer: next.state };
  }

  private end(reason: EndEvent['reason']): EndEvent {
    return {
      kind: 'end',
      reason,
      epoch: this.progress.epoch,
      bestDice: this.hasLabels ? (this.progress.best?.dice ?? Number.NaN) : Number.NaN,
    };
  }
}
